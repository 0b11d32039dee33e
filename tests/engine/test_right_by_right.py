"""A user who may do nothing, and is given what messages name: these are the documented rights, and each is used.

Then one right is taken away at a time, on a stack that runs: a preview, or an update, says so before it waits for
anything. With the official Kubernetes provider it would wait without end.
"""

from __future__ import annotations

import json
import re
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from testbed import paths
from testbed.faults import Relay, relay
from tests.engine.conftest import NewInstall, NewStack
from tests.engine.deployer import DONE_WITHOUT, Deployer, documented
from tests.engine.install import Install
from tests.engine.stack import Finished, Stack

Right = tuple[str, str, str]
"""Group, resource and verb."""

READS = ("get", "list", "watch")
#: Less than any wait for a resource takes, and far more than a refusal does on a busy machine.
SECONDS = 120
NAMED = re.compile(
    r"does not let you, in namespace [\w-]+, (?P<rights>[^:]+?)(?:, which (?:preview|up)|, without which|: up would)"
)
REQUEST = re.compile(
    r"/(?:api|apis/(?P<group>[^/]+))/v\d\w*/namespaces/(?P<ns>[^/]+)(/(?P<kind>\w+)(/(?P<name>[^/?]+))?)?"
)
VERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
#: Without these something is not checked, and nothing is refused.
OPTIONAL = {("", "pods", "create"), ("", "resourcequotas", "list")}
#: What is read where something doesn't become ready.
TO_EXPLAIN = {("", "events", "list")}


