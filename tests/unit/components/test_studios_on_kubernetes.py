"""The composition: what a stack's settings become."""

from typing import Any

import pytest

from components.outputs import outputs_of, outputs_table
from components.studios_on_kubernetes import KubernetesStudios, KubernetesStudiosArgs
from live.cluster import Cluster
from settings.parsing import parse_settings
from settings.targets import ALL_TITLES, KUBERNETES, TARGETS
from tests.unit.components.mocks import LOAD_BALANCER, Recording, run

MINIMUM = {
    "platformUrl": "https://example.com",
    "platformVersion": "25.3",
    "namespace": "platform-stage",
    "hostedZone": "example.com",
    "redisAddress": "redis:6379",
}
COMPONENTS = {
    "studios-certificate": "studios:index:WildcardCertificate",
    "studios-oidc": "studios:index:OidcCredentials",
    "studios-configuration": "studios:index:StudiosConfiguration",
    "studios-server": "studios:index:ConnectServer",
    "studios-network": "studios:index:StudiosNetworkPolicies",
    "studios-platform": "studios:index:PlatformIntegration",
    "studios-proxy": "studios:index:ConnectProxy",
    "studios-ingress": "studios:index:StudiosIngress",
    "studios-record": "studios:index:WildcardRecord",
}


def studios(*, encrypted: tuple[str, ...] = (), **changes: Any) -> Recording:
    settings = parse_settings(MINIMUM | changes, encrypted)
    args = KubernetesStudiosArgs(settings=settings, cluster=Cluster(), field_manager="studios-test")

    def program() -> None:
        KubernetesStudios("studios", args)

    return run(program)


def backend_environment(recording: Recording) -> dict[str, str]:
    found: dict[str, str] = recording["studios-platform-edits"].inputs["edits"]["ConfigMap/platform-backend-cfg"]
    return found


def annotations(recording: Recording, name: str) -> dict[str, str]:
    found: dict[str, str] = recording[name].inputs["metadata"]["annotations"]
    return found


def test_studios_is_nine_components_under_one() -> None:
    recording = studios()
    assert recording["studios"].type == "studios:index:KubernetesStudios"
    assert {
        name: recording.types[name] for name, parent in recording.parents.items() if parent == "studios"
    } == COMPONENTS


def test_network_policies_can_be_turned_off() -> None:
    assert "studios-network" not in studios(networkPolicies=False).types


def test_on_openshift_the_pods_have_no_fixed_ids() -> None:
    recording = studios(openshift=True)
    for name in ("studios-proxy-deployment", "studios-server-stateful-set"):
        security = recording[name].inputs["spec"]["template"]["spec"]["securityContext"]
        assert not {"runAsUser", "runAsGroup", "fsGroup"} & set(security)


def test_the_pods_get_the_resources_of_the_settings_and_the_defaults_for_the_rest() -> None:
    recording = studios(serverLimits='{"memory": "1Gi"}', proxyRequests={"cpu": 1})
    resources = {
        role: recording[name].inputs["spec"]["template"]["spec"]["containers"][0]["resources"]
        for role, name in (("proxy", "studios-proxy-deployment"), ("server", "studios-server-stateful-set"))
    }
    assert resources["server"]["limits"] == {"cpu": "1", "memory": "1Gi", "ephemeral-storage": "256Mi"}
    assert resources["proxy"]["requests"] == {"cpu": "1", "memory": "64Mi", "ephemeral-storage": "64Mi"}


def test_one_setting_is_how_long_pods_platform_and_load_balancer_may_each_take_and_one_how_long_acm_may() -> None:
    recording = studios(readyTimeout="90", drainSeconds="0", certificateTimeout="120")
    created = {
        name: asked.timeouts["create"] for name, asked in recording.resources.items() if "create" in asked.timeouts
    }
    assert created == {
        "studios-server-stateful-set": "90s",
        "studios-server-service": "90s",
        "studios-proxy-deployment": "90s",
        "studios-proxy-service": "90s",
        "studios-ingress-ingress": "90s",
        "studios-certificate-issued": "120s",
    }
    assert recording["studios-platform-edits"].inputs["timeout_seconds"] == 90
    assert recording["studios-platform-as-found"].inputs["timeout_seconds"] == 90


