"""What users of Pulumi do besides `up`: target, refresh, import, move, an autoscaler, and an earlier program."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed import paths
from tests.engine.conftest import NewInstall, NewStack
from tests.engine.install import Install
from tests.engine.stack import Stack, program_in

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def deployed(new_install: NewInstall, new_stack: NewStack) -> tuple[Install, Stack]:
    install = new_install("habits")
    stack = new_stack(install, drainSeconds=0)
    stack.up().ok()
    return install, stack


#: What release 1.0.0 makes otherwise: the server's Service, and how the proxy is drained by a destroy.
BACK = {"studios-server-service": "update", "studios-proxy-deployment": "update"}
#: The commit of release 1.0.0.
EARLIER = "e58da8f29d3c5b45e2588ec095bc11ed40288704"


@pytest.fixture
def earlier_program(tmp_path: Path) -> Path:
    """A folder with the program of release 1.0.0."""
    known = subprocess.run(["git", "cat-file", "-e", EARLIER], cwd=paths.CHECKOUT, check=False, capture_output=True)
    if known.returncode:
        pytest.skip("this checkout has no history")
    archive, folder = tmp_path / "program.tar", tmp_path / "program"
    folder.mkdir()
    subprocess.run(["git", "archive", "--output", archive, EARLIER], cwd=paths.CHECKOUT, check=True)
    subprocess.run(["tar", "-xf", archive, "-C", folder], check=True)
    return folder


@pytest.fixture
def other(deployed: tuple[Install, Stack], tmp_path: Path) -> Iterator[Stack]:
    """A second stack with the same settings, which holds nothing yet."""
    _, stack = deployed
    other = Stack(f"{stack.name}-moved", tmp_path / "other", stack.environment, dict(stack.config)).create()
    yield other
    other.destroy()
    other.remove()


def urn_of(stack: Stack, name: str) -> str:
    (urn,) = (each for each in stack.urns() if each.endswith(f"::{name}"))
    return urn


def replicas(install: Install) -> int:
    count: int = install.get("deployment", "connect-proxy")["spec"]["replicas"]
    return count


# The tests of this file are steps of one life, in this order.


def test_an_update_of_one_resource_leaves_the_others_for_the_next(deployed: tuple[Install, Stack]) -> None:
    install, stack = deployed
    (urn,) = (each for each in stack.urns() if each.endswith("::studios-configuration-proxy"))
    stack.set(cacheTtl="7m").up("--target", urn).ok()
    assert install.get("configmap", "connect-proxy")["data"]["LOCAL_CACHE_TTL"] == "7m"
    assert stack.preview().changes == {"studios-proxy-deployment": "update"}
    stack.up().ok()
    assert stack.preview("--expect-no-changes").changes == {}


def test_a_refresh_finds_nothing_after_an_update(deployed: tuple[Install, Stack]) -> None:
    _, stack = deployed
    stack.refresh("--expect-no-changes").ok()
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


def test_what_the_state_has_lost_is_imported_again(deployed: tuple[Install, Stack]) -> None:
    install, stack = deployed
    lost, parent = urn_of(stack, "studios-configuration-proxy"), urn_of(stack, "studios-configuration")
    provider = urn_of(stack, "cluster")
    stack.pulumi("state", "delete", "--yes", "--force", "--stack", stack.name, lost).ok()
    refused = stack.preview_text()
    assert refused.code == 0, refused.text
    named = ("--parent", f"parent={parent}", "--provider", f"cluster={provider}", "--protect=false")
    what = ("kubernetes:core/v1:ConfigMap", "studios-configuration-proxy", f"{install.namespace}/connect-proxy")
    stack.pulumi("import", "--yes", "--generate-code=false", "--stack", stack.name, *named, *what).ok()
    assert stack.preview("--expect-no-changes").changes == {}


def test_the_earlier_program_goes_on_with_the_stack_and_this_one_after_it(
    deployed: tuple[Install, Stack], earlier_program: Path, tmp_path: Path
) -> None:
    _, stack = deployed
    stack.set(proxyReplicas=2).up().ok()
    back = Stack(
        stack.name, tmp_path / "back", stack.environment, dict(stack.config), program=program_in(earlier_program)
    )
    back.link_program()
    back.file.write_text(stack.file.read_text())
    assert back.preview().changes == BACK
    back.up().ok()
    assert back.preview("--expect-no-changes").changes == {}
    assert stack.preview().changes == BACK
    stack.up().ok()
    assert stack.preview("--expect-no-changes").changes == {}


def test_a_stack_moves_into_another_one_once_its_objects_are_labelled_for_that(
    deployed: tuple[Install, Stack], other: Stack
) -> None:
    install, stack = deployed
    words = ("--source", stack.name, "--dest", other.name, "--yes", "--include-parents")
    stack.pulumi("state", "move", *words, urn_of(stack, "studios")).ok()
    refused = other.preview_text()
    assert refused.code != 0
    commands = re.findall(r"`(kubectl label [^`]*)`", " ".join(refused.text.split()))
    assert commands
    for command in commands:
        install.kubectl(*shlex.split(command)[1:])
    other.up().ok()
    assert other.preview("--expect-no-changes").changes == {}
    data = install.get("configmap", "tower-backend-cfg")["data"]
    assert data["TOWER_DATA_STUDIO_CONNECT_URL"] == f"https://connect.{install.host}"
    other.destroy().ok()
    assert "TOWER_DATA_STUDIO_CONNECT_URL" not in install.get("configmap", "tower-backend-cfg")["data"]
