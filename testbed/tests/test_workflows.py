"""The workflows: they are well formed, their actions can't be moved, and no job may do more than it must."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from testbed import build, paths, targets

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
    "test": {"test": {"contents": "read"}},
}
#: The workflows that work on stacks, with Pulumi and credentials.
ON_STACKS = [path for path in WORKFLOWS if path.stem != "test"]


def _loaded(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe", pure=True).load(path.read_text())
    return loaded


def test_actionlint_finds_nothing() -> None:
    actionlint = build.ensure(targets.WORKFLOWS) / "actionlint"
    command = [str(actionlint), "-no-color", *map(str, WORKFLOWS)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (finished.stdout, finished.returncode) == ("", 0)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_action_is_pinned_by_its_full_commit(path: Path) -> None:
    used = [line.split("uses:")[1].strip() for line in path.read_text().splitlines() if "uses:" in line]
    assert used
    assert [action for action in used if not PINNED.fullmatch(action)] == []


def test_each_job_has_the_least_permissions() -> None:
    found = {path.stem: _loaded(path) for path in WORKFLOWS}
    assert all(workflow["permissions"] == {} for workflow in found.values())
    jobs = {
        name: {job: each["permissions"] for job, each in workflow["jobs"].items()} for name, workflow in found.items()
    }
    assert jobs == PERMISSIONS


def test_no_cloud_key_is_stored() -> None:
    for path in WORKFLOWS:
        assert not re.search(r"secrets\.|aws-access-key-id|AWS_SECRET", path.read_text()), path.name


def _jobs(name: str) -> dict[str, Any]:
    jobs: dict[str, Any] = _loaded(paths.CHECKOUT / ".github" / "workflows" / f"{name}.yml")["jobs"]
    return jobs


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_nothing_that_somebody_else_names_is_put_into_a_script(path: Path) -> None:
    scripts = [step["run"] for job in _loaded(path)["jobs"].values() for step in job["steps"] if "run" in step]
    assert scripts
    assert [script for script in scripts if "${{" in script] == []


def test_a_pull_request_of_a_fork_starts_no_job() -> None:
    jobs = _jobs("preview")
    assert _loaded(paths.CHECKOUT / ".github" / "workflows" / "preview.yml")["on"] == "pull_request"
    assert jobs["stacks"]["if"] == "github.event.pull_request.head.repo.full_name == github.repository"
    # What needs a job that was left out is left out too, but for this one, which also comments on a failure.
    assert jobs["preview"]["needs"] == "stacks"
    assert "needs.stacks.result == 'success'" in jobs["comment"]["if"]


def test_two_deployments_never_run_at_once_and_none_is_cut_short() -> None:
    workflow = _loaded(paths.CHECKOUT / ".github" / "workflows" / "up.yml")
    assert workflow["concurrency"] == {"group": "up", "cancel-in-progress": False}
    assert workflow["jobs"]["stacks"]["if"] == "github.ref == 'refs/heads/main'"


def test_the_token_for_comments_is_given_to_the_command_alone() -> None:
    given = [path.name for path in WORKFLOWS if "github.token" in path.read_text()]
    assert given == ["preview.yml"]
    (*others, command) = _jobs("preview")["comment"]["steps"]
    assert command == {
        "run": 'make comment STACK="$STACK" REPORT=report.md',
        "env": {"GITHUB_TOKEN": "${{ github.token }}"},
    }
    assert "github.token" not in str(others)


def test_no_workflow_is_left_out_of_the_table_of_permissions() -> None:
    assert sorted(PERMISSIONS) == sorted(path.stem for path in WORKFLOWS)


def test_a_pull_request_is_tested_as_everywhere_with_nothing_left_out() -> None:
    (*others, tested) = _jobs("test")["test"]["steps"]
    assert tested == {"run": "sudo bash .ci/run"}
    assert [step for step in others if "run" in step] == []


def test_the_tests_of_a_pull_request_have_no_credentials() -> None:
    text = (paths.CHECKOUT / ".github" / "workflows" / "test.yml").read_text()
    assert not re.search(r"id-token|role-to-assume|github\.token", text)


@pytest.mark.parametrize("path", ON_STACKS, ids=lambda path: path.stem)
def test_the_engine_is_the_release_that_is_tested(path: Path) -> None:
    used = re.findall(r"pulumi-version: (\S+)", path.read_text())
    assert used == [targets.PULUMI_VERSION]


def test_a_stack_is_deployed_alone_and_behind_its_environment() -> None:
    job = _jobs("up")["up"]
    assert job["strategy"]["max-parallel"] == 1
    assert job["environment"] == "${{ matrix.stack }}"


def test_what_the_workflows_run_is_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (paths.CHECKOUT / "Makefile").read_text(), re.MULTILINE))
    for path in (*ON_STACKS, paths.CHECKOUT / ".ci" / "run"):
        used = set(re.findall(r"\bmake (?:--[a-z-]+ )?([a-z-]+)", path.read_text()))
        assert used
        assert used <= targets
