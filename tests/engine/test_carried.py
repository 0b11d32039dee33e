"""What clusters demand of pods, and what Platform 26.2 knows, on a real Kubernetes API: admitted, then unchanged."""

from __future__ import annotations

import json
from typing import Any

import pytest

from testbed import paths
from tests.engine.conftest import NewInstall, NewStack
from tests.engine.install import Install
from tests.engine.stack import Stack

# What a setting makes of the pods is held by unit tests, and pods that run by tests/real.
pytestmark = pytest.mark.slow

SETTINGS: dict[str, Any] = {
    "platformVersion": "26.2",
    "proxyReplicas": "auto",
    "tolerations": [{"key": "workload", "value": "studios", "effect": "NoSchedule"}],
    "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
    "serviceAccount": "studios",
    "podLabels": {"team": "research"},
    "podAnnotations": {"sidecar.istio.io/inject": "false"},
    "labels": {"cost-center": "4711"},
    "pullPolicy": "IfNotPresent",
    "extraVolumes": [{"name": "extra", "configMap": {"name": "acme-ca"}}],
    "extraMounts": [{"name": "extra", "mountPath": "/etc/extra"}],
    "caCertificate": "acme-ca",
    "redisPasswordSecret": {"name": "acme-redis", "key": "password"},
    "proxyExtraEnv": {"HTTPS_PROXY": "http://proxy.example.com:3128"},
    "ingressAnnotations": {"example.com/owner": "research"},
    "forceStopThreshold": "15m",
    "trustedProxyCidrs": ["10.0.0.0/8"],
    "transferPolicy": {
        "buckets": [
            {
                "name": "ip",
                "quotas": [{"bytes": "50GB", "window": "24h"}],
                "extractors": [{"protocol": "any", "source": {"type": "client_ip"}}],
            }
        ]
    },
}


@pytest.fixture(scope="module")
def install(new_install: NewInstall) -> Install:
    install = new_install("carried")
    install.kubectl("create", "configmap", "acme-ca", f"--from-file=ca.crt={paths.PKI / 'ca.crt'}")
    install.kubectl("create", "secret", "generic", "acme-redis", "--from-literal=password=geheim")
    install.kubectl("create", "serviceaccount", "studios")
    return install


@pytest.fixture(scope="module")
def stack(install: Install, new_stack: NewStack) -> Stack:
    stack = new_stack(install, **SETTINGS)
    finished = stack.up().ok()
    assert "passes on HTTPS_PROXY, which this program doesn't check" in finished.text
    assert "geheim" not in finished.text
    return stack


def test_the_pods_are_made_as_asked_for(install: Install, stack: Stack) -> None:
    template = install.get("deployment", "connect-proxy")["spec"]["template"]
    spec = template["spec"]
    assert template["metadata"]["labels"]["team"] == "research"
    assert template["metadata"]["annotations"]["sidecar.istio.io/inject"] == "false"
    assert spec["tolerations"] == [{"key": "workload", "operator": "Equal", "value": "studios", "effect": "NoSchedule"}]
    assert (spec["serviceAccountName"], spec["containers"][0]["imagePullPolicy"]) == ("studios", "IfNotPresent")
    mounts = {each["mountPath"] for each in spec["containers"][0]["volumeMounts"]}
    assert {"/etc/connect/ca", "/etc/extra"} <= mounts
    environment = install.get("configmap", "connect-proxy")["data"]
    assert environment["SSL_CERT_DIR"] == "/etc/connect/ca"
    assert environment["HTTPS_PROXY"] == "http://proxy.example.com:3128"
    assert install.get("configmap", "tower-backend-cfg")["data"]["TOWER_DATA_STUDIO_FORCE_STOP_THRESHOLD"] == "15m"
    for kind, name in (("deployment", "connect-proxy"), ("service", "connect-server"), ("ingress", "connect-ingress")):
        assert install.get(kind, name)["metadata"]["labels"]["cost-center"] == "4711"


def test_nothing_is_left_to_change(stack: Stack) -> None:
    assert stack.preview().changes == {}


def test_an_autoscalers_number_of_pods_stays_while_other_settings_change(install: Install, stack: Stack) -> None:
    scale = {"spec": {"replicas": 4}}
    install.kubectl("patch", "deployment", "connect-proxy", "--subresource=scale", "-p", json.dumps(scale))
    assert stack.preview().changes == {}
    stack.set(logLevel="DEBUG").up().ok()
    assert install.get("deployment", "connect-proxy")["spec"]["replicas"] == 4
    assert install.get("configmap", "connect-proxy")["data"]["CONNECT_LOG_LEVEL"] == "DEBUG"


def test_each_goes_away_with_its_setting(install: Install, stack: Stack) -> None:
    stack.set(**dict.fromkeys(set(SETTINGS) - {"platformVersion", "proxyReplicas"})).up().ok()
    spec = install.get("deployment", "connect-proxy")["spec"]["template"]["spec"]
    assert "tolerations" not in spec
    assert [each["mountPath"] for each in spec["containers"][0]["volumeMounts"]] == ["/tmp", "/data"]
    assert "cost-center" not in install.get("ingress", "connect-ingress")["metadata"]["labels"]
    assert stack.preview().changes == {}
