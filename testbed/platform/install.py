"""Makes the Platform install as its owner would, with kubectl and the AWS CLI; once, since a stack may be beside it."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import boto3
from ruamel.yaml import YAML

from testbed.errors import TestbedError
from testbed.platform.shapes import GUIDE, SHAPES, Shape, by_name

HOST: Final = "example.com"
NAMESPACE: Final = "platform-stage"
INGRESS: Final = "front-ingress"
REGION: Final = "us-east-1"

_MANIFESTS: Final = Path(__file__).resolve().parent / "manifests"
#: In the order in which the owner applies them: what a pod reads exists before the pod.
_FILES: Final = (
    "namespace.yml",
    "registry.yml",
    "configmap.yml",
    "secret.yml",
    "redis.yml",
    "tower-cron.yml",
    "tower-svc.yml",
    "ingress.eks.yml",
)
#: Marks a certificate as a Platform owner's, so that a second install finds it again.
_CERTIFICATE_TAG: Final = {"Key": "seqera-platform", "Value": INGRESS}
_WAIT_SECONDS: Final = 120.0


def install(
    kubectl: Path,
    kubeconfig: Path,
    endpoint_url: str,
    namespace: str = NAMESPACE,
    host: str = HOST,
    *,
    shape: str = GUIDE,
) -> None:
    """Brings up a Platform: certificate, manifests, and the record of its host, and waits until all of it is ready.

    Args:
        kubectl: the kubectl binary.
        kubeconfig: of the cluster to install into, where the load balancer controller runs.
        endpoint_url: of the AWS emulator, with a hosted zone for ``host`` or a domain above it.
        namespace: where it goes; made if it is missing.
        host: at which it is served, as ``https://<host>``.
        shape: which of the SHAPES it has.

    Raises:
        TestbedError: something was refused, or did not become ready in two minutes.
    """
    form = SHAPES[shape]
    owner = Owner(kubectl, kubeconfig, namespace, form.ingress)
    certificate = _ensure_certificate(host, endpoint_url, wildcard=form.wildcard)
    # What is applied again loses the entry in tower.yml that a stack has added meanwhile.
    if owner.certificate() != certificate:
        owner.apply(_in_shape(form, certificate, namespace, host), *form.options)
    owner.kubectl("wait", "--for=condition=Available", f"--timeout={_WAIT_SECONDS:.0f}s", *_deployments(form))
    hostname = _wait(f"hostname of {namespace}/{form.ingress}", owner.hostname)
    for name in (host, *([f"*.{host}"] if form.wildcard else [])):
        _point_host_at(name, hostname, endpoint_url)


def _in_shape(shape: Shape, certificate_arn: str, namespace: str, host: str) -> str:
    """The owner's manifests, in another shape: YAML for the guide's own, which is applied as it is written."""
    text = manifests(certificate_arn, namespace, host)
    if shape is SHAPES[GUIDE]:
        return text
    found = shape.change(by_name(YAML(typ="safe", pure=True).load_all(text)), namespace, host)
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(found.values())})


def manifests(certificate_arn: str, namespace: str = NAMESPACE, host: str = HOST) -> str:
    """The owner's manifests as one YAML stream, with the placeholders filled in."""
    text = "---\n".join((_MANIFESTS / name).read_text() for name in _FILES)
    values = {"NAMESPACE": namespace, "HOST": host, "CERTIFICATE_ARN": certificate_arn}
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value)
    return text


def certificate_arn(endpoint_url: str, host: str = HOST) -> str | None:
    """The ARN of the Platform owner's certificate for ``host``, or None before the first install."""
    acm = _client("acm", endpoint_url)
    for page in acm.get_paginator("list_certificates").paginate():
        for summary in page["CertificateSummaryList"]:
            arn = str(summary["CertificateArn"])
            if summary["DomainName"] == host and _is_owners(acm, arn):
                return arn
    return None