def test_no_object_is_waited_for_longer_than_minutes_where_the_api_server_is_lost_on_a_destroy() -> None:
    recording = studios(
        ssh=True, platformVersion="26.1", managementPort=9090, serviceMonitor=True, readyTimeout="90", drainSeconds="0"
    )
    deleted = {
        (asked.type, asked.timeouts.get("delete"))
        for asked in recording.resources.values()
        if asked.type.startswith("kubernetes:") or "monitoring.coreos.com" in asked.type
    }
    assert deleted == {
        ("kubernetes:apps/v1:Deployment", "120s"),
        ("kubernetes:apps/v1:StatefulSet", "120s"),
        ("kubernetes:core/v1:ConfigMap", "90s"),
        ("kubernetes:core/v1:Secret", "90s"),
        ("kubernetes:core/v1:Service", "90s"),
        ("kubernetes:monitoring.coreos.com/v1:ServiceMonitor", "90s"),
        ("kubernetes:networking.k8s.io/v1:Ingress", "90s"),
        ("kubernetes:networking.k8s.io/v1:NetworkPolicy", "90s"),
        ("kubernetes:policy/v1:PodDisruptionBudget", "90s"),
    }


def test_every_resource_has_a_parent_but_the_top_component() -> None:
    assert [name for name, parent in studios().parents.items() if not parent] == ["studios"]


def test_the_zone_is_looked_up_once_and_not_at_all_if_its_id_is_given() -> None:
    lookup = "aws:route53/getZone:getZone"
    assert [token for token, _ in studios().calls].count(lookup) == 1
    by_id = {key: value for key, value in MINIMUM.items() if key != "hostedZone"} | {"hostedZoneId": "Z0BYID"}
    settings = parse_settings(by_id)
    args = KubernetesStudiosArgs(settings=settings, cluster=Cluster(), field_manager="m")

    def program() -> None:
        KubernetesStudios("studios", args)

    recording = run(program)
    assert [token for token, _ in recording.calls].count(lookup) == 0
    assert recording["studios-record-alias"].inputs["zoneId"] == "Z0BYID"


def test_platform_is_touched_after_certificate_and_server_and_before_the_proxy() -> None:
    recording = studios()
    assert recording["studios-platform"].depends_on >= {"studios-certificate-issued", "studios-server-stateful-set"}
    assert recording["studios-proxy"].depends_on >= {"studios-platform-edits"}


def test_the_registration_token_is_in_one_secret_and_in_no_config_map_or_annotation() -> None:
    recording = studios()
    holders = {
        name for name, asked in recording.resources.items() if "result-of-studios-oidc-token" in str(asked.inputs)
    }
    assert holders == {"studios-configuration-token"}


def test_secrets_that_exist_are_read_by_name_and_none_are_made() -> None:
    recording = studios(existingTokenSecret="our-token", existingOidcSecret="our-pem")
    assert set(recording.read.values()) == {
        ("kubernetes:core/v1:Secret", "platform-stage/our-token"),
        ("kubernetes:core/v1:Secret", "platform-stage/our-pem"),
    }
    assert "kubernetes:core/v1:Secret" not in recording.types.values()
    edit = recording["studios-platform-edits"].inputs["edits"]["Deployment/cron"]
    assert edit["env"]["TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN"] == {"secret": "our-token", "key": "token"}
    assert edit["volume"] == {"cert-volume": {"secret": "our-pem"}}
    assert recording["studios"].outputs["token_secret_name"] == "our-token"
    assert recording["studios"].outputs["oidc_secret_name"] == "our-pem"


def test_each_rotation_reaches_its_own_credential() -> None:
    recording = studios(tokenRotation="2026-01", rsaRotation="2026-02")
    assert recording["studios-oidc-token"].inputs["keepers"] == {"rotation": "2026-01"}
    assert recording["studios-oidc-key"].replacement_trigger == "rotation 2026-02"


def test_proxy_and_platform_read_the_token_from_the_same_secret() -> None:
    recording = studios()
    container = recording["studios-proxy-deployment"].inputs["spec"]["template"]["spec"]["containers"][0]
    source = {"secretKeyRef": {"name": "connect-registration-token", "key": "token"}}
    assert [each["valueFrom"] for each in container["env"] if "valueFrom" in each] == [source]
    for deployment in ("cron", "backend"):
        variables = recording["studios-platform-edits"].inputs["edits"][f"Deployment/{deployment}"]["env"]
        assert variables["TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN"] == {
            "secret": "connect-registration-token",
            "key": "token",
        }


def test_proxy_and_platform_are_told_the_same_connect_url() -> None:
    recording = studios(connectUrl="https://sessions.example.com")
    assert (
        recording["studios-configuration-proxy"].inputs["data"]["CONNECT_PROXY_URL"] == "https://sessions.example.com"
    )
    platform = backend_environment(recording)
    assert platform["TOWER_DATA_STUDIO_CONNECT_URL"] == "https://sessions.example.com"


def test_with_path_routing_ingress_and_record_are_for_the_connect_host_alone() -> None:
    recording = studios(pathRouting=True)
    assert recording["studios-ingress-ingress"].inputs["spec"]["rules"][0]["host"] == "connect.example.com"
    assert recording["studios-record-alias"].inputs["name"] == "connect.example.com"
    assert backend_environment(recording)["TOWER_DATA_STUDIO_ENABLE_PATH_ROUTING"] == "true"


