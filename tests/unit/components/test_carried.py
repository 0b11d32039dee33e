"""What the pods and the Ingress carry beside what the program gives them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.components.mocks import Recording
from tests.unit.components.test_studios_on_kubernetes import studios

WORKLOADS = ("studios-proxy-deployment", "studios-server-stateful-set")


def pod(recording: Recording, workload: str) -> dict[str, Any]:
    found: dict[str, Any] = recording[workload].inputs["spec"]["template"]
    return found


@pytest.mark.parametrize("workload", WORKLOADS)
def test_both_workloads_get_what_schedules_them(workload: str) -> None:
    found = pod(
        studios(
            tolerations=[{"key": "workload", "value": "studios", "effect": "NoSchedule"}],
            affinity={"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}},
            priorityClassName="acme-high",
            serviceAccount="studios",
            podLabels={"team": "research", "sidecar.istio.io/inject": False},
            podAnnotations={"prometheus.io/scrape": "true"},
            pullPolicy="IfNotPresent",
        ),
        workload,
    )
    spec = found["spec"]
    assert spec["tolerations"] == [{"key": "workload", "operator": "Equal", "value": "studios", "effect": "NoSchedule"}]
    assert spec["affinity"]["nodeAffinity"] == {
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}
    }
    assert "preferredDuringSchedulingIgnoredDuringExecution" in spec["affinity"]["podAntiAffinity"]
    assert (spec["priorityClassName"], spec["serviceAccountName"]) == ("acme-high", "studios")
    assert spec["automountServiceAccountToken"] is False
    labels, annotations = found["metadata"]["labels"], found["metadata"]["annotations"]
    assert labels["team"] == "research"
    assert labels["sidecar.istio.io/inject"] == "false"
    assert labels["app"] in ("connect-proxy", "connect-server")
    assert annotations["prometheus.io/scrape"] == "true"
    assert "checksum/studios" in annotations
    assert spec["containers"][0]["imagePullPolicy"] == "IfNotPresent"


def test_a_pod_anti_affinity_of_the_users_replaces_the_programs() -> None:
    wanted: dict[str, list[Any]] = {"requiredDuringSchedulingIgnoredDuringExecution": []}
    found = pod(studios(affinity={"podAntiAffinity": wanted}), WORKLOADS[0])
    assert found["spec"]["affinity"] == {"podAntiAffinity": wanted}


@pytest.mark.parametrize("workload", WORKLOADS)
def test_without_these_settings_the_pods_have_none_of_it(workload: str) -> None:
    spec = pod(studios(), workload)["spec"]
    assert not {"tolerations", "priorityClassName", "serviceAccountName"} & set(spec)
    assert list(spec["affinity"]) == ["podAntiAffinity"]
    assert spec["containers"][0]["imagePullPolicy"] == "Always"


def test_an_autoscaler_decides_the_number_of_the_proxys_pods() -> None:
    recording = studios(proxyReplicas="auto")
    assert recording[WORKLOADS[0]].inputs["spec"]["replicas"] == 2
    assert recording[WORKLOADS[0]].ignore_changes == ["spec.replicas"]
    assert recording[WORKLOADS[1]].ignore_changes == []
    assert studios()[WORKLOADS[0]].ignore_changes == []


def test_labels_are_on_every_object_and_on_no_pod() -> None:
    recording = studios(labels={"cost-center": "4711"})
    objects = {name: asked for name, asked in recording.resources.items() if asked.type.startswith("kubernetes:")}
    assert len(objects) == 13
    for name, asked in objects.items():
        labels = asked.inputs["metadata"]["labels"]
        assert labels["cost-center"] == "4711", name
        assert labels["app.kubernetes.io/part-of"] == "seqera-studios", name
    for workload in WORKLOADS:
        assert "cost-center" not in pod(recording, workload)["metadata"]["labels"]


@pytest.mark.parametrize("workload", WORKLOADS)
def test_private_cas_are_mounted_and_trusted_beside_the_public_ones(workload: str) -> None:
    recording = studios(caCertificate="acme-ca", redisTls=True, redisCaSecret={"name": "redis-ca", "key": "root.pem"})
    spec = pod(recording, workload)["spec"]
    assert spec["volumes"][-2:] == [
        {"name": "ca-certificate", "configMap": {"name": "acme-ca", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"name": "redis-ca", "secret": {"secretName": "redis-ca", "items": [{"key": "root.pem", "path": "ca.crt"}]}},
    ]
    assert spec["containers"][0]["volumeMounts"][-2:] == [
        {"name": "ca-certificate", "mountPath": "/etc/connect/ca", "readOnly": True},
        {"name": "redis-ca", "mountPath": "/etc/connect/redis-ca", "readOnly": True},
    ]
    for place in ("proxy", "server"):
        environment = recording[f"studios-configuration-{place}"].inputs["data"]
        assert environment["SSL_CERT_DIR"] == "/etc/connect/ca:/etc/connect/redis-ca"


def test_a_ca_may_be_in_a_secret_under_another_key() -> None:
    spec = pod(studios(caCertificate={"secret": "acme-ca", "key": "root.pem"}), WORKLOADS[0])["spec"]
    assert spec["volumes"][-1] == {
        "name": "ca-certificate",
        "secret": {"secretName": "acme-ca", "items": [{"key": "root.pem", "path": "ca.crt"}]},
    }


@pytest.mark.parametrize("workload", WORKLOADS)
def test_extra_volumes_are_mounted_read_only_unless_said_otherwise(workload: str) -> None:
    volume = {"name": "extra", "persistentVolumeClaim": {"claimName": "acme"}}
    mounts = [{"name": "extra", "mountPath": "/a"}, {"name": "extra", "mountPath": "/b", "readOnly": False}]
    spec = pod(studios(extraVolumes=[volume], extraMounts=mounts), workload)["spec"]
    assert spec["volumes"][-1] == volume
    assert spec["containers"][0]["volumeMounts"][-2:] == [
        {"name": "extra", "mountPath": "/a", "readOnly": True},
        {"name": "extra", "mountPath": "/b", "readOnly": False},
    ]


@pytest.mark.parametrize("workload", WORKLOADS)
def test_the_password_of_redis_may_be_in_a_secret_that_exists_and_restarts_the_pods_when_it_changes(
    workload: str,
) -> None:
    recording = studios(redisPasswordSecret={"name": "redis", "key": "token"})
    (container,) = pod(recording, workload)["spec"]["containers"]
    variables = {each["name"]: each["valueFrom"]["secretKeyRef"] for each in container["env"]}
    assert variables["CONNECT_REDIS_PASSWORD"] == {"name": "redis", "key": "token"}
    assert ("kubernetes:core/v1:Secret", "platform-stage/redis") in recording.read.values()
    assert "studios-configuration-credentials" not in recording.resources
    annotations = pod(recording, workload)["metadata"]["annotations"]
    assert annotations != pod(studios(), workload)["metadata"]["annotations"]


def test_the_ingress_has_further_annotations_and_its_kind_of_addresses() -> None:
    recording = studios(
        ingressAnnotations={"alb.ingress.kubernetes.io/wafv2-acl-arn": "arn:aws:wafv2:x"}, ipAddressType="dualstack"
    )
    annotations = recording["studios-ingress-ingress"].inputs["metadata"]["annotations"]
    assert annotations["alb.ingress.kubernetes.io/wafv2-acl-arn"] == "arn:aws:wafv2:x"
    assert annotations["alb.ingress.kubernetes.io/ip-address-type"] == "dualstack"
    assert annotations["alb.ingress.kubernetes.io/scheme"] == "internet-facing"


@pytest.mark.parametrize(("addresses", "records"), [(None, ["A"]), ("ipv4", ["A"]), ("dualstack", ["A", "AAAA"])])
def test_a_dual_stack_load_balancer_has_an_aaaa_record_too(addresses: str | None, records: list[str]) -> None:
    changes: dict[str, Any] = {} if addresses is None else {"ipAddressType": addresses}
    recording = studios(**changes)
    aliases = [asked.inputs for name, asked in recording.resources.items() if name.startswith("studios-record-")]
    assert [alias["type"] for alias in aliases] == records
    assert {alias["name"] for alias in aliases} == {"*.example.com"}
