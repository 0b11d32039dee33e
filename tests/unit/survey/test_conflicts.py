"""A value that another owner set stops everything before anything is changed; the message has two ways out."""

from __future__ import annotations

from typing import Any

import pytest

from live.ownership import labels_of_stack
from settings.errors import SettingsError
from settings.parsing import parse_settings
from survey.conflicts import conflicts
from survey.platform import survey_platform

from .conftest import APPS, CORE, LEAST, FakeApi, deployment, named

CONNECT_URL = "TOWER_DATA_STUDIO_CONNECT_URL"


def found(api: FakeApi, **changes: object) -> list[str]:
    try:
        survey_platform(api.access, parse_settings({**LEAST, **changes}), field_manager="studios-local")
    except SettingsError as error:
        return [str(problem) for problem in error.problems]
    return []


def managed(manager: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {"manager": manager, "operation": "Apply", "fieldsV1": fields}


def with_config(api: FakeApi, data: dict[str, str], *managers: str) -> None:
    config_map = named("tower-backend-cfg", data=data)
    fields: dict[str, Any] = {"f:data": {f"f:{key}": {} for key in data}}
    config_map["metadata"]["managedFields"] = [managed(manager, fields) for manager in managers]
    api.lists[f"{CORE}/configmaps"][0] = config_map


def container(api: FakeApi, position: int) -> dict[str, Any]:
    pod: dict[str, Any] = api.lists[f"{APPS}/deployments"][position]["spec"]["template"]["spec"]
    first: dict[str, Any] = pod["containers"][0]
    return first


def test_another_value_of_somebody_elses_is_refused_with_both_values_the_owner_and_the_ways_out(
    platform: FakeApi,
) -> None:
    with_config(platform, {CONNECT_URL: "https://old.example.com"}, "helm")
    assert found(platform) == [
        (
            'seqera-studios:connectUrl: ConfigMap/tower-backend-cfg has "https://old.example.com" for '
            'TOWER_DATA_STUDIO_CONNECT_URL, owned by helm, and this stack sets "https://connect.example.com"; '
            "change connectUrl, or let the stack replace it: "
            "pulumi config set --path 'takeOver[0]' ConfigMap/tower-backend-cfg"
        )
    ]


def test_the_same_value_is_no_conflict(platform: FakeApi) -> None:
    with_config(platform, {CONNECT_URL: "https://connect.example.com"}, "helm")
    assert found(platform) == []


def test_a_value_that_only_this_stack_owns_is_no_conflict(platform: FakeApi) -> None:
    with_config(platform, {CONNECT_URL: "https://old.example.com"}, "studios-local")
    assert found(platform) == []


def test_a_value_that_this_stack_owns_together_with_somebody_is_a_conflict(platform: FakeApi) -> None:
    with_config(platform, {CONNECT_URL: "https://old.example.com"}, "studios-local", "helm")
    (problem,) = found(platform)
    assert "owned by studios-local and helm" in problem


def test_taking_over_one_object_takes_over_no_other(platform: FakeApi) -> None:
    with_config(platform, {CONNECT_URL: "https://old.example.com"}, "helm")
    container(platform, 0)["env"] = [{"name": "TOWER_OIDC_PEM_PATH", "value": "/elsewhere.pem"}]
    (problem,) = found(platform, takeOver='["ConfigMap/tower-backend-cfg"]')
    assert problem.endswith("pulumi config set --path 'takeOver[1]' Deployment/backend")
    assert problem.startswith('seqera-studios:pemPath: Deployment/backend has "/elsewhere.pem" for TOWER_OIDC_PEM_PATH')
    assert found(platform, takeOver='["ConfigMap/tower-backend-cfg","Deployment/backend"]') == []


def test_a_token_that_stands_there_in_plain_text_is_not_shown(platform: FakeApi) -> None:
    container(platform, 1)["env"] = [{"name": "TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN", "value": "hunter2"}]
    (problem,) = found(platform)
    assert "Deployment/cron has a value that is not shown" in problem
    assert "hunter2" not in problem


def test_another_volume_at_the_mount_and_another_secret_in_the_volume_are_conflicts(platform: FakeApi) -> None:
    container(platform, 0)["volumeMounts"].append({"name": "old-certs", "mountPath": "/data/certs/"})
    pod = platform.lists[f"{APPS}/deployments"][1]["spec"]["template"]["spec"]
    pod["volumes"].append({"name": "cert-volume", "secret": {"secretName": "old-secret"}})
    volume, mount = found(platform)
    assert 'Deployment/cron has "old-secret" for the volume cert-volume' in volume
    assert 'Deployment/backend has "old-certs" for the mount at /data/certs' in mount


def test_from_26_1_a_list_of_workspaces_that_is_there_stands_against_all(platform: FakeApi) -> None:
    with_config(platform, {"TOWER_DATA_STUDIO_ALLOWED_WORKSPACES": "1,2"}, "helm")
    (problem,) = found(platform, platformVersion="26.1", takeOver='["ConfigMap/tower-backend-cfg"]')
    assert "and it has to be absent; remove it there" in problem
    assert found(platform, platformVersion="26.1", allowedWorkspaces="1,2") == []


def with_entry(api: FakeApi, value: str, *managers: str) -> None:
    text = f"tower:\n  data-studio:\n    allowed-workspaces: {value}\n"
    live = named("tower-yml", data={"tower.yml": text})
    live["metadata"]["managedFields"] = [managed(manager, {"f:data": {"f:tower.yml": {}}}) for manager in managers]
    api.lists[f"{CORE}/configmaps"][1] = live


def test_workspaces_that_somebody_else_has_set_in_tower_yml_are_a_conflict_like_any_other_field(
    platform: FakeApi,
) -> None:
    with_entry(platform, "[7]", "helm")
    assert found(platform) == [
        (
            "seqera-studios:allowedWorkspaces: ConfigMap/tower-yml has [7] for tower.data-studio.allowed-workspaces in "
            "tower.yml, owned by helm, and this stack sets null; change allowedWorkspaces, or let the stack replace "
            "it: pulumi config set --path 'takeOver[0]' ConfigMap/tower-yml"
        )
    ]
    assert found(platform, takeOver=["ConfigMap/tower-yml"]) == []
    assert found(platform, allowedWorkspaces=[7]) == []
    assert found(platform, platformVersion="26.1") == []


@pytest.mark.parametrize(
    ("value", "workspaces", "says"),
    [
        ("null", [7], "has null for tower.data-studio.allowed-workspaces in tower.yml"),
        ("[]", "all", "has [] for tower.data-studio.allowed-workspaces in tower.yml"),
        ("seven", "none", 'has "seven" for tower.data-studio.allowed-workspaces in tower.yml'),
        ("2026-11-25", "none", 'has "2026-11-25" for tower.data-studio.allowed-workspaces in tower.yml'),
    ],
)
def test_every_other_entry_of_tower_yml_is_a_conflict(
    platform: FakeApi, value: str, workspaces: object, says: str
) -> None:
    with_entry(platform, value, "kubectl-client-side-apply")
    (problem,) = found(platform, allowedWorkspaces=workspaces)
    assert says in problem
    assert "owned by kubectl-client-side-apply, and this stack sets" in problem


def test_each_entry_of_tower_yml_is_held_against_the_setting_of_its_name(platform: FakeApi) -> None:
    with_entry(platform, "[7]\n    approaching-expiration-threshold: 15m", "helm")
    changes = {"platformVersion": "26.2", "approachingExpirationThreshold": "30m"}
    (problem,) = found(platform, **changes)
    assert problem == (
        'seqera-studios:approachingExpirationThreshold: ConfigMap/tower-yml has "15m" for '
        'tower.data-studio.approaching-expiration-threshold in tower.yml, owned by helm, and this stack sets "30m"; '
        "change approachingExpirationThreshold, or let the stack replace it: "
        "pulumi config set --path 'takeOver[0]' ConfigMap/tower-yml"
    )
    assert found(platform, **changes, takeOver=["ConfigMap/tower-yml"]) == []


def test_the_entry_and_another_conflict_are_told_at_once_with_a_place_for_each_object(platform: FakeApi) -> None:
    with_config(platform, {CONNECT_URL: "https://old.example.com"}, "helm")
    with_entry(platform, "[7]", "helm")
    commands = [problem.rpartition("takeOver")[2] for problem in found(platform)]
    assert commands == ["[0]' ConfigMap/tower-backend-cfg", "[1]' ConfigMap/tower-yml"]


def test_a_stack_that_has_changed_the_install_before_leaves_the_entry_to_its_record(platform: FakeApi) -> None:
    with_entry(platform, "[7]", "helm")
    container(platform, 0)["env"] = []
    backend = platform.lists[f"{APPS}/deployments"][0]
    backend["metadata"]["managedFields"] = [managed("studios-other", {"f:spec": {}})]
    assert len(found(platform)) == 1
    backend["metadata"]["managedFields"] = [managed("studios-local", {"f:spec": {}})]
    assert found(platform) == []


def test_a_stack_that_has_made_its_own_objects_before_leaves_the_entry_to_its_record(platform: FakeApi) -> None:
    with_entry(platform, "[7]", "helm")
    proxy = deployment("connect-proxy")
    proxy["metadata"]["labels"] = labels_of_stack("studios-local")
    platform.lists[f"{APPS}/deployments"].append(proxy)
    assert found(platform) == []


@pytest.mark.parametrize(("given", "refused"), [({}, True), ({"existingSshKeySecret": "ours"}, False)])
def test_a_fingerprint_of_another_owner_is_a_conflict_unless_it_may_be_that_of_the_existing_key(
    given: dict[str, str], refused: bool
) -> None:
    values = {
        "platformUrl": "https://platform.example.com",
        "platformVersion": "26.2",
        "namespace": "platform",
        "redisAddress": "redis:6379",
        "ssh": "true",
    }
    settings = parse_settings({**values, **given})
    variable = "TOWER_DATA_STUDIO_CONNECT_SSH_KEY_FINGERPRINT"
    live = {"metadata": {}, "spec": {"template": {"spec": {"containers": [{"name": "backend"}]}}}}
    problems = conflicts(
        settings,
        config_maps={settings.backend_config_map: {"metadata": {}, "data": {variable: "SHA256:theirs"}}},
        deployments={"backend": live, "cron": live},
        field_manager="studios-test",
    )
    assert bool([problem for problem in problems if variable in problem.message]) is refused
