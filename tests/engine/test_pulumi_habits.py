"""What users of Pulumi do besides `up`: target, refresh, import, an autoscaler that counts pods, a rename, a move."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from testbed import paths
from tests.engine.conftest import NewInstall, NewStack
from tests.engine.install import Install
from tests.engine.stack import Stack
from tests.unit.test_commands_in_documents import blocks, commands

pytestmark = pytest.mark.slow

DOCUMENT = paths.CHECKOUT / "docs" / "pulumi.md"
URL = "TOWER_DATA_STUDIO_CONNECT_URL"


@pytest.fixture(scope="module")
def deployed(new_install: NewInstall, new_stack: NewStack) -> tuple[Install, Stack]:
    install = new_install("habits")
    stack = new_stack(install, drainSeconds=0)
    stack.up().ok()
    return install, stack


def urn_of(stack: Stack, name: str) -> str:
    (urn,) = (each for each in stack.urns() if each.endswith(f"::{name}"))
    return urn


def printed(words: str, install: Install, stack: Stack) -> Iterator[list[str]]:
    """The commands of the document's block with these words, for this stack in the place of `production`."""
    (block,) = (each for each in blocks(DOCUMENT, "") if words in each)
    for command in commands(block):
        yield [
            re.sub(r"\bproduction\b", stack.name, word).replace("platform-stage", install.namespace) for word in command
        ]


def labelling(refused: str) -> list[str]:
    """The command that a refused preview names, for the objects of a stack that had another name."""
    (found,) = commands("\n".join(re.findall(r"`(kubectl label [^`]*)`", " ".join(refused.split()))))
    return found


def label_and_update(install: Install, stack: Stack, preview: list[str], label: list[str], update: list[str]) -> None:
    """Goes on under another name: the preview is refused with the document's command, which the update needs."""
    assert (preview[1:], update[1:]) == (["preview", "--stack", stack.name], ["up", "--stack", stack.name])
    refused = stack.preview_text()
    assert refused.code != 0
    assert labelling(refused.text) == label
    install.kubectl(*label[1:])
    stack.up().ok()


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
    _, words = printed("pulumi import", install, stack)
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


def test_what_others_depend_on_is_destroyed_with_these_only_and_the_next_update_makes_it_again(
    deployed: tuple[Install, Stack],
) -> None:
    install, stack = deployed
    urn = urn_of(stack, "studios-configuration-proxy")
    held = stack.urns()
    refused = stack.destroy("--target", urn)
    assert refused.code != 0
    assert "--target-dependents" in refused.text
    assert stack.urns() == held
    stack.destroy("--target", urn, "--target-dependents").ok()
    gone = {each.rpartition("::")[2] for each in set(held) - set(stack.urns())}
    assert gone == {"studios-configuration-proxy", "studios-proxy-deployment"}
    stack.up().ok()
    assert (install.get("deployment", "connect-proxy")["status"]["readyReplicas"], stack.urns()) == (2, held)
    assert stack.preview("--expect-no-changes").changes == {}


def test_the_fields_of_platform_are_restored_where_their_record_is_destroyed_until_the_next_update(
    deployed: tuple[Install, Stack],
) -> None:
    install, stack = deployed
    before = install.get("configmap", "tower-backend-cfg")["data"]
    stack.destroy("--target", urn_of(stack, "studios-platform-as-found"), "--target-dependents").ok()
    assert URL in before
    assert URL not in install.get("configmap", "tower-backend-cfg")["data"]
    stack.up().ok()
    assert install.get("configmap", "tower-backend-cfg")["data"] == before
    assert stack.preview("--expect-no-changes").changes == {}


def test_a_renamed_stack_goes_on_once_its_objects_are_labelled_for_the_new_name(
    deployed: tuple[Install, Stack],
) -> None:
    install, stack = deployed
    rename, preview, label, update = printed("pulumi stack rename", install, stack)
    stack.pulumi(*rename[1:]).ok()
    stack.name = f"{stack.name}-2"
    label_and_update(install, stack, preview, label, update)
    assert stack.preview("--expect-no-changes").changes == {}
    assert install.get("configmap", "tower-backend-cfg")["data"][URL] == f"https://connect.{install.host}"


def test_a_stack_moves_into_another_once_its_objects_are_labelled_for_that(deployed: tuple[Install, Stack]) -> None:
    install, stack = deployed
    create, move, preview, label, update, remove = printed("pulumi state move", install, stack)
    assert urn_of(stack, "studios") in move
    held = {each.rpartition("::")[2] for each in stack.urns()}
    stack.pulumi(*create[1:]).ok()
    stack.pulumi(*move[1:], "--yes").ok()
    name, stack.name = stack.name, f"{stack.name}-3"
    label_and_update(install, stack, preview, label, update)
    assert {each.rpartition("::")[2].replace(stack.name, name) for each in stack.urns()} == held
    assert stack.preview("--expect-no-changes").changes == {}
    stack.pulumi(*remove[1:], "--yes").ok()
    assert f'"{name}"' not in stack.pulumi("stack", "ls", "--json").ok().stdout
    # The stack that is left took nothing of the moved one with it.
    assert stack.preview("--refresh").changes == {}
    assert install.get("configmap", "tower-backend-cfg")["data"][URL] == f"https://connect.{install.host}"
    stack.destroy().ok()
    assert URL not in install.get("configmap", "tower-backend-cfg")["data"]
