from functools import partial
from typing import Any

from components.checksum import pod_checksum
from components.platform import PlatformIntegration, PlatformIntegrationArgs
from live.cluster import Cluster
from live.tower_yml import TowerYmlEdit
from tests.unit.components.mocks import FOUND, Recording, run


def deployment_edit(container: str) -> dict[str, Any]:
    return {
        "container": container,
        "env": {
            "TOWER_OIDC_PEM_PATH": "/data/certs/oidc.pem",
            "TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN": {"secret": "connect-token", "key": "token"},
        },
        "volume": {"cert-volume": {"secret": "platform-oidc-certs"}},
        "mount": {"/data/certs": "cert-volume"},
    }


CONFIG_MAP = "ConfigMap/tower-backend-cfg"
EDITS: dict[str, Any] = {
    CONFIG_MAP: {"TOWER_DATA_STUDIO_CONNECT_URL": "https://connect.example.com"},
    "Deployment/cron": deployment_edit("cron"),
    "Deployment/backend": deployment_edit("backend"),
}
BASE: dict[str, Any] = {
    "cluster": Cluster(context="prod"),
    "namespace": "platform-stage",
    "field_manager": "studios-test",
    "edits": EDITS,
    "secrets": ["platform-oidc-certs", "connect-token"],
    "checksum": partial(pod_checksum, "key"),
}
TOWER_YML = TowerYmlEdit(config_map="tower-yml", key="tower.yml", allowed_workspaces="[2, 1]")
LOCATION = {
    "kubeconfig": "",
    "context": "prod",
    "namespace": "platform-stage",
    "field_manager": "studios-test",
    "deployments": ["cron", "backend"],
    "take_over": [],
    "timeout_seconds": 600,
}


def integration(**changes: Any) -> Recording:
    def program() -> None:
        PlatformIntegration("platform", PlatformIntegrationArgs(**(BASE | changes)))

    return run(program)


def inputs(recording: Recording, name: str) -> dict[str, Any]:
    return {key: value for key, value in recording[name].inputs.items() if key != "__provider"}


def checksum(**changes: Any) -> str:
    found: str = integration(**changes)["platform-edits"].inputs["checksum"]
    return found


def test_the_install_is_recorded_and_then_edited_and_nothing_else_is_asked_for() -> None:
    recording = integration()
    assert recording.types == {
        "platform": "studios:index:PlatformIntegration",
        "platform-as-found": "pulumi-python:dynamic/studios:PlatformAsFound",
        "platform-edits": "pulumi-python:dynamic/studios:PlatformEdits",
    }
    assert recording.parents == {"platform": "", "platform-as-found": "platform", "platform-edits": "platform"}
    assert recording["platform-edits"].depends_on == {"platform-as-found"}


def test_the_edits_are_readable_by_object() -> None:
    assert inputs(integration(tower_yml=TOWER_YML), "platform-edits") == {
        **LOCATION,
        "edits": EDITS,
        "checksum": checksum(tower_yml=TOWER_YML),
        "tower_yml": {"config_map": "tower-yml", "key": "tower.yml", "allowed_workspaces": "[2, 1]"},
        "found": FOUND,
    }


def test_the_record_knows_the_names_of_the_fields_and_none_of_their_values() -> None:
    names = {
        "env": {"TOWER_OIDC_PEM_PATH": True, "TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN": True},
        "volume": {"cert-volume": True},
        "mount": {"/data/certs": True},
    }
    assert inputs(integration(tower_yml=TOWER_YML), "platform-as-found") == {
        **LOCATION,
        "fields": {
            "ConfigMap/tower-backend-cfg": {"TOWER_DATA_STUDIO_CONNECT_URL": True},
            "Deployment/cron": {"container": "cron", **names},
            "Deployment/backend": {"container": "backend", **names},
        },
        "tower_yml": {"config_map": "tower-yml", "key": "tower.yml", "allowed_workspaces": "[2, 1]"},
        "secrets": ["platform-oidc-certs", "connect-token"],
    }


def test_taking_over_is_said_for_each_object() -> None:
    recording = integration(take_over=["Deployment/cron", "ConfigMap/tower-backend-cfg"])
    for name in ("platform-as-found", "platform-edits"):
        assert recording[name].inputs["take_over"] == ["ConfigMap/tower-backend-cfg", "Deployment/cron"]


def test_tower_yml_is_left_alone_where_platform_reads_a_variable_instead() -> None:
    recording = integration()
    assert "tower_yml" not in recording["platform-as-found"].inputs
    assert "tower_yml" not in recording["platform-edits"].inputs


def test_the_pickled_providers_are_references_to_their_classes_and_not_code() -> None:
    recording = integration()
    for name in ("platform-as-found", "platform-edits"):
        assert len(recording[name].inputs["__provider"]) < 120
        assert "__provider" not in recording[name].secrets


def test_platform_restarts_when_anything_that_it_reads_changes() -> None:
    checksums = [
        checksum(),
        checksum(edits={**EDITS, CONFIG_MAP: {"TOWER_DATA_STUDIO_CONNECT_URL": "https://other.example.com"}}),
        checksum(tower_yml=TOWER_YML),
        checksum(tower_yml={**TOWER_YML, "allowed_workspaces": "[]"}),
    ]
    assert len(set(checksums)) == 4


def test_platform_does_not_restart_for_an_object_that_may_be_taken_over() -> None:
    assert checksum(take_over=["Deployment/cron"]) == checksum()
