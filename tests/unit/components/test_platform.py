from typing import Any

from components.cluster import ClusterConnection
from components.platform import PlatformIntegration, PlatformIntegrationArgs, PlatformWorkload
from components.pods import SecretKey
from components.tower_yml import TowerYmlWorkspacesArgs
from tests.unit.components.mocks import Recording, run

BASE: dict[str, Any] = {
    "namespace": "platform-stage",
    "field_manager": "studios-test",
    "config_map": "tower-backend-cfg",
    "environment": {"TOWER_DATA_STUDIO_CONNECT_URL": "https://connect.example.com"},
    "cron": PlatformWorkload(deployment="cron", container="cron"),
    "backend": PlatformWorkload(deployment="backend", container="backend"),
    "pem_secret": SecretKey(secret="platform-oidc-certs", key="oidc.pem"),
    "pem_path": "/data/certs/oidc.pem",
    "pem_volume": "cert-volume",
    "token_secret": SecretKey(secret="connect-token", key="token"),
    "pem": "the pem",
    "token": "the token",
    "checksum_key": "key",
}
TOWER_YML = TowerYmlWorkspacesArgs(
    cluster=ClusterConnection(context="prod"),
    namespace="platform-stage",
    config_map="tower-yml",
    key="tower.yml",
    allowed_workspaces=[2, 1],
    field_manager="studios-test",
)


def integration(**changes: Any) -> Recording:
    def program() -> None:
        PlatformIntegration("platform", PlatformIntegrationArgs(**(BASE | changes)))

    return run(program)


def checksum(**changes: Any) -> str:
    template = integration(**changes)["platform-backend"].inputs["spec"]["template"]
    found: str = template["metadata"]["annotations"]["checksum/studios"]
    return found


def test_the_config_map_gets_the_variables_and_nothing_else() -> None:
    asked = integration()["platform-config-map"]
    assert asked.type == "kubernetes:core/v1:ConfigMapPatch"
    assert asked.inputs == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "tower-backend-cfg",
            "namespace": "platform-stage",
            "annotations": {"pulumi.com/patchFieldManager": "studios-test"},
        },
        "data": {"TOWER_DATA_STUDIO_CONNECT_URL": "https://connect.example.com"},
    }


def test_the_deployments_get_volume_mount_two_variables_and_a_checksum_and_nothing_else() -> None:
    recording = integration()
    for name, deployment, container in (
        ("platform-cron", "cron", "cron"),
        ("platform-backend", "backend", "backend"),
    ):
        assert recording[name].type == "kubernetes:apps/v1:DeploymentPatch"
        assert recording[name].inputs == {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {
                "name": deployment,
                "namespace": "platform-stage",
                "annotations": {"pulumi.com/patchFieldManager": "studios-test"},
            },
            "spec": {
                "template": {
                    "metadata": {"annotations": {"checksum/studios": checksum()}},
                    "spec": {
                        "containers": [
                            {
                                "name": container,
                                "env": [
                                    {"name": "TOWER_OIDC_PEM_PATH", "value": "/data/certs/oidc.pem"},
                                    {
                                        "name": "TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN",
                                        "valueFrom": {"secretKeyRef": {"name": "connect-token", "key": "token"}},
                                    },
                                ],
                                "volumeMounts": [{"name": "cert-volume", "mountPath": "/data/certs", "readOnly": True}],
                            }
                        ],
                        "volumes": [{"name": "cert-volume", "secret": {"secretName": "platform-oidc-certs"}}],
                    },
                }
            },
        }


def test_cron_restarts_after_the_config_map_is_changed_and_backend_after_cron() -> None:
    recording = integration(tower_yml=TOWER_YML)
    assert recording["platform-cron"].depends_on == {"platform-config-map", "platform-tower-yml"}
    assert recording["platform-backend"].depends_on == {"platform-config-map", "platform-tower-yml", "platform-cron"}


def test_taking_over_one_object_takes_over_no_other() -> None:
    recording = integration(take_over=["Deployment/cron"])
    forced = {
        name
        for name, asked in recording.resources.items()
        if "pulumi.com/patchForce" in asked.inputs.get("metadata", {}).get("annotations", {})
    }
    assert forced == {"platform-cron"}


def test_tower_yml_is_left_alone_where_platform_reads_a_variable_instead() -> None:
    assert "platform-tower-yml" not in integration().types


def test_tower_yml_gets_the_workspaces_and_the_cluster_without_credentials() -> None:
    asked = integration(tower_yml=TOWER_YML)["platform-tower-yml"]
    assert asked.type == "pulumi-python:dynamic/studios:TowerYmlWorkspaces"
    assert {key: value for key, value in asked.inputs.items() if key != "__provider"} == {
        "kubeconfig": "",
        "context": "prod",
        "namespace": "platform-stage",
        "config_map": "tower-yml",
        "key": "tower.yml",
        "allowed_workspaces": "[2, 1]",
        "field_manager": "studios-test",
    }
    assert asked.secrets == set()


def test_the_pickled_provider_is_a_reference_to_its_class_and_not_its_code() -> None:
    pickled = integration(tower_yml=TOWER_YML)["platform-tower-yml"].inputs["__provider"]
    assert len(pickled) < 120


def test_platform_restarts_when_anything_that_it_reads_changes() -> None:
    checksums = [
        checksum(),
        checksum(token="another"),
        checksum(pem="another"),
        checksum(environment={"TOWER_DATA_STUDIO_CONNECT_URL": "https://other.example.com"}),
        checksum(tower_yml=TOWER_YML),
    ]
    assert len(set(checksums)) == 5


def test_nothing_that_platform_gets_is_secret_in_itself() -> None:
    recording = integration(tower_yml=TOWER_YML)
    assert {name: asked.secrets for name, asked in recording.resources.items() if asked.secrets} == {}


def test_a_pem_path_with_another_file_name_maps_the_secrets_key_to_it() -> None:
    spec = integration(pem_path="/etc/oidc/key.pem")["platform-cron"].inputs["spec"]["template"]["spec"]
    assert spec["volumes"][0]["secret"]["items"] == [{"key": "oidc.pem", "path": "key.pem"}]
    assert spec["containers"][0]["volumeMounts"][0]["mountPath"] == "/etc/oidc"
