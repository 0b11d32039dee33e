"""An account in moto, as strict as the testbed's emulator, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, cached_property
from typing import Any

import boto3
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from moto import mock_aws

from testbed.emulator import strictness
from testbed.plugins.aws.provider import AwsProvider

SESSION = boto3.session.Session("x", "x", region_name="us-east-1")
ANSWER = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/plain"}}]


@cache
def key() -> rsa.RSAPrivateKey:
    """The key of every certificate: no test looks at it."""
    return rsa.generate_private_key(65537, 2048)


@cache
def configured(**settings: str) -> AwsProvider:
    """A provider for all tests that want these settings: its clients take long to make, too."""
    provider = AwsProvider()
    provider.configure({"accessKey": "x", "secretKey": "x", "region": "us-east-1", **settings})
    return provider


@cache
def client(service: str) -> Any:
    """One for all tests: the making of a client takes longer than most tests."""
    return SESSION.client(service)


class Account:
    """An account with the zone ``example.com``, and a network once one is asked for."""

    def __init__(self) -> None:
        self.acm, self.elb, self.route53, self.ec2 = (client(name) for name in ("acm", "elbv2", "route53", "ec2"))
        self.zone = self.route53.create_hosted_zone(Name="example.com.", CallerReference="x")["HostedZone"]["Id"]

    @cached_property
    def vpc(self) -> str:
        return str(self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])

    @cached_property
    def subnets(self) -> list[str]:
        return [self._subnet(f"us-east-1{zone}", f"10.0.{n}.0/24") for n, zone in enumerate("ab")]

    def _subnet(self, zone: str, cidr: str) -> str:
        made = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=cidr, AvailabilityZone=zone)
        return str(made["Subnet"]["SubnetId"])

    def certificate(self, *names: str) -> str:
        domain, *others = names or ("example.com", "*.example.com")
        more: dict[str, Any] = {"SubjectAlternativeNames": others} if others else {}
        answer = self.acm.request_certificate(DomainName=domain, ValidationMethod="DNS", **more)
        return str(answer["CertificateArn"])

    def describe(self, arn: str) -> dict[str, Any]:
        return dict(self.acm.describe_certificate(CertificateArn=arn)["Certificate"])

    def change(self, action: str, name: str, type_: str, *values: str, **more: Any) -> None:
        record = {"Name": name, "Type": type_, **more}
        if values:
            record |= {"TTL": 60, "ResourceRecords": [{"Value": value} for value in values]}
        self.route53.change_resource_record_sets(
            HostedZoneId=self.zone, ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": record}]}
        )

    def records(self) -> dict[str, str]:
        """Name to type of what was added to the zone."""
        listed = self.route53.list_resource_record_sets(HostedZoneId=self.zone)["ResourceRecordSets"]
        return {record["Name"]: record["Type"] for record in listed if record["Type"] not in ("NS", "SOA")}

    def alias(self, target: str, zone: str) -> None:
        wanted = {"DNSName": target, "HostedZoneId": zone, "EvaluateTargetHealth": True}
        self.change("CREATE", "*.example.com", "A", AliasTarget=wanted)

    def validate(self, arn: str) -> None:
        record = self.describe(arn)["DomainValidationOptions"][0]["ResourceRecord"]
        self.change("CREATE", record["Name"], record["Type"], record["Value"])

    def load_balancer(self) -> dict[str, Any]:
        return dict(self.elb.create_load_balancer(Name="front", Subnets=self.subnets)["LoadBalancers"][0])

    def listener(self, balancer: str, *certificates: str, **more: Any) -> str:
        if certificates:
            more["Certificates"] = [{"CertificateArn": arn} for arn in certificates]
        wanted = {"Protocol": "HTTPS", "Port": 443, "DefaultActions": ANSWER, **more}
        return str(self.elb.create_listener(LoadBalancerArn=balancer, **wanted)["Listeners"][0]["ListenerArn"])


def be_strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes moto as strict as AWS until the test ends."""
    for owner, name, value in strictness.PATCHES:
        monkeypatch.setattr(owner, name, value, raising=False)


@contextmanager
def strict_account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """A new account; moto is its lax self again afterwards."""
    # moto would make 1300 images for each account.
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    be_strict(monkeypatch)
    made = key()
    monkeypatch.setattr(rsa, "generate_private_key", lambda **_: made)
    with mock_aws():
        yield Account()
