"""SSH on Docker Compose: what AWS gets of it on the engine, with the files for the instance left to their owner."""

from __future__ import annotations

import base64
import json
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from testbed.compose import network
from testbed.compose.network import ComposePlatform
from testbed.emulator import client as emulator
from testbed.required import is_required
from tests.engine.install import ZONE
from tests.engine.stack import Stack

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("one_compose_stack"),
    pytest.mark.skipif(
        not shutil.which("ssh-keygen") and not is_required("ssh"),
        reason="ssh-keygen is missing: install Debian's openssh-client",
    ),
]


@dataclass
class World:
    platform: ComposePlatform
    stack: Stack
    balancer: dict[str, Any]
    environment: dict[str, str]

    def client(self, service: str) -> Any:
        return emulator.client(service, self.environment)

    def ssh_rules(self) -> list[dict[str, Any]]:
        """The rules at port 2222 of the instance's group."""
        groups = self.client("ec2").describe_security_groups(GroupIds=[self.platform.instance_security_group])
        return [rule for rule in groups["SecurityGroups"][0]["IpPermissions"] if rule.get("FromPort") == 2222]


@pytest.fixture(scope="module")
def world(
    environment: dict[str, str], one_compose_stack: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    name = f"ssh-{secrets.token_hex(2)}"
    platform = network.create(name, environment)
    elb = emulator.client("elbv2", environment)
    zones = elb.describe_load_balancers(LoadBalancerArns=[platform.load_balancer_arn])["LoadBalancers"][0]
    subnets = [zone["SubnetId"] for zone in zones["AvailabilityZones"]]
    (balancer,) = elb.create_load_balancer(Name=f"{name}-nlb", Type="network", Subnets=subnets)["LoadBalancers"]
    config = {
        "aws:region": environment["AWS_REGION"],
        "target": "compose",
        "platformUrl": f"https://{name}.{ZONE}",
        "platformVersion": "26.2",
        "hostedZone": ZONE,
        "composeFolder": "/opt/seqera",
        "delivery": "files",
        "instanceId": platform.instance_id,
        "loadBalancer": name,
        "ssh": True,
        "sshClientCidrs": ["203.0.113.0/24"],
        "sshLoadBalancer": balancer["LoadBalancerName"],
    }
    stack = Stack(name, tmp_path_factory.mktemp("stack"), environment, config).create()
    try:
        stack.up().ok()
        yield World(platform, stack, balancer, environment)
    finally:
        stack.destroy()
        stack.remove()
        elb.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
        network.remove(platform, environment)


def test_the_given_load_balancer_leads_to_the_instance_and_keeps_client_addresses(world: World) -> None:
    elb = world.client("elbv2")
    (listener,) = elb.describe_listeners(LoadBalancerArn=world.balancer["LoadBalancerArn"])["Listeners"]
    assert (listener["Port"], listener["Protocol"]) == (2222, "TCP")
    arn = listener["DefaultActions"][0]["TargetGroupArn"]
    (group,) = elb.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
    assert (group["Protocol"], group["Port"], group["HealthCheckProtocol"]) == ("TCP", 2222, "TCP")
    attributes = elb.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
    assert {"Key": "preserve_client_ip.enabled", "Value": "true"} in attributes
    targets = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    assert [each["Target"]["Id"] for each in targets] == [world.platform.instance_id]


def test_the_instance_lets_in_the_clients_and_the_checks_of_the_load_balancer(world: World) -> None:
    ec2 = world.client("ec2")
    subnets = [zone["SubnetId"] for zone in world.balancer["AvailabilityZones"]]
    networks = {each["CidrBlock"] for each in ec2.describe_subnets(SubnetIds=subnets)["Subnets"]}
    let_in = {each["CidrIp"] for rule in world.ssh_rules() for each in rule["IpRanges"]}
    assert let_in == {"203.0.113.0/24", *networks}


def test_the_record_leads_to_it(world: World) -> None:
    route53 = world.client("route53")
    zones = route53.list_hosted_zones_by_name(DNSName=ZONE)["HostedZones"]
    zone = next(each["Id"] for each in zones if each["Name"] == f"{ZONE}.")
    records = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    (record,) = (each for each in records if each["Name"] == f"connect-ssh.{world.stack.name}.{ZONE}.")
    assert record["AliasTarget"]["DNSName"].rstrip(".") == world.balancer["DNSName"]


def test_the_files_have_the_host_key_its_fingerprint_and_the_port(world: World, tmp_path: Path) -> None:
    outputs = world.stack.outputs("--show-secrets")
    files = json.loads(outputs["bundle"])["files"]
    variables = dict(line.split("=", 1) for line in files["data-studios.env"].splitlines())
    assert (variables["CONNECT_SSH_ENABLED"], variables["CONNECT_SSH_ADDR"]) == ("true", ":2222")
    key = tmp_path / "key"
    key.touch(mode=0o600)
    key.write_bytes(base64.b64decode(variables["CONNECT_SSH_KEY_VALUE_BASE64"]))
    printed = subprocess.run(["ssh-keygen", "-lf", str(key)], capture_output=True, text=True, check=True).stdout
    fingerprint = printed.split()[1]
    assert outputs["sshHostKeyFingerprint"] == fingerprint
    assert f"TOWER_DATA_STUDIO_CONNECT_SSH_KEY_FINGERPRINT={fingerprint}" in files["tower-studios.env"]
    assert "2222:2222" in files["docker-compose.override.yml"]


def test_nothing_is_left_to_change_and_without_the_load_balancer_clients_reach_the_instance(world: World) -> None:
    assert world.stack.preview().changes == {}
    told = world.stack.set(sshLoadBalancer=None).up().ok().text
    assert f"point connect-ssh.{world.stack.name}.{ZONE} at the instance" in told
    assert (
        world.client("elbv2").describe_listeners(LoadBalancerArn=world.balancer["LoadBalancerArn"])["Listeners"] == []
    )
    assert [each["CidrIp"] for rule in world.ssh_rules() for each in rule["IpRanges"]] == ["203.0.113.0/24"]


def test_a_load_balancer_that_carries_no_ssh_is_refused_before_anything_is_made(world: World) -> None:
    refused = world.stack.set(sshLoadBalancer=world.stack.name).preview_text()
    assert refused.code != 0
    assert "must be a network load balancer, and is one of type application" in refused.text
    missing = world.stack.set(sshLoadBalancer="no-such").preview_text()
    assert "is not in account" in missing.text
