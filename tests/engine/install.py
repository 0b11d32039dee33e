"""A Platform install of the testbed as a test sees it: its objects, its pods, and what AWS has for its host."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from testbed.cluster import kubectl
from testbed.emulator import client as emulator
from testbed.platform.shapes import GUIDE, SHAPES, Shape
from tests.engine.shapes import settings_of

ZONE = "example.com"
#: What the program edits, and all else that the owner's manifests hold.
KINDS = "deployments,services,configmaps,secrets,ingresses,statefulsets,serviceaccounts"
#: What the API server and its controllers write about an object, as opposed to what a client asked for.
BOOKKEEPING = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "uid")
REVISION = "deployment.kubernetes.io/revision"


@dataclass(frozen=True)
class Install:
    """A Platform install in a namespace, serving ``https://<namespace>.<zone>``."""

    namespace: str
    environment: Mapping[str, str]
    zone: str = ZONE
    shape_name: str = GUIDE

    @property
    def shape(self) -> Shape:
        """The shape of the install."""
        return SHAPES[self.shape_name]

    @property
    def host(self) -> str:
        """Platform's host."""
        return f"{self.namespace}.{self.zone}"

    def settings(self) -> dict[str, Any]:
        """The settings that every stack for this install has."""
        return {
            "aws:region": self.environment["AWS_REGION"],
            "platformUrl": f"https://{self.host}",
            "platformVersion": "25.3",
            "namespace": self.namespace,
            "hostedZone": self.zone,
            **settings_of(self.shape_name),
        }

    def kubectl(self, *words: str, stdin: str | None = None) -> str:
        """What kubectl prints, in the install's namespace."""
        return kubectl("-n", self.namespace, *words, stdin=stdin)

    def get(self, kind: str, name: str) -> dict[str, Any]:
        """One object."""
        found: dict[str, Any] = json.loads(self.kubectl("get", kind, name, "-o", "json", "--show-managed-fields"))
        return found

    def names(self, kinds: str = KINDS) -> set[str]:
        """``kind/name`` of every object of these kinds."""
        return set(self.kubectl("get", kinds, "-o", "name").split())

    def objects(self) -> dict[str, Any]:
        """Every object, by kind and name, without bookkeeping and status."""
        found = {}
        for item in json.loads(self.kubectl("get", KINDS, "-o", "json"))["items"]:
            metadata = {key: value for key, value in item["metadata"].items() if key not in BOOKKEEPING}
            annotations = {k: v for k, v in metadata.pop("annotations", {}).items() if k != REVISION}
            body = {key: value for key, value in item.items() if key not in {"metadata", "status"}}
            found[f"{item['kind']}/{metadata['name']}"] = {**body, "metadata": {**metadata, "annotations": annotations}}
        return found

    def pods(self, app: str) -> list[dict[str, Any]]:
        """The pods of one workload, once those of an earlier revision are gone."""
        deadline = time.monotonic() + 30
        while True:
            items: list[dict[str, Any]] = json.loads(self.kubectl("get", "pods", "-l", f"app={app}", "-o", "json"))[
                "items"
            ]
            leaving = [item for item in items if item["metadata"].get("deletionTimestamp")]
            if not leaving or time.monotonic() > deadline:
                return items
            time.sleep(0.2)

    def pod_names(self, *apps: str) -> dict[str, set[str]]:
        """The names of each workload's pods: they change when it restarts, and only then."""
        return {app: {pod["metadata"]["name"] for pod in self.pods(app)} for app in apps}

    def pod_ids(self, *apps: str) -> dict[str, set[str]]:
        """The same by their UIDs: a StatefulSet's pods keep their names."""
        return {app: {pod["metadata"]["uid"] for pod in self.pods(app)} for app in apps}

    def client(self, service: str, region: str | None = None) -> Any:
        """A boto3 client of the emulator, for its usual region if none is given."""
        return emulator.client(service, {**self.environment, **({} if region is None else {"AWS_REGION": region})})

    @cached_property
    def zone_id(self) -> str:
        """The hosted zone that the host is in."""
        zones = self.client("route53").list_hosted_zones_by_name(DNSName=self.zone)["HostedZones"]
        return str(next(zone["Id"] for zone in zones if zone["Name"] == f"{self.zone}."))

    def records(self) -> dict[str, Any]:
        """``name type`` → record, of all that lies under the host, and the host's own."""
        pages = self.client("route53").get_paginator("list_resource_record_sets").paginate(HostedZoneId=self.zone_id)
        found = {}
        for record in (record for page in pages for record in page["ResourceRecordSets"]):
            name = record["Name"].replace("\\052", "*").rstrip(".")
            if name.endswith(self.host):
                found[f"{name} {record['Type']}"] = record
        return found

    def certificates(self) -> dict[str, str]:
        """ARN → domain name of the certificates for the host."""
        pages = self.client("acm").get_paginator("list_certificates").paginate()
        summaries = (summary for page in pages for summary in page["CertificateSummaryList"])
        return {s["CertificateArn"]: s["DomainName"] for s in summaries if s["DomainName"].endswith(self.host)}

    def wildcard_certificate(self, region: str | None = None) -> str:
        """A wildcard certificate that was requested and validated before."""
        acm, names = self.client("acm", region), (self.host, f"*.{self.host}")
        arn = emulator.validated_certificate(acm, self.client("route53"), self.zone_id, *names)
        assert acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "ISSUED"
        return arn

    def load_balancer(self, hostname: str) -> dict[str, Any]:
        """The load balancer of this DNS name."""
        found: list[dict[str, Any]] = self.client("elbv2").describe_load_balancers()["LoadBalancers"]
        return next(each for each in found if each["DNSName"].lower() == hostname.lower())

    def listener(self, hostname: str, port: int) -> dict[str, Any]:
        """The load balancer's listener on a port."""
        arn = self.load_balancer(hostname)["LoadBalancerArn"]
        found: list[dict[str, Any]] = self.client("elbv2").describe_listeners(LoadBalancerArn=arn)["Listeners"]
        return next(each for each in found if each["Port"] == port)

    def rule_hosts(self, listener_arn: str) -> list[str]:
        """The hosts that the listener's rules match, in their order."""
        rules = self.client("elbv2").describe_rules(ListenerArn=listener_arn)["Rules"]
        ordered = sorted((r for r in rules if r["Priority"] != "default"), key=lambda rule: int(rule["Priority"]))
        return [
            host
            for rule in ordered
            for condition in rule["Conditions"]
            if condition["Field"] == "host-header"
            for host in condition.get("HostHeaderConfig", condition)["Values"]
        ]

    def remove(self) -> None:
        """Takes the install away, with what AWS has for it."""
        # The namespace goes by itself from here; its Ingresses first, since their certificates can't go before them.
        self.kubectl("delete", "ingress", "--all", "--timeout=60s")
        kubectl("delete", "namespace", self.namespace, "--ignore-not-found", "--wait=false")
        route53, acm = self.client("route53"), self.client("acm")
        for record in self.records().values():
            change = {"Action": "DELETE", "ResourceRecordSet": record}
            route53.change_resource_record_sets(HostedZoneId=self.zone_id, ChangeBatch={"Changes": [change]})
        for arn in self.certificates():
            acm.delete_certificate(CertificateArn=arn)
