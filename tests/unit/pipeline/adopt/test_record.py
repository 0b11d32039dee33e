"""A CNAME at the sessions' host becomes an alias to the same load balancer in one change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from pipeline.adopt.record import ConversionError, make_alias, session_record
from settings.parsing import parse_settings

from .conftest import VALUES

SETTINGS = parse_settings(VALUES)
NAME = "*.example.com."


@pytest.fixture
def route53() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("route53", region_name="us-east-1")


def zone_with(route53: Any, **record: Any) -> str:
    zone: str = route53.create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"]
    if record:
        change = {"Action": "CREATE", "ResourceRecordSet": {"Name": NAME, **record}}
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})
    return zone


def load_balancer() -> tuple[Any, dict[str, Any]]:
    ec2 = boto3.client("ec2", region_name="us-east-1")
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"][:2]]
    elb = boto3.client("elbv2", region_name="us-east-1")
    made: dict[str, Any] = elb.create_load_balancer(Name="platform", Subnets=subnets)["LoadBalancers"][0]
    return elb, made


def test_a_cname_becomes_an_alias_to_the_same_load_balancer(route53: Any) -> None:
    elb, balancer = load_balancer()
    values = [{"Value": f"dualstack.{balancer['DNSName']}."}]
    zone = zone_with(route53, Type="CNAME", TTL=60, ResourceRecords=values)
    record = session_record(route53, SETTINGS)
    assert record is not None
    assert record.form == "other"
    make_alias(route53, elb, record)
    after = session_record(route53, SETTINGS)
    assert after is not None
    assert after.form == "alias"
    assert after.target == balancer["DNSName"]
    names = [each["Type"] for each in route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]]
    assert "CNAME" not in names


def test_a_cname_to_elsewhere_is_left_as_it_is(route53: Any) -> None:
    zone_with(route53, Type="CNAME", TTL=60, ResourceRecords=[{"Value": "d111111abcdef8.cloudfront.net"}])
    record = session_record(route53, SETTINGS)
    assert record is not None
    elb = boto3.client("elbv2", region_name="us-east-1")
    with pytest.raises(
        ConversionError, match=r"leads to d111111abcdef8\.cloudfront\.net, which is not a load balancer"
    ):
        make_alias(route53, elb, record)
    assert session_record(route53, SETTINGS) == record


def test_no_zone_and_no_record_is_no_record(route53: Any) -> None:
    assert session_record(route53, SETTINGS) is None
    zone_with(route53)
    assert session_record(route53, SETTINGS) is None
