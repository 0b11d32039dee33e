"""The way back: the previous release goes on with a stack of this one, and this one after it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from testbed import paths
from tests.engine.conftest import NewInstall, NewStack
from tests.engine.stack import Stack, program_in

pytestmark = pytest.mark.slow

#: What release 1.0.0 makes otherwise: CHANGELOG.md names both.
ON = {"studios-server-service": "update", "studios-proxy-deployment": "update"}
#: It also writes its own form of what it has edited into the state.
BACK = {**ON, "studios-platform-as-found": "update", "studios-platform-edits": "update"}
#: The commit of release 1.0.0.
EARLIER = "e58da8f29d3c5b45e2588ec095bc11ed40288704"


@pytest.fixture
def earlier_program(tmp_path: Path) -> Path:
    """A folder with the program of release 1.0.0."""
    known = subprocess.run(["git", "cat-file", "-e", EARLIER], cwd=paths.CHECKOUT, check=False, capture_output=True)
    if known.returncode:
        pytest.skip("this checkout has no history: git fetch --unshallow brings it")
    archive, folder = tmp_path / "program.tar", tmp_path / "program"
    folder.mkdir()
    subprocess.run(["git", "archive", "--output", archive, EARLIER], cwd=paths.CHECKOUT, check=True)
    subprocess.run(["tar", "-xf", archive, "-C", folder], check=True)
    return folder


def test_the_previous_release_goes_on_with_the_stack_and_this_one_after_it(
    new_install: NewInstall, new_stack: NewStack, earlier_program: Path, tmp_path: Path
) -> None:
    install = new_install("back")
    stack = new_stack(install, drainSeconds=0)
    stack.up().ok()
    pods, before = install.pod_names("backend"), install.get("configmap", "tower-backend-cfg")["data"]
    # It runs on the testbed of this checkout: one in the project's folder would come before it on Python's path.
    program = {name: entry for name, entry in program_in(earlier_program).items() if name != "testbed"}
    back = Stack(stack.name, tmp_path / "back", stack.environment, dict(stack.config), program=program)
    back.link_program()
    back.file.write_text(stack.file.read_text())
    going_back = back.preview().changes
    back.up().ok()
    assert back.preview("--expect-no-changes").changes == {}
    going_on = stack.preview().changes
    stack.up().ok()
    assert stack.preview("--expect-no-changes").changes == {}
    # Platform has noticed nothing.
    kept = (install.pod_names("backend") == pods, install.get("configmap", "tower-backend-cfg")["data"] == before)
    assert (going_back, going_on, kept) == (BACK, ON, (True, True))
