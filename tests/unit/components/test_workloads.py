"""connect-proxy and connect-server."""

from typing import Any

import pytest

from components.pods import PodSettings, SecretKey
from components.proxy import ConnectProxy, ConnectProxyArgs
from components.server import ConnectServer, ConnectServerArgs
from tests.unit.components.mocks import Recording, run

COMMON: dict[str, Any] = {
    "namespace": "platform-stage",
    "image": "registry/image:0.9.0",
    "checksum": "abc",
}
REQUESTS = {"cpu": "30m", "memory": "64Mi", "ephemeral-storage": "64Mi"}
LIMITS = {"cpu": "1", "memory": "512Mi", "ephemeral-storage": "512Mi"}
PROXY_PODS = PodSettings(replicas=1, requests=REQUESTS, limits=LIMITS, image_pull_secrets=["cr.seqera.io"])
SERVER_PODS = PodSettings(replicas=2, requests=REQUESTS, limits=LIMITS)
TOKEN = {"CONNECT_OIDC_CLIENT_REGISTRATION_TOKEN": SecretKey(secret="connect-token", key="token")}


def proxy(**changes: Any) -> Recording:
    values = {**COMMON, "workload": "connect-proxy", "pods": PROXY_PODS, "config_map": "proxy-cfg", "secrets": TOKEN}

    def program() -> None:
        ConnectProxy("proxy", ConnectProxyArgs(**(values | changes)))

    return run(program)


def server(**changes: Any) -> Recording:
    values = {**COMMON, "workload": "connect-server", "pods": SERVER_PODS, "config_map": "server-cfg", "secrets": {}}

    def program() -> None:
        ConnectServer("server", ConnectServerArgs(**(values | changes)))

    return run(program)


def pod_of(recording: Recording, name: str) -> Any:
    return recording[name].inputs["spec"]["template"]["spec"]


def test_the_proxy_is_a_deployment_with_the_shape_of_the_template() -> None:
    spec = proxy()["proxy-deployment"].inputs["spec"]
    assert spec["replicas"] == 1
    assert spec["selector"] == {"matchLabels": {"app": "connect-proxy"}}
    assert spec["template"]["metadata"] == {
        "labels": {
            "app": "connect-proxy",
            "app.kubernetes.io/part-of": "seqera-studios",
            "app.kubernetes.io/instance": "studios-test",
        },
        "annotations": {"checksum/studios": "abc"},
    }
    assert spec["template"]["spec"] == {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "fsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "nodeSelector": {"kubernetes.io/arch": "amd64"},
        "imagePullSecrets": [{"name": "cr.seqera.io"}],
        "affinity": {
            "podAntiAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {
                        "weight": 100,
                        "podAffinityTerm": {
                            "topologyKey": "kubernetes.io/hostname",
                            "labelSelector": {"matchLabels": {"app": "connect-proxy"}},
                        },
                    }
                ]
            }
        },
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": key,
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": {"app": "connect-proxy"}},
            }
            for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
        ],
        "terminationGracePeriodSeconds": 90,
        "volumes": [
            {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}},
            {"name": "data", "emptyDir": {"sizeLimit": "100Mi"}},
        ],
        "containers": [
            {
                "name": "proxy",
                "image": "registry/image:0.9.0",
                "imagePullPolicy": "Always",
                "ports": [{"name": "proxy", "containerPort": 8081, "protocol": "TCP"}],
                "envFrom": [{"configMapRef": {"name": "proxy-cfg"}}],
                "env": [
                    {
                        "name": "CONNECT_OIDC_CLIENT_REGISTRATION_TOKEN",
                        "valueFrom": {"secretKeyRef": {"name": "connect-token", "key": "token"}},
                    }
                ],
                "volumeMounts": [
                    {"name": "tmp", "mountPath": "/tmp"},
                    {"name": "data", "mountPath": "/data"},
                ],
                "startupProbe": {"tcpSocket": {"port": "proxy"}, "periodSeconds": 2, "failureThreshold": 60},
                "readinessProbe": {"tcpSocket": {"port": "proxy"}, "periodSeconds": 5, "failureThreshold": 3},
                "livenessProbe": {"tcpSocket": {"port": "proxy"}, "periodSeconds": 20, "failureThreshold": 6},
                "resources": {"requests": REQUESTS, "limits": LIMITS},
                "lifecycle": {"preStop": {"sleep": {"seconds": 60}}},
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "privileged": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
                },
            }
        ],
    }


