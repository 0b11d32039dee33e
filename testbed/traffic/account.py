"""What the AWS API says of zones, load balancers and certificates, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from testbed.emulator.client import client

Described = dict[str, Any]


@dataclass(frozen=True)
class Zone:
    """A public hosted zone and its records, as Route 53 lists them."""

    name: str
    records: tuple[Described, ...]


@dataclass(frozen=True)
class Listener:
    """A listener with its rules, in the order of their priorities, and its certificates, the default one first."""

    described: Described
    rules: tuple[Described, ...]
    certificate_arns: tuple[str, ...]


@dataclass(frozen=True)
class Balancer:
    """A load balancer with its attributes and listeners."""

    described: Described
    attributes: Mapping[str, str]
    listeners: tuple[Listener, ...]

    @property
    def arn(self) -> str:
        """Its ARN."""
        return str(self.described["LoadBalancerArn"])


@dataclass(frozen=True)
class Group:
    """A target group with the ids and ports of its targets."""

    described: Described
    targets: tuple[tuple[str, int], ...]


class Account:
    """Reads one account of the emulator.

    Args:
        environment: what `python -m testbed env` prints.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._route53 = client("route53", environment)
        self._elb = client("elbv2", environment)
        self._acm = client("acm", environment)
        self._ec2 = client("ec2", environment)

    def zones(self) -> list[Zone]:
        """The public hosted zones: no client outside of a VPC is served from a private one."""
        pages = self._route53.get_paginator("list_hosted_zones").paginate()
        public = [z for page in pages for z in page["HostedZones"] if not z.get("Config", {}).get("PrivateZone")]
        return [Zone(zone["Name"].lower(), self._records(zone["Id"])) for zone in public]

    def _records(self, zone_id: str) -> tuple[Described, ...]:
        pages = self._route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone_id)
        return tuple(record for page in pages for record in page["ResourceRecordSets"])

    def balancer_names(self) -> list[Described]:
        """The load balancers, without what they do."""
        return self._pages("describe_load_balancers", "LoadBalancers")

    def balancers(self) -> list[Balancer]:
        """The load balancers."""
        return [
            Balancer(each, self._attributes(each["LoadBalancerArn"]), self._listeners(each["LoadBalancerArn"]))
            for each in self.balancer_names()
        ]

    def _attributes(self, arn: str) -> dict[str, str]:
        described = self._elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
        return {each["Key"]: str(each.get("Value", "")) for each in described}

    def _listeners(self, arn: str) -> tuple[Listener, ...]:
        return tuple(
            Listener(each, self._rules(each), self._certificates(each))
            for each in self._pages("describe_listeners", "Listeners", LoadBalancerArn=arn)
        )

    def _rules(self, listener: Described) -> tuple[Described, ...]:
        rules = self._elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
        return tuple(sorted(rules, key=lambda rule: (rule["Priority"] == "default", _number(rule["Priority"]))))

    def _certificates(self, listener: Described) -> tuple[str, ...]:
        if listener["Protocol"] not in ("HTTPS", "TLS"):
            return ()
        listed = self._elb.describe_listener_certificates(ListenerArn=listener["ListenerArn"])["Certificates"]
        default = [each["CertificateArn"] for each in listener.get("Certificates", [])]
        return tuple(dict.fromkeys([*default, *(each["CertificateArn"] for each in listed)]))

    def groups(self) -> list[Group]:
        """The target groups."""
        return [Group(each, self._targets(each)) for each in self._pages("describe_target_groups", "TargetGroups")]

    def _targets(self, group: Described) -> tuple[tuple[str, int], ...]:
        described = self._elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
        targets = (each["Target"] for each in described)
        return tuple(sorted((each["Id"], int(each.get("Port") or group["Port"])) for each in targets))

    def versions(self) -> dict[str, list[str]]:
        """Security policy → the TLS versions that it allows."""
        policies = self._elb.describe_ssl_policies()["SslPolicies"]
        return {each["Name"]: list(each["SslProtocols"]) for each in policies}

    def certificate(self, arn: str) -> tuple[Described, str]:
        """A certificate of ACM: its description, and its PEM; that is empty before it is issued."""
        described = self._acm.describe_certificate(CertificateArn=arn)["Certificate"]
        if described["Status"] != "ISSUED":
            return described, ""
        return described, str(self._acm.get_certificate(CertificateArn=arn)["Certificate"])

    def instance_addresses(self) -> dict[str, str]:
        """EC2 instance → its private address."""
        pages = self._ec2.get_paginator("describe_instances").paginate()
        instances = (i for page in pages for each in page["Reservations"] for i in each["Instances"])
        return {i["InstanceId"]: i["PrivateIpAddress"] for i in instances if i.get("PrivateIpAddress")}

    def _pages(self, operation: str, key: str, **arguments: Any) -> list[Described]:
        return [item for page in self._elb.get_paginator(operation).paginate(**arguments) for item in page[key]]


def _number(priority: str) -> int:
    return int(priority) if priority.isdecimal() else 0
