from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from testbed.loadbalancer.aws import Deployer
from testbed.loadbalancer.stack import Stack
from testbed.tests.ingresses import APEX, build, endpoint_slice, ingress, service

READING = ("Describe", "List", "Get")
#: One for all tests: it keeps the descriptions of the services, which take most of the time.
SESSION = boto3.session.Session("x", "x", region_name="us-east-1")


class Aws:
    """An account with a network and a certificate; ``changes`` are the names of the calls that were no reads."""

    def __init__(self) -> None:
        self.changes: list[str] = []
        self._clients: dict[str, Any] = {}
        ec2 = self.client("ec2")
        self.vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnets = tuple(
            ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"us-east-1{zone}")[
                "Subnet"
            ]["SubnetId"]
            for n, zone in enumerate("ab")
        )
        request = {"DomainName": "example.com", "ValidationMethod": "DNS"}
        self.certificate = self.client("acm").request_certificate(**request)["CertificateArn"]
        self.deployer = Deployer(self.client, "testbed")
        self.changes.clear()

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = SESSION.client(service)
            self._clients[service].meta.events.register("before-call", self._record)
        return self._clients[service]

    def _record(self, model: Any, **_: Any) -> None:
        if not model.name.startswith(READING):
            self.changes.append(model.name)

    def stack(self, **annotations: str) -> Stack:
        """HTTP redirected to HTTPS, and one rule to the pods of ``frontend``, with this account's ids."""
        given: dict[str, Any] = {
            "certificate_arn": APEX,
            "listen_ports": '[{"HTTP": 80}, {"HTTPS": 443}]',
            "ssl_redirect": "443",
            "target_type": "ip",
            **annotations,
        }
        slices = [endpoint_slice("frontend", ip10_0_0_5=True)]
        stack = build(ingress("front", **given), services=[service("frontend", "ClusterIP")], endpoint_slices=slices)
        listeners = tuple(
            replace(listener, certificates=(self.certificate,) if listener.certificates else ())
            for listener in stack.listeners
        )
        load_balancer = replace(stack.load_balancer, subnets=self.subnets)
        return replace(stack, vpc_id=self.vpc, load_balancer=load_balancer, listeners=listeners)

    def rules(self) -> list[Any]:
        elb = self.client("elbv2")
        [balancer] = elb.describe_load_balancers()["LoadBalancers"]
        listeners = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
        [https] = [listener for listener in listeners if listener["Port"] == 443]
        return list(elb.describe_rules(ListenerArn=https["ListenerArn"])["Rules"])


@pytest.fixture(scope="module")
def account() -> Iterator[Aws]:
    with mock_aws():
        yield Aws()


@pytest.fixture
def aws(account: Aws) -> Iterator[Aws]:
    account.changes.clear()
    yield account
    account.deployer.remove("ns/front")


def test_a_stack_becomes_a_load_balancer_with_listeners_rules_and_targets(aws: Aws) -> None:
    hostname = aws.deployer.apply(aws.stack(load_balancer_attributes="routing.http2.enabled=false"))

    elb = aws.client("elbv2")
    [balancer] = elb.describe_load_balancers()["LoadBalancers"]
    assert hostname == balancer["DNSName"].lower()
    attributes = elb.describe_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"])["Attributes"]
    assert {"Key": "routing.http2.enabled", "Value": "false"} in attributes
    [group] = elb.describe_target_groups()["TargetGroups"]
    assert (group["HealthCheckPath"], group["Matcher"], group["HealthCheckIntervalSeconds"]) == (
        "/",
        {"HttpCode": "200"},
        15,
    )
    health = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
    assert [(item["Target"]["Id"], item["Target"]["Port"]) for item in health] == [("10.0.0.5", 8081)]
    rule, default = aws.rules()
    assert (rule["Priority"], rule["Actions"][0]["TargetGroupArn"]) == ("1", group["TargetGroupArn"])
    assert default["Actions"][0]["FixedResponseConfig"]["StatusCode"] == "404"


def test_applying_the_same_stack_again_changes_nothing(aws: Aws) -> None:
    stack = aws.stack(load_balancer_attributes="idle_timeout.timeout_seconds=301", tags="Team=test")
    aws.deployer.apply(stack)
    aws.changes.clear()
    aws.deployer.apply(stack)
    assert aws.changes == []


@pytest.mark.parametrize(
    ("annotations", "changes"),
    [
        ({"load_balancer_attributes": "idle_timeout.timeout_seconds=600"}, ["ModifyLoadBalancerAttributes"]),
        ({"success_codes": "200-399"}, ["ModifyTargetGroup"]),
        ({"ssl_policy": "ELBSecurityPolicy-TLS13-1-2-2021-06"}, ["ModifyListener"]),
        ({"inbound_cidrs": "10.0.0.0/8"}, ["RevokeSecurityGroupIngress", "AuthorizeSecurityGroupIngress"]),
        ({"tags": "Team=test"}, ["AddTags"] * 5),
    ],
)
def test_a_change_touches_only_what_it_is_about(aws: Aws, annotations: dict[str, str], changes: list[str]) -> None:
    aws.deployer.apply(aws.stack())
    aws.changes.clear()
    aws.deployer.apply(aws.stack(**annotations))
    assert aws.changes == changes


def test_a_target_that_is_gone_is_deregistered(aws: Aws) -> None:
    stack = aws.stack()
    aws.deployer.apply(stack)
    aws.changes.clear()
    [group] = stack.target_groups
    aws.deployer.apply(replace(stack, target_groups=(replace(group, targets=frozenset({("10.0.0.6", 8081)})),)))
    assert aws.changes == ["DeregisterTargets", "RegisterTargets"]


def test_another_scheme_replaces_the_load_balancer(aws: Aws) -> None:
    aws.deployer.apply(aws.stack(subnets="subnet-a,subnet-b"))
    aws.deployer.apply(aws.stack(subnets="subnet-a,subnet-b", scheme="internal"))
    [balancer] = aws.client("elbv2").describe_load_balancers()["LoadBalancers"]
    assert balancer["Scheme"] == "internal"


def test_removing_a_stack_leaves_only_what_is_somebody_elses(aws: Aws) -> None:
    elb, ec2 = aws.client("elbv2"), aws.client("ec2")
    groups_before = {group["GroupId"] for group in ec2.describe_security_groups()["SecurityGroups"]}
    others = elb.create_load_balancer(Name="others", Subnets=list(aws.subnets))["LoadBalancers"][0]
    aws.deployer.apply(aws.stack(load_balancer_attributes="deletion_protection.enabled=true"))
    aws.deployer.remove("ns/front")
    names = [balancer["LoadBalancerName"] for balancer in elb.describe_load_balancers()["LoadBalancers"]]
    assert (names, elb.describe_target_groups()["TargetGroups"]) == (["others"], [])
    assert {group["GroupId"] for group in ec2.describe_security_groups()["SecurityGroups"]} == groups_before
    elb.delete_load_balancer(LoadBalancerArn=others["LoadBalancerArn"])