@pytest.mark.parametrize(("node_port", "type_"), [(False, "ClusterIP"), (True, "NodePort")])
def test_the_proxys_service_leads_from_port_80_to_the_pods(node_port: bool, type_: str) -> None:
    service = proxy(node_port=node_port)["proxy-service"].inputs
    assert service["metadata"]["name"] == "connect-proxy"
    assert service["spec"] == {
        "type": type_,
        "selector": {"app": "connect-proxy"},
        "ports": [{"name": "http", "port": 80, "targetPort": "proxy", "protocol": "TCP"}],
    }


def test_the_server_is_a_stateful_set_of_two_with_both_ports() -> None:
    spec = server()["server-stateful-set"].inputs["spec"]
    assert (spec["replicas"], spec["serviceName"]) == (2, "connect-server")
    container = spec["template"]["spec"]["containers"][0]
    assert container["ports"] == [
        {"name": "tunnel", "containerPort": 7070, "protocol": "TCP"},
        {"name": "listener", "containerPort": 7777, "protocol": "TCP"},
    ]
    assert container["readinessProbe"]["tcpSocket"] == {"port": "listener"}
    assert container["livenessProbe"]["tcpSocket"] == {"port": "tunnel"}
    assert container["startupProbe"]["tcpSocket"] == {"port": "listener"}
    assert container["volumeMounts"] == [{"name": "tmp", "mountPath": "/tmp"}]


def test_a_destroy_does_not_wait_for_the_proxys_drain_before_it_goes_on_to_the_servers() -> None:
    metadata = proxy()["proxy-deployment"].inputs["metadata"]
    assert metadata["annotations"] == {"pulumi.com/deletionPropagationPolicy": "background"}
    assert "annotations" not in server()["server-stateful-set"].inputs["metadata"]


def test_the_proxy_says_over_http_that_it_is_ready_where_the_path_is_known() -> None:
    container = pod_of(proxy(management_port=9100, readiness_path="/ready"), "proxy-deployment")["containers"][0]
    assert container["readinessProbe"] == {
        "httpGet": {"path": "/ready", "port": "management"},
        "periodSeconds": 5,
        "timeoutSeconds": 3,
        "failureThreshold": 3,
    }
    assert container["startupProbe"]["tcpSocket"] == container["livenessProbe"]["tcpSocket"] == {"port": "proxy"}


def test_the_servers_service_is_headless_and_names_also_servers_that_are_starting_or_draining() -> None:
    assert server()["server-service"].inputs["spec"] == {
        "clusterIP": "None",
        "publishNotReadyAddresses": True,
        "selector": {"app": "connect-server"},
        "ports": [
            {"name": "tunnel", "port": 7070, "targetPort": "tunnel", "protocol": "TCP"},
            {"name": "listener", "port": 7777, "targetPort": "listener", "protocol": "TCP"},
        ],
    }


def test_a_server_that_never_becomes_ready_does_not_hold_up_the_update_that_mends_it() -> None:
    assert server()["server-stateful-set"].inputs["spec"]["podManagementPolicy"] == "Parallel"


def test_the_stateful_set_does_not_wait_for_the_service_that_waits_for_its_pods() -> None:
    assert server()["server-stateful-set"].depends_on == set()


