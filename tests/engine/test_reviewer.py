"""What a reviewer sees of a change: in a terminal, in a pull request's comment, and of drift; short, and in words."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from testbed import paths
from testbed.lifecycle import EKS_CLUSTER
from tests.engine.conftest import NewInstall, NewStack
from tests.engine.install import Install
from tests.engine.stack import Finished, Stack

VARIABLE = "TOWER_DATA_STUDIO_ALLOWED_WORKSPACES"
RESTARTS = "cron, then backend restart"
URL = "TOWER_DATA_STUDIO_CONNECT_URL"
LINES = 25
"""So many a reviewer takes in at a glance; it was 168 to 266."""


class Reviewed:
    """A stack, and what the workflows run on it."""

    def __init__(self, install: Install, stack: Stack) -> None:
        self.install, self.stack = install, stack
        for name in ("Makefile", "pipeline"):
            (stack.folder / name).symlink_to(paths.CHECKOUT / name)

    def make(self, *words: str) -> Finished:
        command = ["make", "--silent", *words, f"STACK={self.stack.name}"]
        environment = {**os.environ, **self.stack.environment}
        finished = subprocess.run(
            command, cwd=self.stack.folder, env=environment, capture_output=True, text=True, check=False, timeout=300
        )
        return Finished(command, finished.returncode, finished.stdout, finished.stderr)


@pytest.fixture(scope="module")
def reviewed(new_install: NewInstall, new_stack: NewStack) -> Reviewed:
    install = new_install("reviewed")
    # By its EKS cluster: then the resources have the whole kubeconfig among their inputs.
    stack = new_stack(install, allowedWorkspaces="all", eksCluster=EKS_CLUSTER)
    stack.up().ok()
    return Reviewed(install, stack)


# The tests of this file are steps of one life, in this order.


def test_a_plain_preview_and_the_comment_say_what_changes_in_tower_yml_and_which_pods_restart(
    reviewed: Reviewed,
) -> None:
    stack = reviewed.stack.set(allowedWorkspaces="none")
    said = f"tower.yml: allowed-workspaces null → []; {RESTARTS}"
    plain = stack.pulumi("preview", "--stack", stack.name).ok()
    assert plain.text.count(f"    {said}\n") == 1
    reviewed.make("preview", "REPORT=report.md").ok()
    assert (stack.folder / "report.md").read_text().splitlines() == [
        f"### `{stack.name}`: 2 updated",
        "",
        "| operation | resource | type | what changes |",
        "|-|-|-|-|",
        (
            "| update | `studios-platform-as-found` | `pulumi-python:dynamic/studios:PlatformAsFound` | "
            "`tower_yml.allowed_workspaces`: `null` → `[]` |"
        ),
        f"| update | `studios-platform-edits` | `pulumi-python:dynamic/studios:PlatformEdits` | `{said}` |",
    ]
    stack.set(allowedWorkspaces="all")


@pytest.mark.slow
def test_a_preview_with_all_details_of_it_fits_a_screen(reviewed: Reviewed) -> None:
    shown = reviewed.stack.set(allowedWorkspaces="none").preview_text().ok()
    lines = shown.stdout.count("\n")
    assert lines <= LINES, shown.stdout
    assert '~ allowed_workspaces: "null" => "[]"' in shown.stdout
    assert "kubeconfig" not in shown.stdout
    assert RESTARTS in shown.stderr


@pytest.mark.slow
def test_an_up_says_it_too(reviewed: Reviewed) -> None:
    said = f"tower.yml: allowed-workspaces null → []; {RESTARTS}"
    assert said in reviewed.stack.set(allowedWorkspaces="none").up().ok().text
    assert "allowed-workspaces: []" in reviewed.install.get("configmap", "tower-yml")["data"]["tower.yml"]


@pytest.mark.slow
def test_what_a_variable_was_and_becomes_is_said_and_fits_a_screen_as_well(reviewed: Reviewed) -> None:
    stack = reviewed.stack.set(platformVersion="26.1", allowedWorkspaces="all")
    stack.up().ok()
    stack.set(allowedWorkspaces="none")
    shown = stack.preview_text().ok()
    lines = shown.stdout.count("\n")
    assert lines <= LINES, shown.stdout
    assert f'ConfigMap/tower-backend-cfg: {VARIABLE} unset → ""; {RESTARTS}' in shown.stderr
    stack.set(allowedWorkspaces="all")


@pytest.mark.slow
def test_a_rotated_token_is_said_to_restart_what_reads_it_and_not_shown(reviewed: Reviewed) -> None:
    stack = reviewed.stack.set(tokenRotation="2026-01")
    reviewed.make("preview", "REPORT=report.md").ok()
    stack.set(tokenRotation=None)
    text = (stack.folder / "report.md").read_text()
    assert (
        f"| update | `studios-platform-edits` | `pulumi-python:dynamic/studios:PlatformEdits` | `{RESTARTS}` |" in text
    )
    assert stack.outputs("--show-secrets")["registrationToken"] not in text


@pytest.mark.slow
def test_no_update_in_the_comment_has_an_empty_cell(reviewed: Reviewed) -> None:
    stack = reviewed.stack.set(
        readyTimeout=700, idleTimeout=600, logLevel="DEBUG", tokenRotation="2026-01", platformVersion="25.3"
    )
    reviewed.make("preview", "REPORT=report.md").ok()
    stack.set(readyTimeout=None, idleTimeout=None, logLevel=None, tokenRotation=None, platformVersion="26.1")
    rows = [line for line in (stack.folder / "report.md").read_text().splitlines() if line.startswith("| update")]
    assert len(rows) >= 8
    assert [row for row in rows if row.endswith("|  |")] == []


def test_before_a_destroy_it_is_said_what_platform_gets_back(reviewed: Reviewed) -> None:
    stack, before = reviewed.stack, reviewed.install.objects()
    finished = stack.pipeline("destroy").ok()
    url = reviewed.install.get("configmap", "tower-backend-cfg")["data"][URL]
    lines = finished.stdout.splitlines()
    assert lines[0] == f"What the destroy restores in Platform, in namespace {reviewed.install.namespace}:"
    assert f"    {URL} {url} → restored" in lines
    assert f"  {RESTARTS}" in lines
    # Without a terminal it destroys nothing.
    assert reviewed.install.objects() == before


@pytest.mark.slow
def test_drift_is_a_list_of_what_differs_and_nothing_where_nothing_does(reviewed: Reviewed) -> None:
    clean = reviewed.make("drift").ok()
    assert clean.text == ""
    install = reviewed.install
    url = install.get("configmap", "tower-backend-cfg")["data"][URL]
    patch = [{"op": "remove", "path": f"/data/{URL}"}]
    install.kubectl("patch", "configmap", "tower-backend-cfg", "--type=json", "-p", json.dumps(patch))
    install.kubectl("delete", "poddisruptionbudget", "connect-proxy")
    drifted = reviewed.make("drift")
    assert drifted.code != 0
    assert sorted(drifted.stdout.splitlines()) == [
        f"ConfigMap/tower-backend-cfg: {URL} unset → {url}; {RESTARTS}",
        "studios-proxy-disruption-budget (kubernetes:policy/v1:PodDisruptionBudget) does not exist",
    ]


@pytest.mark.slow
def test_after_a_refresh_and_an_up_nothing_differs(reviewed: Reviewed) -> None:
    reviewed.stack.refresh().ok()
    reviewed.stack.up().ok()
    assert reviewed.make("drift").ok().text == ""
