"""What the settings name exists in the Platform install, or the names that do exist are given."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from live.cluster import Cluster, kubeconfig_for_eks
from settings.errors import SettingsError
from settings.model import Settings
from settings.parsing import parse_settings
from survey.platform import PlatformSurvey, survey_platform
from testbed.pki import Authority

from .conftest import APPS, CORE, LEAST, FakeApi, Server, deployment, named


def settings(**changes: object) -> Settings:
    return parse_settings({**LEAST, **changes})


def refused(access: Cluster, read: Settings) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        survey_platform(access, read)
    return [str(problem) for problem in caught.value.problems]


def test_a_platform_as_the_templates_make_it_fits_as_it_is(platform: FakeApi) -> None:
    given = settings()
    assert survey_platform(platform.access, given) == PlatformSurvey(settings=given)


def test_nothing_is_written_and_of_secrets_only_the_names_are_asked_for(platform: FakeApi) -> None:
    survey_platform(platform.access, settings())
    written = [path for method, path, _ in platform.asked if method != "GET"]
    assert written == ["/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"]
    assert len(platform.asked) == 13
    (accept,) = [accept for _, path, accept in platform.asked if path.endswith("/secrets")]
    assert accept == "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


def test_from_26_1_no_tower_yml_is_needed(platform: FakeApi) -> None:
    platform.lists[f"{CORE}/configmaps"].pop()
    assert survey_platform(platform.access, settings(platformVersion="26.1")).warnings == ()


def test_a_missing_namespace_is_one_line_with_the_ones_there_are(platform: FakeApi) -> None:
    assert refused(platform.access, settings(namespace="platform")) == [
        (
            'seqera-studios:namespace: "platform" is not a Namespace; there are default, platform-stage: '
            "write the right one in namespace"
        )
    ]


def test_a_namespace_without_platform_is_one_line_with_the_one_that_has_it(platform: FakeApi) -> None:
    there = [("backend", "prod"), ("cron", "prod"), ("backend", "other"), ("coredns", "kube-system")]
    platform.lists["/apis/apps/v1/deployments"] = [
        {"metadata": {"name": name, "namespace": namespace}} for name, namespace in there
    ]
    platform.lists[f"{APPS}/deployments"] = [named("web")]
    platform.lists[f"{CORE}/configmaps"] = []
    (problem,) = refused(platform.access, settings(imagePullSecrets="none-such", redisTls="true", redisTlsSecret="x"))
    assert problem == (
        'seqera-studios:namespace: "platform-stage" has neither Deployment backend nor Deployment cron '
        "(there are web); write the namespace that Platform runs in: pulumi config set namespace prod; "
        "or write the names of both Deployments in backendDeployment and cronDeployment"
    )


@pytest.mark.parametrize("everywhere", [[], None])
def test_a_namespace_without_anything_is_one_line_where_others_may_not_be_read(
    platform: FakeApi, everywhere: list[dict[str, object]] | None
) -> None:
    if everywhere is None:
        platform.refusals["/apis/apps/v1/deployments"] = (403, "deployments.apps is forbidden")
    platform.lists["/apis/apps/v1/deployments"] = []
    platform.lists[f"{APPS}/deployments"] = []
    (problem,) = refused(platform.access, settings())
    assert problem.startswith(
        'seqera-studios:namespace: "platform-stage" has neither Deployment backend nor Deployment cron; write the '
        "namespace that Platform runs in; or write"
    )


def test_everything_that_is_missing_is_said_at_once_with_the_names_that_exist(platform: FakeApi) -> None:
    read = settings(
        backendDeployment="tower",
        cronContainer="cron",
        towerYmlConfigMap="tower.yml",
        imagePullSecrets="mirror",
        redisTls="true",
        redisTlsSecret="redis-client",
    )
    assert refused(platform.access, read) == [
        (
            'seqera-studios:backendDeployment: "tower" is not a Deployment in namespace platform-stage; '
            "there are backend, cron, frontend: write the right one in backendDeployment"
        ),
        (
            'seqera-studios:cronContainer: "cron" is not a container of Deployment cron; '
            "there are backend: write the right one in cronContainer"
        ),
        (
            'seqera-studios:towerYmlConfigMap: "tower.yml" is not a ConfigMap in namespace platform-stage; '
            "there are tower-backend-cfg, tower-yml: write the right one in towerYmlConfigMap"
        ),
        (
            'seqera-studios:imagePullSecrets[0]: "mirror" is not a Secret in namespace platform-stage; '
            "there are cr.seqera.io, tower-secrets: write the right one in imagePullSecrets[0]"
        ),
        (
            'seqera-studios:redisTlsSecret: "redis-client" is not a Secret in namespace platform-stage; '
            "there are cr.seqera.io, tower-secrets: write the right one in redisTlsSecret"
        ),
    ]


def test_the_config_map_that_backend_does_read_is_named_with_the_command_to_set_it(platform: FakeApi) -> None:
    assert refused(platform.access, settings(backendConfigMap="other-cfg")) == [
        (
            'seqera-studios:backendConfigMap: "other-cfg" is not the ConfigMap that backend reads: '
            "backend reads tower-backend-cfg; write: pulumi config set backendConfigMap tower-backend-cfg"
        )
    ]


def test_a_backend_that_reads_no_config_map_is_refused(platform: FakeApi) -> None:
    backend = deployment("backend")
    del backend["spec"]["template"]["spec"]["containers"][0]["envFrom"]
    platform.lists[f"{APPS}/deployments"][0] = backend
    (problem,) = refused(platform.access, settings())
    assert "takes its environment from none, and needs an envFrom with one" in problem


def test_a_config_map_that_backend_names_but_that_does_not_exist_is_refused(platform: FakeApi) -> None:
    platform.lists[f"{CORE}/configmaps"].pop(0)
    (problem,) = refused(platform.access, settings())
    assert problem == (
        'seqera-studios:backendConfigMap: "tower-backend-cfg" is not a ConfigMap in namespace platform-stage; '
        "there are tower-yml: write the right one in backendConfigMap"
    )


def test_a_tower_yml_without_the_key_or_that_is_no_mapping_is_refused(platform: FakeApi) -> None:
    (problem,) = refused(platform.access, settings(towerYmlKey="tower.yaml"))
    assert problem.startswith(
        'seqera-studios:towerYmlKey: "tower.yaml" is not a key of ConfigMap tower-yml; there are tower.yml'
    )
    platform.lists[f"{CORE}/configmaps"][1] = named("tower-yml", data={"tower.yml": "- a\n"})
    assert refused(platform.access, settings()) == [
        (
            'seqera-studios:towerYmlKey: "tower.yml" in ConfigMap tower-yml is not a YAML mapping, '
            "as `key: value` lines are"
        )
    ]


def test_a_cluster_that_does_not_answer_is_one_line_with_what_to_check() -> None:
    kubeconfig = {
        **kubeconfig_for_eks("c", "http://127.0.0.1:1", "", "us-east-1"),
        "users": [{"name": "c", "user": {}}],
    }
    (problem,) = refused(Cluster(kubeconfig=json.dumps(kubeconfig), setting="eksCluster"), settings())
    assert problem.startswith("seqera-studios:eksCluster: the cluster at http://127.0.0.1:1 does not answer (")
    assert problem.endswith("Connection refused); check that `kubectl get nodes` works from here")


def test_a_cluster_that_forbids_reading_is_one_line_with_its_reason(platform: FakeApi) -> None:
    platform.refusals[f"{CORE}/secrets"] = (403, 'secrets is forbidden: User "me" cannot list resource "secrets"')
    (problem,) = refused(platform.access, settings())
    assert f"does not let you read {CORE}/secrets (secrets is forbidden: User" in problem
    assert "ask for a role that can get and list deployments" in problem


def test_credentials_that_are_not_accepted_are_one_line(platform: FakeApi) -> None:
    platform.refusals["/api/v1/namespaces/platform-stage"] = (401, "Unauthorized")
    (problem,) = refused(platform.access, settings())
    assert problem.endswith("does not accept these credentials; check that `kubectl auth whoami` works from here")


def test_an_error_of_the_api_server_is_shown_with_its_status(platform: FakeApi) -> None:
    platform.refusals[f"{CORE}/services"] = (500, "etcd is away")
    (problem,) = refused(platform.access, settings())
    assert problem.endswith(f"answers 500 to {CORE}/services: etcd is away")


def test_a_kubeconfig_or_context_that_is_not_there_is_named(platform: FakeApi) -> None:
    (problem,) = refused(Cluster(kubeconfig="/no/such/kubeconfig"), settings())
    assert problem.startswith('seqera-studios:kubeconfig: "/no/such/kubeconfig" gives no way to a cluster')
    (problem,) = refused(Cluster(kubeconfig=platform.access.kubeconfig, context="other"), settings())
    assert problem.startswith('seqera-studios:kubeContext: "other" gives no way to a cluster')


def test_a_token_command_that_fails_is_shown_with_its_reason() -> None:
    kubeconfig = kubeconfig_for_eks("c", "https://127.0.0.1:1", "QUJD", "us-east-1")
    kubeconfig["users"][0]["user"]["exec"] |= {"command": "sh", "args": ["-c", "echo no credentials here >&2; exit 3"]}
    (problem,) = refused(Cluster(kubeconfig=json.dumps(kubeconfig), setting="eksCluster"), settings())
    assert problem == (
        "seqera-studios:eksCluster: gives no credentials: exec: process returned 3. no credentials here; "
        "check that `kubectl get nodes` works from here"
    )


def test_the_kubeconfig_for_eks_holds_the_command_for_a_token_and_no_token() -> None:
    kubeconfig = kubeconfig_for_eks("studios", "https://abc.eks.amazonaws.com", "QUJD", "eu-west-1", profile="ops")
    assert kubeconfig["users"][0]["user"]["exec"] == {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": [
            *("--region", "eu-west-1", "eks", "get-token", "--cluster-name", "studios"),
            *("--output", "json", "--profile", "ops"),
        ],
        "interactiveMode": "Never",
    }
    assert "token" not in kubeconfig["users"][0]["user"]


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[str]:
    """A server with a certificate of an authority of its own."""
    pair = Authority(tmp_path / "authority").server("api", ["127.0.0.1"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    server = Server(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("authority", ["another", "none", "garbage"])
def test_a_wrong_certificate_authority_is_one_line_without_a_traceback(
    authority: str, tls_server: str, tmp_path: Path
) -> None:
    pem = {
        "another": Authority(tmp_path / "other").certificate.read_bytes(),
        "none": None,
        "garbage": b"not a certificate",
    }[authority]
    cluster = {"server": tls_server}
    if pem is not None:
        cluster["certificate-authority-data"] = base64.b64encode(pem).decode()
    access = Cluster(
        kubeconfig=json.dumps(
            {
                "clusters": [{"name": "c", "cluster": cluster}],
                "users": [{"name": "u", "user": {"token": "not-a-real-token"}}],
                "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "x",
            }
        )
    )
    (said,) = refused(access, settings())
    assert said.startswith(
        f"seqera-studios:kubeconfig: the cluster at {tls_server} is not known to be the one that is meant ("
    )
    assert said.endswith(
        "); check the authority in the kubeconfig (for EKS: aws eks update-kubeconfig), "
        "and that `kubectl get nodes` works from here"
    )


def test_a_service_monitor_needs_the_prometheus_operator_in_the_cluster(platform: FakeApi) -> None:
    read = settings(serviceMonitor=True, managementPort=9100, managementNamespace="monitoring")
    wanted = (
        "seqera-studios:serviceMonitor: true needs the Prometheus Operator, which the cluster does not have; install "
        "it, or remove this setting"
    )
    path = "/apis/monitoring.coreos.com/v1"
    platform.refusals[path] = (404, "page not found")
    assert refused(platform.access, read) == [wanted]
    platform.refusals[path] = (200, "")
    # As an API server answers: a list of kinds, without metadata.
    kinds = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "monitoring.coreos.com/v1"}
    platform.answers[path] = json.dumps({**kinds, "resources": [{"name": "podmonitors"}]}).encode()
    assert refused(platform.access, read) == [wanted]
    platform.answers[path] = json.dumps({**kinds, "resources": [{"name": "servicemonitors"}]}).encode()
    assert survey_platform(platform.access, read).warnings == ()