def test_a_client_certificate_for_redis_is_mounted_where_it_is_asked_for() -> None:
    mounts = {"/etc/redis-tls": "redis-client"}
    for recording, name in (
        (proxy(secret_mounts=mounts), "proxy-deployment"),
        (server(secret_mounts=mounts), "server-stateful-set"),
    ):
        pod = pod_of(recording, name)
        assert {"name": "secret-0", "secret": {"secretName": "redis-client"}} in pod["volumes"]
        mount = {"name": "secret-0", "mountPath": "/etc/redis-tls", "readOnly": True}
        assert mount in pod["containers"][0]["volumeMounts"]


def test_a_management_port_is_declared_where_there_is_one() -> None:
    ports = pod_of(proxy(management_port=9091), "proxy-deployment")["containers"][0]["ports"]
    assert ports[-1] == {"name": "management", "containerPort": 9091, "protocol": "TCP"}


def test_openshift_may_choose_the_ids() -> None:
    pods = PodSettings(replicas=1, requests=REQUESTS, limits=LIMITS, fixed_ids=False)
    assert pod_of(proxy(pods=pods), "proxy-deployment")["securityContext"] == {
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def test_an_image_pinned_by_its_digest_is_not_asked_for_again() -> None:
    container = pod_of(proxy(image=f"registry/image@sha256:{'0' * 64}"), "proxy-deployment")["containers"][0]
    assert container["imagePullPolicy"] == "IfNotPresent"


def test_pods_that_need_not_drain_end_at_once() -> None:
    pods = PodSettings(replicas=1, requests=REQUESTS, limits=LIMITS, drain_seconds=0)
    pod = pod_of(proxy(pods=pods), "proxy-deployment")
    assert "lifecycle" not in pod["containers"][0]
    assert pod["terminationGracePeriodSeconds"] == 30


def test_a_root_file_system_may_be_left_writable() -> None:
    pods = PodSettings(replicas=1, requests=REQUESTS, limits=LIMITS, read_only_root=False)
    container = pod_of(proxy(pods=pods), "proxy-deployment")["containers"][0]
    assert container["securityContext"]["readOnlyRootFilesystem"] is False


def test_storage_in_the_temporary_folder_takes_its_place() -> None:
    pod = pod_of(proxy(storage_root="/tmp"), "proxy-deployment")
    assert pod["volumes"] == [{"name": "tmp", "emptyDir": {"sizeLimit": "100Mi"}}]


def test_a_new_proxy_is_ready_before_an_old_one_goes() -> None:
    assert proxy()["proxy-deployment"].inputs["spec"]["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
    }


def test_one_pod_at_a_time_may_be_taken_off_a_node() -> None:
    for recording, role in ((proxy(), "proxy"), (server(), "server")):
        budget = recording[f"{role}-disruption-budget"].inputs
        assert budget["metadata"]["name"] == f"connect-{role}"
        assert budget["spec"] == {
            "maxUnavailable": 1,
            "selector": {"matchLabels": {"app": f"connect-{role}"}},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        }


def test_both_workloads_register_the_names_that_others_need() -> None:
    assert proxy()["proxy"].outputs == {"service_name": "connect-proxy", "deployment_name": "connect-proxy"}
    assert server()["server"].outputs == {"service_name": "connect-server", "stateful_set_name": "connect-server"}


def test_pods_have_the_time_to_become_ready_that_was_given_after_those_before_them_have_ended() -> None:
    pods = PodSettings(replicas=3, requests=REQUESTS, limits=LIMITS, drain_seconds=60, ready_seconds=100)
    # A new pod of the proxy comes beside the old ones, one of the server in an old one's place.
    assert proxy(pods=pods)["proxy-deployment"].timeouts == {"create": "100s", "update": "190s", "delete": "190s"}
    assert server(pods=pods)["server-stateful-set"].timeouts == {"create": "100s", "update": "370s", "delete": "190s"}
    for service in (proxy(pods=pods)["proxy-service"], server(pods=pods)["server-service"]):
        assert service.timeouts == {"create": "100s", "update": "100s", "delete": "100s"}
