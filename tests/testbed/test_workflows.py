"""The workflows: they are well formed, their actions can't be moved, and no job may do more than it must."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from testbed import build, paths

WORKFLOWS = sorted((paths.CHECKOUT / ".github" / "workflows").glob("*.yml"))
PINNED = re.compile(r"[a-z-]+/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
#: Whatever else a job asks for has to be added here, and so be seen.
PERMISSIONS = {
    "preview": {
        "stacks": {"contents": "read"},
        "preview": {"contents": "read", "id-token": "write"},
        "comment": {"contents": "read", "pull-requests": "write"},
    },
    "up": {"stacks": {"contents": "read"}, "up": {"contents": "read", "id-token": "write"}},
    "drift": {"stacks": {"contents": "read"}, "drift": {"contents": "read", "id-token": "write"}},
}


def _loaded(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe", pure=True).load(path.read_text())
    return loaded


def test_actionlint_finds_nothing() -> None:
    actionlint = build.ensure(build.WORKFLOWS) / "actionlint"
    command = [str(actionlint), "-no-color", *map(str, WORKFLOWS)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (finished.stdout, finished.returncode) == ("", 0)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_action_is_pinned_by_its_full_commit(path: Path) -> None:
    used = [line.split("uses:")[1].strip() for line in path.read_text().splitlines() if "uses:" in line]
    assert used
    assert [action for action in used if not PINNED.fullmatch(action)] == []


def test_each_job_has_the_least_permissions() -> None:
    found = {path.stem: _loaded(path) for path in WORKFLOWS if path.stem in PERMISSIONS}
    assert all(workflow["permissions"] == {} for workflow in found.values())
    jobs = {
        name: {job: each["permissions"] for job, each in workflow["jobs"].items()} for name, workflow in found.items()
    }
    assert jobs == PERMISSIONS


def test_no_cloud_key_is_stored() -> None:
    for path in WORKFLOWS:
        assert not re.search(r"secrets\.|aws-access-key-id|AWS_SECRET", path.read_text()), path.name


def test_a_stack_is_deployed_alone_and_behind_its_environment() -> None:
    job = _loaded(paths.CHECKOUT / ".github" / "workflows" / "up.yml")["jobs"]["up"]
    assert job["strategy"]["max-parallel"] == 1
    assert job["environment"] == "${{ matrix.stack }}"


def test_what_the_workflows_run_is_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (paths.CHECKOUT / "Makefile").read_text(), re.MULTILINE))
    for path in WORKFLOWS:
        used = set(re.findall(r"\bmake (?:--silent )?([a-z-]+)", path.read_text()))
        assert used
        assert used <= targets
