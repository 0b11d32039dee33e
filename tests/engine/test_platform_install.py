"""What a Platform install's owner sees of `pulumi up` and `pulumi destroy`, and what the operator is told before."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

from tests.engine.conftest import NewInstall, NewStack
from tests.engine.install import Install
from tests.engine.stack import Stack

URL = "TOWER_DATA_STUDIO_CONNECT_URL"
THEIRS = "https://studios.elsewhere.example.com"
AS_FOUND = "studios-platform-as-found"
EDITS = "studios-platform-edits"


@dataclass
class Life:
    """One stack for an install in which a key has another value: from the first preview to the destroy."""

    install: Install
    stack: Stack
    before: dict[str, object]
    pods: dict[str, set[str]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def life(new_install: NewInstall, new_stack: NewStack) -> Life:
    install = new_install("owned")
    patch = json.dumps({"data": {URL: THEIRS}})
    install.kubectl("patch", "configmap/tower-backend-cfg", "--type=merge", "--field-manager=helm", "-p", patch)
    return Life(install, new_stack(install), install.objects())


# The tests of this file are steps of one life, in this order.


def test_another_value_stops_the_preview_with_both_values_the_owner_and_the_ways_out(life: Life) -> None:
    preview = life.stack.preview_text()
    assert preview.code != 0
    assert (
        f'connectUrl: ConfigMap/tower-backend-cfg has "{THEIRS}" for {URL}, owned by helm, and this stack sets '
        f'"https://connect.{life.install.host}"; change connectUrl, or let the stack replace it: '
        "pulumi config set --path 'takeOver[0]' ConfigMap/tower-backend-cfg"
    ) in preview.text
    assert life.install.objects() == life.before


@pytest.mark.slow
def test_a_missing_deployment_is_refused_in_the_preview_with_what_exists(life: Life) -> None:
    life.stack.set(cronDeployment="cron-jobs")
    preview = life.stack.preview_text()
    life.stack.set(cronDeployment=None)
    assert preview.code != 0
    assert 'cronDeployment: "cron-jobs" is not a Deployment' in preview.text
    assert "there are backend, cron, frontend" in preview.text


def test_a_studios_made_by_hand_under_the_same_names_stops_the_preview(life: Life) -> None:
    life.install.kubectl("create", "service", "clusterip", "connect-server", "--tcp=7070")
    preview = life.stack.preview_text()
    life.install.kubectl("delete", "service", "connect-server")
    assert preview.code != 0
    assert (
        f'serverName: "connect-server" is taken in namespace {life.install.namespace}: this stack has not made '
        "service/connect-server; write another name in serverName"
    ) in preview.text


def test_taken_over_everything_is_deployed_and_a_preview_finds_nothing_to_do(life: Life) -> None:
    life.stack.set(takeOver=["ConfigMap/tower-backend-cfg"]).up().ok()
    life.pods = life.install.pod_names("backend", "cron", "frontend")
    data = life.install.get("configmap", "tower-backend-cfg")["data"]
    assert data[URL] == f"https://connect.{life.install.host}"
    assert life.stack.preview().changes == {}


def test_the_state_shows_nothing_of_what_the_install_held(life: Life) -> None:
    life.stack.refresh().ok()
    assert THEIRS not in life.stack.state()
    assert life.stack.preview().changes == {}


def test_an_apply_of_the_owners_that_drops_an_entry_is_shown_and_repaired(life: Life) -> None:
    plain = life.before["ConfigMap/tower-yml"]
    assert isinstance(plain, dict)
    text = plain["data"]["tower.yml"] + "# reviewed by the owner\n"
    patch = json.dumps({"data": {"tower.yml": text}})
    life.install.kubectl("patch", "configmap/tower-yml", "--type=merge", "-p", patch)
    plain["data"]["tower.yml"] = text

    preview = life.stack.preview()
    assert preview.changes == {AS_FOUND: "update", EDITS: "update"}
    life.stack.up().ok()
    repaired = life.install.get("configmap", "tower-yml")["data"]["tower.yml"]
    assert "allowed-workspaces: null" in repaired
    assert repaired.endswith("# reviewed by the owner\n")
    pods = life.install.pod_names("backend", "cron", "frontend")
    assert {name for name in pods if pods[name] != life.pods[name]} == {"backend", "cron"}


def test_destroy_leaves_every_object_as_its_owner_last_had_it(life: Life) -> None:
    life.stack.destroy().ok()
    assert life.install.objects() == life.before
    owners = [
        entry["manager"]
        for entry in life.install.get("configmap", "tower-backend-cfg")["metadata"]["managedFields"]
        if f"f:{URL}" in entry["fieldsV1"].get("f:data", {})
    ]
    assert owners == ["helm"]
    for app in ("backend", "cron"):
        assert [pod["status"]["phase"] for pod in life.install.pods(app)] == ["Running"]
