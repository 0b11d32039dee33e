"""What users of Pulumi do besides `up`: target, refresh, import, an autoscaler that counts pods, a move."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed import paths
from tests.engine.conftest import NewInstall, NewStack
from tests.engine.install import Install
from tests.engine.stack import Stack
from tests.unit.test_commands_in_documents import blocks, commands

pytestmark = pytest.mark.slow

DOCUMENT = paths.CHECKOUT / "docs" / "pulumi.md"


@pytest.fixture(scope="module")
def deployed(new_install: NewInstall, new_stack: NewStack) -> tuple[Install, Stack]:
    install = new_install("habits")
    stack = new_stack(install, drainSeconds=0)
    stack.up().ok()
    return install, stack


def urn_of(stack: Stack, name: str) -> str:
    (urn,) = (each for each in stack.urns() if each.endswith(f"::{name}"))
    return urn


@pytest.fixture
def other(deployed: tuple[Install, Stack], tmp_path: Path) -> Iterator[Stack]:
    """A second stack with the same settings, which holds nothing yet."""
    _, stack = deployed
    other = Stack(f"{stack.name}-moved", tmp_path / "other", stack.environment, dict(stack.config)).create()
    yield other
    other.destroy()
    other.remove()


def replicas(install: Install) -> int:
    count: int = install.get("deployment", "connect-proxy")["spec"]["replicas"]
    return count


# The tests of this file are steps of one life, in this order.


def test_an_update_of_one_resource_leaves_the_others_for_the_next(deployed: tuple[Install, Stack]) -> None:
    install, stack = deployed
    stack.set(cacheTtl="7m").up("--target", urn_of(stack, "studios-configuration-proxy")).ok()
    assert install.get("configmap", "connect-proxy")["data"]["LOCAL_CACHE_TTL"] == "7m"
    assert stack.preview().changes == {"studios-proxy-deployment": "update"}
    stack.up().ok()
    assert stack.preview("--expect-no-changes").changes == {}


def test_a_refresh_finds_nothing_after_an_update(deployed: tuple[Install, Stack]) -> None:
    _, stack = deployed
    stack.refresh("--expect-no-changes").ok()
    assert stack.preview("--expect-no-changes").changes == {}


def test_what_the_state_has_lost_is_imported_again(deployed: tuple[Install, Stack]) -> None:
    install, stack = deployed
    name = "studios-proxy-disruption-budget"
    lost, parent, provider = (urn_of(stack, each) for each in (name, "studios-proxy", "cluster"))
    stack.pulumi("state", "delete", "--yes", "--force", "--stack", stack.name, lost).ok()
    assert stack.preview().changes == {name: "create"}
    (block,) = (each for each in blocks(DOCUMENT, "") if "pulumi import" in each)
    _, command = commands(block)
    words = [
        word.replace("urn:pulumi:production::", f"urn:pulumi:{stack.name}::").replace(
            "platform-stage/", f"{install.namespace}/"
        )
        for word in command
    ]
    assert {f"parent={parent}", f"cluster={provider}"} < set(words)
    stack.pulumi(*words[1:], "--yes", "--stack", stack.name).ok()
    assert stack.preview("--expect-no-changes").changes == {}


def test_an_update_leaves_the_number_of_pods_that_an_autoscaler_has_chosen(deployed: tuple[Install, Stack]) -> None:
    install, stack = deployed
    # As an autoscaler does, by the Deployment's scale.
    install.kubectl("scale", "deployment", "connect-proxy", "--replicas=4")
    stack.set(proxyReplicas="auto").up().ok()
    assert replicas(install) == 4
    install.kubectl("scale", "deployment", "connect-proxy", "--replicas=3")
    assert stack.preview("--expect-no-changes").changes == {}
    stack.set(cacheTtl="8m").up().ok()
    assert replicas(install) == 3
    assert stack.preview("--refresh").changes == {}


def test_a_number_of_pods_is_taken_back_from_the_autoscaler_by_force(deployed: tuple[Install, Stack]) -> None:
    install, stack = deployed
    refused = stack.set(proxyReplicas=2).up("--refresh")
    assert refused.code != 0
    assert ".spec.replicas" in refused.text
    calm = stack.environment
    stack.environment = {**calm, "PULUMI_K8S_ENABLE_PATCH_FORCE": "true"}
    stack.up("--refresh").ok()
    assert replicas(install) == 2
    # The state may still hold this very number: only a refresh sees that the cluster has another.
    stack.set(proxyReplicas="auto").up().ok()
    install.kubectl("scale", "deployment", "connect-proxy", "--replicas=4")
    assert stack.set(proxyReplicas=2).preview().changes == {}
    stack.up("--refresh").ok()
    assert replicas(install) == 2
    stack.environment = calm
    assert stack.preview("--expect-no-changes").changes == {}


def test_a_stack_moves_into_another_once_its_objects_are_labelled_for_that(
    deployed: tuple[Install, Stack], other: Stack
) -> None:
    install, stack = deployed
    words = ("--source", stack.name, "--dest", other.name, "--yes", "--include-parents")
    stack.pulumi("state", "move", *words, urn_of(stack, "studios")).ok()
    refused = other.preview_text()
    assert refused.code != 0
    commands = re.findall(r"`(kubectl label [^`]*)`", " ".join(refused.text.split()))
    assert commands, refused.text
    for command in commands:
        install.kubectl(*shlex.split(command)[1:])
    other.up().ok()
    assert other.preview("--expect-no-changes").changes == {}
    key = "TOWER_DATA_STUDIO_CONNECT_URL"
    assert install.get("configmap", "tower-backend-cfg")["data"][key] == f"https://connect.{install.host}"
    other.destroy().ok()
    assert key not in install.get("configmap", "tower-backend-cfg")["data"]
