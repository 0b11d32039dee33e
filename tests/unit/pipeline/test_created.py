"""The ids of what a creation would have made, as AWS has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from pipeline.created import find

REGION = "eu-west-1"
PROVIDER = {
    "urn": "urn:pulumi:prod::p::pulumi:providers:aws::default",
    "type": "pulumi:providers:aws",
    "id": "1",
    "inputs": {"region": REGION},
}


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    # The region has to be that of the provider in the state.
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield


def _find(kind: str, *state: dict[str, Any], **inputs: Any) -> str | None:
    return find({"type": kind, "inputs": inputs, "provider": f"{PROVIDER['urn']}::1"}, [PROVIDER, *state])


def _client(service: str) -> Any:
    return boto3.client(service, region_name=REGION)


def test_kubernetes_knows_an_object_by_its_name_and_namespace() -> None:
    assert _find("kubernetes:core/v1:Service", metadata={"name": "proxy", "namespace": "studios"}) == "studios/proxy"
    assert _find("kubernetes:core/v1:Namespace", metadata={"name": "studios"}) == "studios"


@pytest.mark.parametrize(
    ("kind", "inputs", "expected"),
    [
        ("route53/record:Record", {"zoneId": "Z1", "name": "*.A.com.", "type": "A"}, "Z1_*.a.com_A"),
        ("lb/listenerCertificate:ListenerCertificate", {"listenerArn": "l", "certificateArn": "c"}, "l_c"),
        ("iam/rolePolicy:RolePolicy", {"role": "instance", "name": "policy-1"}, "instance:policy-1"),
        ("ssm/document:Document", {"name": "script-1"}, "script-1"),
    ],
)
def test_some_ids_follow_from_the_inputs(kind: str, inputs: dict[str, str], expected: str) -> None:
    assert _find(f"aws:{kind}", **inputs) == expected


@pytest.mark.parametrize("kind", ["random:index/randomPassword:RandomPassword", "tls:index/privateKey:PrivateKey"])
def test_what_is_nowhere_but_in_the_state_is_made_again(kind: str) -> None:
    assert _find(kind, length=32) is None


def _certificate(stack: str, name: str = "*.example.com") -> str:
    arn: str = _client("acm").request_certificate(
        DomainName="example.com",
        SubjectAlternativeNames=["example.com", name],
        Tags=[{"Key": "pulumi:stack", "Value": stack}, {"Key": "team", "Value": "a"}],
    )["CertificateArn"]
    return arn


def test_a_certificate_is_known_by_its_names_and_the_tags_of_the_stack() -> None:
    kind = "aws:acm/certificate:Certificate"
    asked = {
        "domainName": "example.com",
        "subjectAlternativeNames": ["*.example.com"],
        "tags": {"pulumi:stack": "prod"},
    }
    _certificate("staging")
    _certificate("prod", "connect.example.com")
    assert _find(kind, **asked) is None
    first = _certificate("prod")
    assert _find(kind, **asked) == first
    assert _find(kind, {"urn": "u", "type": kind, "id": first}, **asked) is None


def _vpc() -> str:
    vpc: str = _client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return vpc


def test_an_ingress_rule_is_known_by_its_group_source_and_ports() -> None:
    ec2, vpc = _client("ec2"), _vpc()
    instance, balancer = (
        ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"] for name in ("i", "b")
    )
    asked = {
        "securityGroupId": instance,
        "referencedSecurityGroupId": balancer,
        "ipProtocol": "tcp",
        "fromPort": 9090,
        "toPort": 9090,
    }
    kind = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    assert _find(kind, **asked) is None
    rule = ec2.authorize_security_group_ingress(
        GroupId=instance,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 9090, "ToPort": 9090, "UserIdGroupPairs": [{"GroupId": balancer}]}
        ],
    )["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    assert _find(kind, **asked) == rule
    assert _find(kind, **{**asked, "fromPort": 80, "toPort": 80}) is None


def test_target_group_and_listener_rule_are_known_by_name_and_by_where_they_lead() -> None:
    elb, ec2, vpc = _client("elbv2"), _client("ec2"), _vpc()
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{i}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"][
            "SubnetId"
        ]
        for i, zone in enumerate("ab")
    ]
    balancer = elb.create_load_balancer(Name="platform", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    rejecting = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    listener = elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[rejecting])[
        "Listeners"
    ][0]["ListenerArn"]
    assert _find("aws:lb/targetGroup:TargetGroup", name="targets-1") is None
    group = elb.create_target_group(Name="targets-1", Protocol="HTTP", Port=9090, VpcId=vpc)["TargetGroups"][0][
        "TargetGroupArn"
    ]
    assert _find("aws:lb/targetGroup:TargetGroup", name="targets-1") == group
    asked = {"listenerArn": listener, "actions": [{"type": "forward", "targetGroupArn": group}]}
    assert _find("aws:lb/listenerRule:ListenerRule", **asked) is None
    rule = elb.create_rule(
        ListenerArn=listener,
        Priority=7,
        Conditions=[{"Field": "host-header", "Values": ["*.example.com"]}],
        Actions=[{"Type": "forward", "TargetGroupArn": group}],
    )["Rules"][0]["RuleArn"]
    assert _find("aws:lb/listenerRule:ListenerRule", **asked) == rule


def test_a_secret_is_known_by_its_name() -> None:
    assert _find("aws:secretsmanager/secret:Secret", name="bundle-1") is None
    arn = _client("secretsmanager").create_secret(Name="bundle-1", SecretString="{}")["ARN"]
    assert _find("aws:secretsmanager/secret:Secret", name="bundle-1") == arn


def test_an_association_is_known_by_the_document_that_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    class Ssm:
        """moto has no associations."""

        def get_paginator(self, operation: str) -> Ssm:
            assert operation == "list_associations"
            return self

        def paginate(self, **parameters: Any) -> list[dict[str, Any]]:
            asked.append(parameters)
            return [{"Associations": [{"AssociationId": "1234", "Name": "script-1"}]}]

    monkeypatch.setattr(boto3.Session, "client", lambda _self, _service: Ssm())
    assert _find("aws:ssm/association:Association", name="script-1") == "1234"
    assert json.dumps(asked) == '[{"AssociationFilterList": [{"key": "Name", "value": "script-1"}]}]'