@pytest.mark.parametrize(
    ("version", "in_tower_yml"), [("25.1", True), ("25.2", True), ("25.3.3", True), ("26.1", False)]
)
def test_the_workspaces_are_where_the_platform_release_reads_them(version: str, in_tower_yml: bool) -> None:
    recording = studios(platformVersion=version, allowedWorkspaces=[1, 2])
    in_file = {"config_map": "tower-yml", "key": "tower.yml", "allowed_workspaces": "[1, 2]"}
    for name in ("studios-platform-as-found", "studios-platform-edits"):
        assert recording[name].inputs.get("tower_yml") == (in_file if in_tower_yml else None)
    variable = backend_environment(recording).get("TOWER_DATA_STUDIO_ALLOWED_WORKSPACES")
    assert variable == (None if in_tower_yml else "1,2")


@pytest.mark.parametrize(("target_type", "service"), [("instance", "NodePort"), ("ip", "ClusterIP")])
def test_the_service_is_of_the_type_that_the_load_balancer_can_reach(target_type: str, service: str) -> None:
    recording = studios(targetType=target_type)
    assert recording["studios-proxy-service"].inputs["spec"]["type"] == service
    found = annotations(recording, "studios-ingress-ingress")
    assert found["alb.ingress.kubernetes.io/target-type"] == target_type


def test_the_redis_password_reaches_both_workloads_through_a_secret() -> None:
    recording = studios(encrypted=("redisPassword",), redisPassword="hunter2")
    holders = {name for name, asked in recording.resources.items() if "hunter2" in str(asked.inputs)}
    assert holders == {"studios-configuration-credentials"}
    reference = {"secretKeyRef": {"name": "connect-server-credentials", "key": "CONNECT_REDIS_PASSWORD"}}
    for name in ("studios-proxy-deployment", "studios-server-stateful-set"):
        container = recording[name].inputs["spec"]["template"]["spec"]["containers"][0]
        assert {"name": "CONNECT_REDIS_PASSWORD", "valueFrom": reference} in container["env"]


def test_the_management_key_reaches_the_server_alone() -> None:
    recording = studios(encrypted=("managementAuthKey",), managementAuthKey="opensesame", managementPort=9091)
    names = {
        name: [
            each["name"] for each in recording[name].inputs["spec"]["template"]["spec"]["containers"][0].get("env", [])
        ]
        for name in ("studios-proxy-deployment", "studios-server-stateful-set")
    }
    assert names == {
        "studios-proxy-deployment": ["CONNECT_OIDC_CLIENT_REGISTRATION_TOKEN"],
        "studios-server-stateful-set": ["CONNECT_MANAGEMENT_AUTH_KEY"],
    }


def test_the_outputs_are_those_that_are_documented_and_only_the_token_is_secret() -> None:
    top = studios()["studios"]
    assert set(top.outputs) == {output.attribute for output in outputs_of(KUBERNETES) if not output.optional}
    secret = {output.attribute for output in outputs_of(KUBERNETES) if output.secret}
    assert top.output_secrets == secret == {"registration_token"}
    assert top.outputs["load_balancer_hostname"] == LOAD_BALANCER
    assert top.outputs["session_url_pattern"] == "https://<session>.example.com"
    assert (top.outputs["platform_version"], top.outputs["connect_version"]) == ("25.3", "0.9.0")
    assert top.outputs["studio_templates"]["JUPYTER"] == {
        "repository": "public.cr.seqera.io/platform/data-studio-jupyter:4.2.5-0.9",
        "tool": "jupyter",
        "icon": "jupyter",
        "status": "recommended",
        "port": 8080,
    }


def test_the_outputs_table_has_a_row_for_each_and_marks_the_secret() -> None:
    rows = outputs_table().splitlines()
    assert rows[:2] == ["| output | type | on | meaning |", "|-|-|-|-|"]
    assert len(rows) == 2 + len({output.name for target in TARGETS for output in outputs_of(target)})
    assert (
        f"| `registrationToken` | string, secret | {ALL_TITLES} | The initial token with which the proxy registers. |"
        in rows
    )
    assert "| `namespace` | string | Kubernetes | Namespace of Platform and Studios. |" in rows


def test_pods_of_the_proxy_and_the_server_that_do_not_become_ready_are_explained() -> None:
    recording = studios()
    for name in ("studios-proxy-deployment", "studios-server-stateful-set"):
        assert recording[name].on_error == [f"{name}-explained"]


def test_an_update_of_the_servers_is_waited_for_as_the_provider_may_go_by_the_status_from_before() -> None:
    assert studios(serverReplicas=3, readyTimeout=100, drainSeconds=20).waited_for == {
        "StatefulSet/connect-server": 100 + 3 * (20 + 30)
    }
