"""Makes the Platform install, and makes it again without a change, as its owner would with kubectl and the AWS CLI."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3

from testbed.errors import TestbedError

HOST = "example.com"
NAMESPACE = "platform-stage"
DEPLOYMENTS = ("backend", "cron", "frontend")
INGRESS = "front-ingress"
REGION = "us-east-1"

_MANIFESTS = Path(__file__).resolve().parent / "manifests"
#: In the order in which the owner applies them: what a pod reads exists before the pod.
_FILES = (
    "namespace.yml",
    "registry.yml",
    "configmap.yml",
    "secret.yml",
    "redis.yml",
    "tower-cron.yml",
    "tower-svc.yml",
    "ingress.eks.yml",
)
#: Marks the certificate as the owner's, so that a second install finds it again.
_CERTIFICATE_TAG = {"Key": "seqera-platform", "Value": INGRESS}
_WAIT_SECONDS = 120.0


def install(kubectl: Path, kubeconfig: Path, endpoint_url: str, namespace: str = NAMESPACE) -> None:
    """Brings up the Platform: certificate, manifests, and the record of its host, and waits until all of it is ready.

    Args:
        kubectl: the kubectl binary.
        kubeconfig: of the cluster to install into, where the load balancer controller runs.
        endpoint_url: of the AWS emulator, which has a hosted zone for the Platform's host.
        namespace: where it goes; made if it is missing.

    Raises:
        TestbedError: something was refused, or did not become ready in two minutes.
    """
    certificate_arn = _ensure_certificate(endpoint_url)
    apply_manifests(kubectl, kubeconfig, certificate_arn, namespace)
    _kubectl(
        [kubectl, f"--kubeconfig={kubeconfig}", "-n", namespace, "wait", "--for=condition=Available"]
        + [f"--timeout={_WAIT_SECONDS:.0f}s", *(f"deployment/{name}" for name in DEPLOYMENTS)]
    )
    hostname = _wait(f"hostname of {namespace}/{INGRESS}", lambda: _hostname(kubectl, kubeconfig, namespace))
    _point_host_at(hostname, endpoint_url)


def manifests(certificate_arn: str, namespace: str = NAMESPACE) -> str:
    """The owner's manifests as one YAML stream, with the placeholders filled in."""
    text = "---\n".join((_MANIFESTS / name).read_text() for name in _FILES)
    return text.replace("${NAMESPACE}", namespace).replace("${CERTIFICATE_ARN}", certificate_arn)


def apply_manifests(kubectl: Path, kubeconfig: Path, certificate_arn: str, namespace: str = NAMESPACE) -> None:
    """Applies the manifests client-side, as their owner goes on doing."""
    command = [kubectl, f"--kubeconfig={kubeconfig}", "-n", namespace, "apply", "-f", "-"]
    _kubectl(command, stdin=manifests(certificate_arn, namespace))


def certificate_arn(endpoint_url: str) -> str | None:
    """The ARN of the Platform's own certificate, or None before the first install."""
    acm = _client("acm", endpoint_url)
    for page in acm.get_paginator("list_certificates").paginate():
        for summary in page["CertificateSummaryList"]:
            arn: str = summary["CertificateArn"]
            if _CERTIFICATE_TAG in acm.list_tags_for_certificate(CertificateArn=arn)["Tags"]:
                return arn
    return None


def _ensure_certificate(endpoint_url: str) -> str:
    acm = _client("acm", endpoint_url)
    arn = certificate_arn(endpoint_url)
    if arn is None:
        request = {"DomainName": HOST, "ValidationMethod": "DNS", "Tags": [_CERTIFICATE_TAG]}
        arn = str(acm.request_certificate(**request)["CertificateArn"])

    def describe() -> Any:
        return acm.describe_certificate(CertificateArn=arn)["Certificate"]

    def validation_record() -> Any:
        return describe()["DomainValidationOptions"][0].get("ResourceRecord")

    record = _wait("the certificate's validation record", validation_record)
    values = {"TTL": 300, "ResourceRecords": [{"Value": record["Value"]}]}
    _upsert({"Name": record["Name"], "Type": record["Type"], **values}, endpoint_url)
    _wait(f"certificate for {HOST}", lambda: describe()["Status"] == "ISSUED")
    return arn


def _point_host_at(hostname: str, endpoint_url: str) -> None:
    load_balancers = _client("elbv2", endpoint_url).describe_load_balancers()["LoadBalancers"]
    for load_balancer in load_balancers:
        if load_balancer["DNSName"].lower() == hostname:
            target = {"DNSName": hostname, "HostedZoneId": load_balancer["CanonicalHostedZoneId"]}
            alias = {**target, "EvaluateTargetHealth": False}
            _upsert({"Name": HOST, "Type": "A", "AliasTarget": alias}, endpoint_url)
            return
    raise TestbedError(f"{INGRESS} has the hostname {hostname}, but no load balancer of the emulator has it")


def _upsert(record: dict[str, Any], endpoint_url: str) -> None:
    route53 = _client("route53", endpoint_url)
    zones = route53.list_hosted_zones_by_name(DNSName=HOST)["HostedZones"]
    zone = next((zone for zone in zones if zone["Name"] == f"{HOST}."), None)
    if zone is None:
        raise TestbedError(f"the emulator has no hosted zone for {HOST}")
    change = {"Action": "UPSERT", "ResourceRecordSet": record}
    route53.change_resource_record_sets(HostedZoneId=zone["Id"], ChangeBatch={"Changes": [change]})


def _hostname(kubectl: Path, kubeconfig: Path, namespace: str) -> str | None:
    command = [kubectl, f"--kubeconfig={kubeconfig}", "-n", namespace, "get", "ingress", INGRESS, "-o", "json"]
    status = json.loads(_kubectl(command))["status"]["loadBalancer"].get("ingress") or [{}]
    return status[0].get("hostname")


def _wait(what: str, look: Callable[[], Any]) -> Any:
    """Returns the first true answer of ``look``."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while not (answer := look()):
        if time.monotonic() > deadline:
            raise TestbedError(f"{what}: not there after {_WAIT_SECONDS:.0f} s")
        time.sleep(0.3)
    return answer


def _kubectl(command: list[Any], stdin: str | None = None) -> str:
    finished = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    if finished.returncode:
        raise TestbedError(f"kubectl {' '.join(map(str, command[2:]))}: {finished.stderr.strip()}")
    return finished.stdout


def _client(service: str, endpoint_url: str) -> Any:
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=endpoint_url,
        region_name=REGION,
        aws_access_key_id=os.environ.get("AWS_ACCESS_KEY_ID", "testbed"),
        aws_secret_access_key=os.environ.get("AWS_SECRET_ACCESS_KEY", "testbed"),
    )
