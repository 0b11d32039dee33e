"""A user who may get objects and do nothing else, and is given what an error names: these are the documented rights.

So every right of docs/rbac.yml is needed by some command, that command says so without it, and none is missing there.
tests/engine/test_least_rights.py does the same for each right to get objects.
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from testbed import paths
from testbed.faults import relay
from tests.engine.conftest import NewInstall, NewStack
from tests.engine.deployer import Deployer, documented
from tests.engine.install import Install
from tests.engine.stack import Finished, Stack

pytestmark = pytest.mark.slow

Right = tuple[str, str, str]
"""Group, resource and verb."""

REFUSED = re.compile(r'cannot (?P<verb>\w+) resource "(?P<resource>[\w./]+)" in API group "(?P<group>[^"]*)"')
#: Without these, an error says less of what stands in the way; it is there either way.
TO_EXPLAIN = {("", "pods", "list"), ("", "events", "list")}
#: What the official provider lists and watches while it waits, and the testbed's stand-in for it doesn't.
OF_THE_OFFICIAL_PROVIDER = {"endpoints", "persistentvolumeclaims", "replicasets", "controllerrevisions"}
#: What it lists, as the start of a watch, and no other client does.
LISTED_BY_THE_OFFICIAL_PROVIDER = {
    ("networking.k8s.io", "networkpolicies"),
    ("policy", "poddisruptionbudgets"),
}


def documented_rights() -> set[Right]:
    """Every right of the documented Role."""
    return {
        (group, resource, verb)
        for rule in documented()[0]["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


@dataclass
class Learner:
    """The user, and the rights that errors have named so far."""

    install: Install
    stack: Stack
    deployer: Deployer
    granted: set[Right] = field(default_factory=set)

    def allow(self) -> None:
        """Lets the user do what it has been granted, and nothing else."""
        self.deployer.allow([{"apiGroups": [g], "resources": [r], "verbs": [v]} for g, r, v in sorted(self.granted)])

    def until_done(self, command: Callable[[], Finished]) -> None:
        """Runs a command until it succeeds, granting what it was refused."""
        idle = 0
        while (finished := command()).code:
            assert "Traceback" not in finished.text
            named = {
                (match["group"], match["resource"], match["verb"])
                for match in REFUSED.finditer(" ".join(finished.text.split()))
            }
            # The API server takes note of a Role a moment after it was written.
            idle = 0 if named - self.granted else idle + 1
            assert named, f"no right is named:\n{finished.text}"
            assert idle < 3, f"{named} don't help:\n{finished.text}"
            self.granted |= named
            self.allow()


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
        yield Learner(install, stack, deployer, {right for right in documented_rights() if right[2] == "get"})
        deployer.allow(documented()[0]["rules"])
        stack.destroy().ok()
    deployer.remove()


def test_up_and_destroy_name_each_right_that_they_lack_and_these_are_the_documented_ones(learner: Learner) -> None:
    install, stack = learner.install, learner.stack
    # Values of the owner's that are replaced, and come back on destroy.
    _patch(install, "configmap/tower-backend-cfg", {"data": {"TOWER_DATA_EXPLORER_ENABLED": "false"}})
    container = {"name": "backend", "env": [{"name": "TOWER_OIDC_PEM_PATH", "value": "/elsewhere"}]}
    _patch(install, "deployment/cron", {"spec": {"template": {"spec": {"containers": [container]}}}})
    before = install.objects()
    learner.allow()
    learner.until_done(stack.up)

    # Something new in an object of every kind.
    stack.set(logLevel="DEBUG", proxyPort=8082, idleTimeout=400, tokenRotation="1")
    learner.until_done(stack.up)
    _patch(install, "poddisruptionbudget/connect-server", {"spec": {"maxUnavailable": 2}}, "--type=merge")
    learner.until_done(lambda: stack.up("--refresh"))
    learner.until_done(stack.destroy)
    assert install.objects() == before

    never_asked = {
        (group, resource, verb)
        for group, resource, verb in documented_rights() - TO_EXPLAIN
        if verb != "watch" and resource not in OF_THE_OFFICIAL_PROVIDER
    } - learner.granted
    assert learner.granted <= documented_rights()
    assert never_asked == {(group, resource, "list") for group, resource in LISTED_BY_THE_OFFICIAL_PROVIDER}


def _patch(install: Install, target: str, patch: dict[str, Any], *words: str) -> None:
    install.kubectl("patch", target, "--patch", json.dumps(patch), *words)