@dataclass(frozen=True)
class Owner:
    """Whoever keeps the Platform install: kubectl in its namespace."""

    binary: Path
    kubeconfig: Path
    namespace: str
    ingress: str = INGRESS

    def apply(self, manifests: str, *options: str) -> None:
        """Applies YAML, client-side unless ``options`` say ``--server-side``."""
        self.kubectl("apply", "-f", "-", *options, stdin=manifests)

    def certificate(self) -> str | None:
        """The certificate that the Ingress names, which is what is applied last; None if there is no Ingress."""
        text = self.kubectl("get", "ingress", self.ingress, "--ignore-not-found", "-o", "json")
        annotations = json.loads(text)["metadata"].get("annotations", {}) if text else {}
        arn: str | None = annotations.get("alb.ingress.kubernetes.io/certificate-arn")
        return arn

    def hostname(self) -> str | None:
        """What the load balancer controller published for the Platform's Ingress."""
        ingress = json.loads(self.kubectl("get", "ingress", self.ingress, "-o", "json"))
        published = ingress["status"]["loadBalancer"].get("ingress") or [{}]
        hostname: str | None = published[0].get("hostname")
        return hostname

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Runs kubectl and returns what it printed.

        Raises:
            TestbedError: it failed; the message is kubectl's own.
        """
        # Beside the kubeconfig, so that it goes away with it: kubectl's own place is the person's home.
        cache = self.kubeconfig.parent / "kubectl-cache"
        options = [f"--kubeconfig={self.kubeconfig}", f"--cache-dir={cache}", f"--namespace={self.namespace}"]
        command = [str(self.binary), *options, *arguments]
        finished = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        if finished.returncode:
            raise TestbedError(f"kubectl {' '.join(arguments)}: {finished.stderr.strip()}")
        return finished.stdout


def _deployments(shape: Shape) -> list[str]:
    return [f"deployment/{name}" for name in shape.deployments]


def _ensure_certificate(host: str, endpoint_url: str, *, wildcard: bool = False) -> str:
    acm = _client("acm", endpoint_url)
    arn = certificate_arn(endpoint_url, host)
    if arn is None:
        names = {"SubjectAlternativeNames": [host, f"*.{host}"]} if wildcard else {}
        requested = acm.request_certificate(DomainName=host, ValidationMethod="DNS", Tags=[_CERTIFICATE_TAG], **names)
        arn = str(requested["CertificateArn"])

    def describe() -> Any:
        return acm.describe_certificate(CertificateArn=arn)["Certificate"]

    options = _wait("the certificate's validation record", lambda: describe().get("DomainValidationOptions"))
    record = options[0]["ResourceRecord"]
    value = {"TTL": 300, "ResourceRecords": [{"Value": record["Value"]}]}
    _upsert({"Name": record["Name"], "Type": record["Type"], **value}, host, endpoint_url)
    _wait(f"certificate for {host}", lambda: describe()["Status"] == "ISSUED")
    return arn


def _is_owners(acm: Any, arn: str) -> bool:
    return _CERTIFICATE_TAG in acm.list_tags_for_certificate(CertificateArn=arn)["Tags"]


def _point_host_at(host: str, hostname: str, endpoint_url: str) -> None:
    for page in _client("elbv2", endpoint_url).get_paginator("describe_load_balancers").paginate():
        for balancer in page["LoadBalancers"]:
            if balancer["DNSName"].lower() == hostname:
                target = {"DNSName": hostname, "HostedZoneId": balancer["CanonicalHostedZoneId"]}
                alias = {**target, "EvaluateTargetHealth": False}
                _upsert({"Name": host, "Type": "A", "AliasTarget": alias}, host, endpoint_url)
                return
    raise TestbedError(f"Platform's Ingress has the hostname {hostname}, but no load balancer of the emulator has it")


def _upsert(record: dict[str, Any], host: str, endpoint_url: str) -> None:
    route53 = _client("route53", endpoint_url)
    zones = [zone for page in route53.get_paginator("list_hosted_zones").paginate() for zone in page["HostedZones"]]
    above = [zone for zone in zones if f".{host}.".endswith(f".{zone['Name']}")]
    if not above:
        raise TestbedError(f"the emulator has no hosted zone for {host}")
    zone = max(above, key=lambda zone: len(zone["Name"]))
    change = {"Action": "UPSERT", "ResourceRecordSet": record}
    route53.change_resource_record_sets(HostedZoneId=zone["Id"], ChangeBatch={"Changes": [change]})


def _wait(what: str, look: Callable[[], Any]) -> Any:
    """Returns the first true answer of ``look``."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while not (answer := look()):
        if time.monotonic() > deadline:
            raise TestbedError(f"{what}: not there after {_WAIT_SECONDS:.0f} s")
        time.sleep(0.3)
    return answer


def _client(service: str, endpoint_url: str) -> Any:
    # Never the credentials of the person at the shell: the emulator takes any.
    return boto3.client(
        service,
        endpoint_url=endpoint_url,
        region_name=REGION,
        aws_access_key_id="testbed",
        aws_secret_access_key="testbed",  # noqa: S106
    )
