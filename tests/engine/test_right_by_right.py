"""A user who has no right at all, and gets each that an error names: in the end these are the documented ones.

So every right of docs/rbac.yml is needed by some command, that command says so without it, and none is missing there.
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

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
            self.deployer.allow(
                [{"apiGroups": [g], "resources": [r], "verbs": [v]} for g, r, v in sorted(self.granted)]
            )


@pytest.fixture(scope="module")
def learner(
    new_install: NewInstall, new_stack: NewStack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Learner]:
    install = new_install("learner")
    deployer = Deployer(install.namespace, tmp_path_factory.mktemp("learner") / "kubeconfig")
    server = json.loads(paths.KUBECONFIG.read_text())["clusters"][0]["cluster"]["server"]
    trusted = ssl.create_default_context(cafile=str(paths.PKI / "ca.crt"))
    with relay(server, trusted) as passing:
        deployer.create(passing.url)
        deployer.allow([])
        stack = new_stack(install, variables={"KUBECONFIG": str(deployer.kubeconfig)}, drainSeconds=0)
        yield Learner(install, stack, deployer)
        deployer.allow(documented()[0]["rules"])
        stack.destroy().ok()
    deployer.remove()


def test_preview_up_refresh_and_destroy_name_each_right_that_they_lack_and_these_are_the_documented_ones(
    learner: Learner,
) -> None:
    install, stack = learner.install, learner.stack
    before = install.objects()
    learner.until_done(stack.preview_text)
    learner.until_done(stack.up)
    learner.until_done(stack.refresh)

    # Something new in an object of every kind.
    stack.set(logLevel="DEBUG", proxyPort=8082, idleTimeout=400, tokenRotation="1")
    learner.until_done(stack.up)
    for change in (
        ["patch", "poddisruptionbudget", "connect-server", "--type=merge", '--patch={"spec": {"maxUnavailable": 2}}'],
    ):
        install.kubectl(*change)
    learner.until_done(lambda: stack.up("--refresh"))
    learner.until_done(stack.destroy)
    assert install.objects() == before

    never_asked = {
        (group, resource, verb)
        for group, resource, verb in documented_rights() - TO_EXPLAIN
        if verb != "watch" and resource not in OF_THE_OFFICIAL_PROVIDER
    } - learner.granted
    assert learner.granted <= documented_rights()
    assert never_asked == set()
