"""What a user sees on the way from nothing to Studios and back, on the real engine and a real Kubernetes API."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

import pytest

from testbed import lifecycle, paths
from tests.engine.conftest import NewInstall, NewStack
from tests.engine.install import Install
from tests.engine.stack import Finished, Stack

REDIS_PASSWORD = "s3cr3t-redis-password"


@dataclass
class Deployed:
    """A stack that is up, and what its install was before."""

    install: Install
    stack: Stack
    before: dict[str, Any]
    records_before: dict[str, Any]
    certificates_before: dict[str, str]
    pods_before: dict[str, set[str]]
    first_preview: Finished
    first_up: Finished
    outputs: dict[str, Any]

    def secrets(self) -> dict[str, str]:
        """Every secret value, by what it is."""
        pem = self.install.get("secret", "platform-oidc-certs")["data"]["oidc.pem"]
        return {
            "registration token": self.stack.outputs("--show-secrets")["registrationToken"],
            "private key": base64.b64decode(pem).decode().splitlines()[1],
            "private key in base64": pem[100:160],
            "Redis password": REDIS_PASSWORD,
            "Redis password in base64": base64.b64encode(REDIS_PASSWORD.encode()).decode().rstrip("="),
        }


@pytest.fixture(scope="module")
def deployed(new_install: NewInstall, new_stack: NewStack) -> Deployed:
    install = new_install("studios")
    stack = new_stack(install, secret={"redisPassword": REDIS_PASSWORD})
    before, records, certificates = install.objects(), install.records(), install.certificates()
    pods = install.pod_names("backend", "cron", "frontend")
    preview = stack.preview_text().ok()
    assert install.objects() == before, "a preview changed the install"
    up = stack.up().ok()
    return Deployed(install, stack, before, records, certificates, pods, preview, up, stack.outputs())


def test_every_pod_is_ready_on_an_amd64_node(deployed: Deployed) -> None:
    for app, replicas in {"connect-proxy": 2, "connect-server": 2, "backend": 1, "cron": 1}.items():
        pods = deployed.install.pods(app)
        assert len(pods) == replicas, app
        for pod in pods:
            assert {"type": "Ready", "status": "True"}.items() <= _condition(pod, "Ready").items()
            if app.startswith("connect-"):
                assert pod["spec"]["nodeName"] in {"node-a", "node-b", "node-c"}


def _condition(pod: dict[str, Any], kind: str) -> dict[str, Any]:
    conditions: list[dict[str, Any]] = pod["status"]["conditions"]
    return next(condition for condition in conditions if condition["type"] == kind)


def test_the_wildcard_record_points_at_the_load_balancer(deployed: Deployed) -> None:
    record = deployed.install.records()[f"*.{deployed.install.host} A"]
    hostname = deployed.outputs["loadBalancerHostname"]
    assert record["AliasTarget"]["DNSName"].rstrip(".").removeprefix("dualstack.") == hostname
    assert record["AliasTarget"]["HostedZoneId"] == "Z35SXDOTRQ7X7K"


def test_the_https_listener_has_the_issued_certificate_and_a_rule_for_the_sessions(deployed: Deployed) -> None:
    install, arn = deployed.install, deployed.outputs["certificateArn"]
    certificate = install.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    assert certificate["Status"] == "ISSUED"
    assert set(certificate["SubjectAlternativeNames"]) == {install.host, f"*.{install.host}"}
    listener = install.listener(deployed.outputs["loadBalancerHostname"], 443)
    assert [each["CertificateArn"] for each in listener["Certificates"]] == [arn]
    assert listener["SslPolicy"] == "ELBSecurityPolicy-TLS-1-2-Ext-2018-06"
    assert install.rule_hosts(listener["ListenerArn"]) == [f"*.{install.host}"]


def test_a_quiet_web_socket_outlives_five_minutes(deployed: Deployed) -> None:
    balancer = deployed.install.load_balancer(deployed.outputs["loadBalancerHostname"])
    elb = deployed.install.client("elbv2")
    attributes = elb.describe_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"])["Attributes"]
    assert {"Key": "idle_timeout.timeout_seconds", "Value": "301"} in attributes


def test_backend_and_cron_restarted_with_key_and_token_and_nothing_else_did(deployed: Deployed) -> None:
    pods = deployed.install.pod_names("backend", "cron", "frontend")
    assert pods["frontend"] == deployed.pods_before["frontend"]
    for app in ("backend", "cron"):
        assert not pods[app] & deployed.pods_before[app]
        (pod,) = deployed.install.pods(app)
        container = pod["spec"]["containers"][0]
        environment = {each["name"]: each for each in container["env"]}
        assert environment["TOWER_OIDC_PEM_PATH"]["value"] == "/data/certs/oidc.pem"
        token = environment["TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN"]["valueFrom"]["secretKeyRef"]
        assert token == {"name": "connect-registration-token", "key": "token"}
        assert "/data/certs" in [mount["mountPath"] for mount in container["volumeMounts"]]


@pytest.mark.slow
def test_platform_and_proxy_are_told_the_same_connect_url(deployed: Deployed) -> None:
    connect_url = f"https://connect.{deployed.install.host}"
    platform = deployed.install.get("configmap", "tower-backend-cfg")["data"]
    proxy = deployed.install.get("configmap", "connect-proxy")["data"]
    assert platform["TOWER_DATA_STUDIO_CONNECT_URL"] == proxy["CONNECT_PROXY_URL"] == connect_url
    assert proxy["PLATFORM_URL"] == f"https://{deployed.install.host}"
    assert platform["TOWER_DATA_EXPLORER_ENABLED"] == "true"
    assert deployed.outputs["connectUrl"] == connect_url


def test_only_one_line_of_tower_yml_was_added_for_all_workspaces(deployed: Deployed) -> None:
    before = deployed.before["ConfigMap/tower-yml"]["data"]["tower.yml"].splitlines()
    after = deployed.install.get("configmap", "tower-yml")["data"]["tower.yml"].splitlines()
    added = ["  data-studio:", "    allowed-workspaces: null"]
    assert [line for line in after if line not in added] == before
    assert [line for line in after if line in added] == added


def test_the_key_file_has_the_private_key_on_top_and_the_public_one_beneath(deployed: Deployed) -> None:
    pem = base64.b64decode(deployed.install.get("secret", "platform-oidc-certs")["data"]["oidc.pem"]).decode()
    headers = [line for line in pem.splitlines() if line.startswith("-----BEGIN")]
    assert headers == ["-----BEGIN RSA PRIVATE KEY-----", "-----BEGIN PUBLIC KEY-----"]
    assert pem.endswith(deployed.outputs["publicKey"])


def test_nothing_is_left_to_do_after_an_up_also_after_a_refresh(deployed: Deployed) -> None:
    assert "\nResources:\n" in deployed.stack.refresh("--expect-no-changes").ok().stdout
    assert deployed.stack.preview("--expect-no-changes").changes == {}


@pytest.mark.slow
def test_a_second_start_of_the_testbed_leaves_nothing_to_do(deployed: Deployed) -> None:
    lifecycle.platform(deployed.install.namespace, deployed.install.host)
    assert deployed.stack.preview("--expect-no-changes").changes == {}


def test_no_secret_leaves_the_program(deployed: Deployed) -> None:
    install = deployed.install
    config_maps = install.kubectl("get", "configmaps,ingresses,deployments,statefulsets,events", "-o", "json")
    logs = "".join(path.read_text(errors="replace") for path in paths.LOGS.glob("*.log"))
    places = {
        "the first preview": deployed.first_preview.text,
        "the first up": deployed.first_up.text,
        "the state": deployed.stack.state(),
        "a preview in JSON": json.dumps(deployed.stack.preview().steps),
        "the outputs": json.dumps(deployed.stack.outputs()),
        "the stack's file": deployed.stack.file.read_text(),
        "ConfigMaps, workloads and events": config_maps,
        "the logs": logs,
    }
    found = [
        f"{secret} in {place}"
        for secret, value in deployed.secrets().items()
        for place, text in places.items()
        if value in text
    ]
    assert found == []


#: Two of many: test_changes.py has the rest.
EVERYDAY_CHANGES: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "a longer idle timeout": ({"idleTimeout": 600}, {"studios-ingress-ingress": "update"}),
    "a cache that only the proxy has": (
        {"cacheTtl": "5m"},
        {"studios-configuration-proxy": "update", "studios-proxy-deployment": "update"},
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("change", EVERYDAY_CHANGES)
def test_a_change_touches_what_it_must_and_nothing_else(deployed: Deployed, change: str) -> None:
    settings, expected = EVERYDAY_CHANGES[change]
    stack = deployed.stack
    try:
        assert stack.set(**settings).preview().changes == expected
    finally:
        stack.set(**dict.fromkeys(settings))


def test_a_change_rolls_the_pods_that_read_it_and_no_others(deployed: Deployed) -> None:
    apps = ("connect-proxy", "connect-server", "backend", "cron")
    before = deployed.install.pod_names(*apps)
    deployed.stack.set(allowedWorkspaces=[11, 42]).up().ok()
    after = deployed.install.pod_names(*apps)
    assert {app for app in apps if before[app] != after[app]} == {"backend", "cron"}
    text = deployed.install.get("configmap", "tower-yml")["data"]["tower.yml"]
    assert "    allowed-workspaces: [11, 42]\n" in text


@pytest.mark.slow
def test_what_was_deleted_is_shown_by_a_refresh_and_made_again_by_an_up(deployed: Deployed) -> None:
    install, stack = deployed.install, deployed.stack
    install.kubectl("delete", "poddisruptionbudget", "connect-proxy")
    shown = stack.pulumi("refresh", "--stack", stack.name, "--preview-only", "--diff").ok()
    assert "studios-proxy-disruption-budget" in shown.stdout
    stack.refresh().ok()
    stack.up().ok()
    assert install.get("poddisruptionbudget", "connect-proxy")["spec"]["maxUnavailable"] == 1
    assert stack.preview("--expect-no-changes").changes == {}


@pytest.mark.slow
@pytest.mark.kubernetes_provider("4.29.0")
def test_drift_is_shown_by_a_refresh_and_mended_by_an_up(deployed: Deployed) -> None:
    install, stack = deployed.install, deployed.stack
    install.kubectl("scale", "deployment", "connect-proxy", "--replicas=3")
    shown = stack.pulumi("refresh", "--stack", stack.name, "--preview-only", "--diff").ok()
    assert "studios-proxy-deployment" in shown.stdout
    assert "2 => 3" in shown.stdout
    stack.refresh().ok()
    stack.up().ok()
    assert install.get("deployment", "connect-proxy")["spec"]["replicas"] == 2


def test_destroy_leaves_the_install_as_it_was_and_nothing_of_ours(deployed: Deployed) -> None:
    install = deployed.install
    hostname = deployed.outputs["loadBalancerHostname"]
    deployed.stack.destroy().ok()
    assert install.objects() == deployed.before
    assert install.records() == deployed.records_before
    assert install.certificates() == deployed.certificates_before
    balancers = install.client("elbv2").describe_load_balancers()["LoadBalancers"]
    assert hostname not in [each["DNSName"].lower() for each in balancers]
    assert json.loads(deployed.stack.state())["deployment"].get("resources", []) == []
