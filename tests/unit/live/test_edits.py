"""The edits of a Platform install: from settings to bodies, paths, drift and what stands in their way."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from live.edits import (
    apply_body,
    conflicting_fields,
    drifted_items,
    edited_names,
    item_paths,
    name_of,
    observed_edit,
    part_of,
)
from live.edits_of_settings import platform_edits_of
from live.fields import shown
from live.ownership import list_item
from settings.parsing import parse_settings

STACK: dict[str, object] = {
    "platformUrl": "https://example.com",
    "platformVersion": "25.3",
    "namespace": "platform-stage",
    "redisAddress": "redis",
    "hostedZone": "example.com",
    "backendConfigMap": "tower-backend-cfg",
}
TOKEN = "TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN"
PEM_PATH = "TOWER_OIDC_PEM_PATH"
CRON: dict[str, Any] = {
    "container": "backend",
    "env": {PEM_PATH: "/data/certs/oidc.pem", TOKEN: {"secret": "connect-registration-token", "key": "token"}},
    "volume": {"cert-volume": {"secret": "platform-oidc-certs"}},
    "mount": {"/data/certs": "cert-volume"},
}
POD = "spec.template.spec"


def test_the_settings_become_the_edit_of_one_config_map_and_two_deployments_in_the_order_of_their_restarts() -> None:
    edits = platform_edits_of(parse_settings(STACK))
    assert list(edits) == ["ConfigMap/tower-backend-cfg", "Deployment/cron", "Deployment/backend"]
    assert edits["Deployment/cron"] == edits["Deployment/backend"] == CRON
    assert edits["ConfigMap/tower-backend-cfg"]["TOWER_DATA_STUDIO_CONNECT_URL"] == "https://connect.example.com"


def test_secrets_that_exist_already_and_another_file_name_are_in_the_edit() -> None:
    settings = {"existingOidcSecret": "my-oidc", "existingTokenSecret": "my-token", "pemPath": "/keys/studios.pem"}
    edit = platform_edits_of(parse_settings({**STACK, **settings, "certVolume": "keys"}))["Deployment/cron"]
    assert edit["volume"] == {"keys": {"secret": "my-oidc", "items": {"oidc.pem": "studios.pem"}}}
    assert edit["mount"] == {"/keys": "keys"}
    assert edit["env"] == {PEM_PATH: "/keys/studios.pem", TOKEN: {"secret": "my-token", "key": "token"}}


def test_a_config_maps_edit_is_applied_as_its_data() -> None:
    assert apply_body("ConfigMap/cfg", {"A": "1"}) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "cfg"},
        "data": {"A": "1"},
    }


def test_a_deployments_edit_is_applied_to_its_pod_template() -> None:
    assert apply_body("Deployment/cron", CRON, "abc") == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "cron"},
        "spec": {
            "template": {
                "metadata": {"annotations": {"checksum/studios": "abc"}},
                "spec": {
                    "containers": [
                        {
                            "name": "backend",
                            "env": [
                                {"name": PEM_PATH, "value": "/data/certs/oidc.pem"},
                                {
                                    "name": TOKEN,
                                    "valueFrom": {
                                        "secretKeyRef": {"name": "connect-registration-token", "key": "token"}
                                    },
                                },
                            ],
                            "volumeMounts": [{"mountPath": "/data/certs", "name": "cert-volume", "readOnly": True}],
                        }
                    ],
                    "volumes": [{"name": "cert-volume", "secret": {"secretName": "platform-oidc-certs"}}],
                },
            }
        },
    }


@pytest.mark.parametrize("target", ["ConfigMap/cfg", "Deployment/cron"])
def test_an_empty_edit_sets_nothing_so_that_applying_it_gives_all_fields_up(target: str) -> None:
    assert set(apply_body(target, {})) == {"apiVersion", "kind", "metadata"}


def test_the_items_of_an_edit_have_paths_parts_and_names() -> None:
    paths = item_paths("Deployment/cron", edited_names("Deployment/cron", CRON))
    assert [(part_of(path), name_of(path)) for path in paths] == [
        ("env", PEM_PATH),
        ("env", TOKEN),
        ("volume", "cert-volume"),
        ("mount", "/data/certs"),
    ]
    (key,) = item_paths("ConfigMap/cfg", edited_names("ConfigMap/cfg", {"A": "1"}))
    assert (key, part_of(key), name_of(key)) == (("f:data", "f:A"), "", "A")


def live(managers: list[dict[str, Any]] | None = None, **changes: Any) -> dict[str, Any]:
    """cron as it is once the edit is applied, with other variables, volumes or mounts."""
    obj = copy.deepcopy(apply_body("Deployment/cron", CRON))
    obj["metadata"]["managedFields"] = managers or []
    pod = obj["spec"]["template"]["spec"]
    for key, value in changes.items():
        (pod if key == "volumes" else pod["containers"][0])[key] = value
    return obj


VOLUME = {"name": "cert-volume", "secret": {"secretName": "platform-oidc-certs"}}
#: Live objects, and the paths of values that can't stay beside the edit.
CONFLICTS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "nothing but the edit": (live(), set()),
    "a plain value beside a reference": (
        live(env=[{"name": TOKEN, "value": "hunter2"}]),
        {f'.{POD}.containers[name="backend"].env[name="{TOKEN}"].value'},
    ),
    "another source of a value": (
        live(env=[{"name": TOKEN, "valueFrom": {"configMapKeyRef": {"name": "x", "key": "y"}}}]),
        {f'.{POD}.containers[name="backend"].env[name="{TOKEN}"].valueFrom.configMapKeyRef'},
    ),
    "another kind of volume": (
        live(volumes=[{"name": "cert-volume", "emptyDir": {}}]),
        {f'.{POD}.volumes[name="cert-volume"].emptyDir'},
    ),
    "files of another Secret": (
        live(volumes=[{"name": "cert-volume", "secret": {"secretName": "old", "items": [{"key": "a", "path": "b"}]}}]),
        {f'.{POD}.volumes[name="cert-volume"].secret.items'},
    ),
    "files of the same Secret": (
        live(volumes=[{"name": "cert-volume", "secret": {**VOLUME["secret"], "items": [{"key": "a", "path": "b"}]}}]),  # type: ignore[dict-item]
        set(),
    ),
    "a default that the API server sets": (
        live(volumes=[{"name": "cert-volume", "secret": {"secretName": "old", "defaultMode": 420}}]),
        set(),
    ),
    "a part of the volume at the same path": (
        live(volumeMounts=[{"mountPath": "/data/certs", "name": "cert-volume", "subPath": "x"}]),
        {f'.{POD}.containers[name="backend"].volumeMounts[mountPath="/data/certs"].subPath'},
    ),
}


@pytest.mark.parametrize("case", CONFLICTS)
def test_values_that_cannot_stay_beside_the_edit_are_found(case: str) -> None:
    obj, paths = CONFLICTS[case]
    assert {shown(path) for path in conflicting_fields(apply_body("Deployment/cron", CRON), obj, "ours")} == paths


def test_what_only_we_own_is_no_conflict() -> None:
    variable: dict[str, Any] = {list_item(name=TOKEN): {"f:name": {}, "f:value": {}}}
    fields = {"f:spec": {"f:template": {"f:spec": {"f:containers": {list_item(name="backend"): {"f:env": variable}}}}}}
    ours = {"manager": "ours", "operation": "Apply", "fieldsV1": fields}
    obj = live([ours], env=[{"name": TOKEN, "value": "x"}])
    body = apply_body("Deployment/cron", CRON)
    assert conflicting_fields(body, obj, "ours") == set()
    obj["metadata"]["managedFields"].append({**ours, "manager": "helm"})
    assert len(conflicting_fields(body, obj, "ours")) == 1


def test_drift_is_each_item_that_is_missing_or_different_and_says_who_changed_it_not_to_what() -> None:
    variable: dict[str, Any] = {list_item(name=PEM_PATH): {"f:name": {}, "f:value": {}}}
    fields = {"f:spec": {"f:template": {"f:spec": {"f:containers": {list_item(name="backend"): {"f:env": variable}}}}}}
    kubectl = {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": fields}
    obj = live([kubectl], env=[{"name": PEM_PATH, "value": "/else/where.pem"}])
    assert [name_of(path) for path in drifted_items("Deployment/cron", CRON, obj)] == [PEM_PATH, TOKEN]
    seen = observed_edit("Deployment/cron", CRON, obj, "ours")
    assert seen["env"] == {PEM_PATH: "(changed by kubectl-edit)"}
    assert (seen["volume"], seen["mount"]) == (CRON["volume"], CRON["mount"])
    assert CRON["env"][PEM_PATH] == "/data/certs/oidc.pem", "the edit itself has changed"


def test_an_object_as_it_was_written_has_not_drifted() -> None:
    assert drifted_items("Deployment/cron", CRON, live()) == []
    assert observed_edit("Deployment/cron", CRON, live(), "ours") == CRON
    config_map = {"metadata": {}, "data": {"A": "2", "B": "3"}}
    assert observed_edit("ConfigMap/cfg", {"A": "1", "B": "3"}, config_map, "ours") == {
        "A": "(changed by another manager)",
        "B": "3",
    }