def documented_rights() -> set[Right]:
    """Every right of the documented Role, but for those of a ServiceMonitor, which this stack has none of."""
    return {
        (group, resource, verb)
        for rule in documented()[0]["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        if resource != "servicemonitors"
    }


def named(finished: Finished) -> list[set[Right]]:
    """The rights that each message of a run says are missing; `up` prints each when it is raised and at its end."""
    found: list[set[Right]] = []
    for match in NAMED.finditer(" ".join(finished.text.split())):
        rights = set()
        for each in match["rights"].split("; "):
            *verbs, resource = each.replace(",", "").split()
            name, _, group = resource.partition(".")
            rights |= {(group, name, verb) for verb in verbs}
        if rights not in found:
            found.append(rights)
    return found


def made(requests: list[Any]) -> set[Right]:
    """The rights that requests have used."""
    used = set()
    for request in requests:
        if match := REQUEST.match(request.path):
            verb = VERBS[request.method]
            if verb == "get" and match["kind"] and not match["name"]:
                verb = "watch" if "watch=" in request.path else "list"
            used.add((match["group"] or "", match["kind"] or "namespaces", verb))
    return used


@dataclass
class Learner:
    """The user, and what they ask of the API server."""

    install: Install
    stack: Stack
    deployer: Deployer
    relay: Relay

    def allow(self, rights: set[Right]) -> None:
        """Lets the user do this, and nothing else."""
        self.deployer.allow([{"apiGroups": [g], "resources": [r], "verbs": [v]} for g, r, v in sorted(rights)])
        time.sleep(1)  # The API server takes note of a Role a moment after it was written.


@pytest.fixture(scope="module")
def learner(
    new_install: NewInstall, new_stack: NewStack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Learner]:
    install = new_install("learner")
    deployer = Deployer(install.namespace, tmp_path_factory.mktemp("learner") / "kubeconfig")
    server = json.loads(paths.KUBECONFIG.read_text())["clusters"][0]["cluster"]["server"]
    trusted = ssl.create_default_context(cafile=str(paths.PKI / "ca.crt"))
    with relay(server, trusted) as passing:
        deployer.create(passing.url, str(paths.PKI / "ca.crt"))
        stack = new_stack(
            install,
            variables={"KUBECONFIG": str(deployer.kubeconfig)},
            drainSeconds=0,
            takeOver=["ConfigMap/tower-backend-cfg", "Deployment/cron"],
        )
        yield Learner(install, stack, deployer, passing)
        deployer.allow(documented()[0]["rules"])
        stack.destroy().ok()
    deployer.remove()


def test_who_has_no_right_is_told_all_reads_then_all_writes_and_with_these_all_works(learner: Learner) -> None:
    install, stack, deployer = learner.install, learner.stack, learner.deployer
    before = install.objects()
    learner.allow(set())
    (reads,) = named(stack.preview_text())
    assert reads == {right for right in documented_rights() if right[2] in READS} - OPTIONAL

    learner.allow(reads)
    preview = stack.preview_text().ok()
    (writes,) = named(preview)
    assert writes == documented_rights() - reads - OPTIONAL
    refused = stack.up()
    assert refused.code != 0
    assert named(refused) == [writes], refused.text
    assert install.objects() == before

    learner.allow(reads | writes)
    stack.up().ok()
    deployer.allow(documented()[0]["rules"])


@pytest.mark.slow
def test_each_documented_right_is_used_and_no_other(learner: Learner) -> None:
    install, stack = learner.install, learner.stack
    stack.destroy().ok()
    # Values of the owner's that are replaced, and come back on destroy.
    _patch(install, "configmap/tower-backend-cfg", {"data": {"TOWER_DATA_EXPLORER_ENABLED": "false"}})
    container = {"name": "backend", "env": [{"name": "TOWER_OIDC_PEM_PATH", "value": "/elsewhere"}]}
    _patch(install, "deployment/cron", {"spec": {"template": {"spec": {"containers": [container]}}}})
    before = install.objects()
    learner.relay.requests.clear()
    stack.up().ok()
    # Something new in an object of every kind.
    stack.set(logLevel="DEBUG", proxyPort=8082, idleTimeout=400, tokenRotation="1").up().ok()
    _patch(install, "poddisruptionbudget/connect-server", {"spec": {"maxUnavailable": 2}}, "--type=merge")
    stack.up("--refresh").ok()
    stack.destroy().ok()
    assert install.objects() == before
    used = made(learner.relay.requests)
    assert used - DONE_WITHOUT <= documented_rights()
    # An apply that makes an object is a PATCH, for which the API server wants the right to create.
    assert {right for right in documented_rights() - used - TO_EXPLAIN if right[2] != "create"} == set()
    stack.up().ok()


SAMPLE = {("", "pods", "list")}
"""What the ordinary suite tries; `make test-all` tries each."""


@pytest.mark.parametrize(
    "right",
    [
        right if right in SAMPLE else pytest.param(right, marks=pytest.mark.slow)
        for right in sorted(documented_rights() - OPTIONAL)
    ],
    ids="-".join,
)
def test_a_right_that_is_missing_is_named_before_anything_is_waited_for(learner: Learner, right: Right) -> None:
    stack = learner.stack
    learner.allow(documented_rights() - {right})
    before = learner.install.objects()
    started = time.monotonic()
    refused = stack.preview_text() if right[2] in READS else stack.up()
    assert refused.code != 0
    assert "Traceback" not in refused.text
    assert named(refused) == [{right}], refused.text
    assert learner.install.objects() == before
    assert time.monotonic() - started < SECONDS
    if right[2] not in READS:
        assert named(stack.preview_text().ok()) == [{right}]


def test_a_destroy_without_a_right_that_it_needs_is_refused_and_changes_nothing(learner: Learner) -> None:
    stack, before = learner.stack, learner.install.objects()
    missing = {("policy", "poddisruptionbudgets", "list"), ("apps", "statefulsets", "delete")}
    learner.allow(documented_rights() - missing)
    started = time.monotonic()
    refused = _make_destroy(stack)
    assert refused.code == 1
    assert time.monotonic() - started < SECONDS
    assert named(refused) == [missing], refused.text
    assert learner.install.objects() == before

    # What only an up needs is not asked for.
    learner.allow({right for right in documented_rights() if right[2] != "create"} - OPTIONAL)
    assert "What the destroy restores in Platform" in _make_destroy(stack).ok().text


def _make_destroy(stack: Stack) -> Finished:
    """What `make destroy` runs; without a terminal it destroys nothing."""
    return stack.pipeline("destroy")


def _patch(install: Install, target: str, patch: dict[str, Any], *words: str) -> None:
    install.kubectl("patch", target, "--patch", json.dumps(patch), *words)
