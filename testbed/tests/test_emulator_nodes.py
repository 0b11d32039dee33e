"""The instances that a cluster's nodes run on."""

from __future__ import annotations

import pytest

from testbed.emulator import nodes
from testbed.tests.aws_account import strict_account


def test_an_instance_has_the_nodes_id_and_its_interface_the_addresses_of_the_pods(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with strict_account(monkeypatch) as account:
        group = account.ec2.create_security_group(GroupName="nodes", Description="x", VpcId=account.vpc)["GroupId"]
        wanted = "i-0a000000000000001"
        for _ in range(2):
            nodes.ensure("us-east-1", wanted, account.subnets[1], group, "10.244.0.0/16")
        found = [
            instance
            for reservation in account.ec2.describe_instances()["Reservations"]
            for instance in reservation["Instances"]
        ]
        (interface,) = found[0]["NetworkInterfaces"]
        assert [instance["InstanceId"] for instance in found] == [wanted]
        assert found[0]["VpcId"] == account.vpc
        assert found[0]["Placement"]["AvailabilityZone"] == "us-east-1b"
        assert [each["GroupId"] for each in interface["Groups"]] == [group]
        assert interface["Ipv4Prefixes"] == [{"Ipv4Prefix": "10.244.0.0/16"}]
        assert account.ec2.describe_instances(InstanceIds=[wanted])["Reservations"][0]["Instances"] == found
