"""The record at the sessions' host, in the zone that the stack's records go into."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from pipeline.adopt.record import alias_is_there, form_of_session_record
from settings.parsing import parse_settings
from survey.aws import AwsAccount
from survey.aws_access import AwsAccess

from .conftest import VALUES

SETTINGS = parse_settings(VALUES)
NAME = "*.example.com."


@pytest.fixture
def route53() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("route53", region_name="us-east-1")


def account() -> AwsAccount:
    return AwsAccount(AwsAccess(region="us-east-1"))


def zone_with(route53: Any, **record: Any) -> str:
    zone: str = route53.create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"]
    if record:
        change = {"Action": "CREATE", "ResourceRecordSet": {"Name": NAME, **record}}
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})
    return zone


def test_the_form_of_a_record_is_told(route53: Any) -> None:
    target = {"DNSName": "lb.us-east-1.elb.amazonaws.com", "HostedZoneId": "Z35SXDOTRQ7X7K"}
    zone = zone_with(route53, Type="A", AliasTarget={**target, "EvaluateTargetHealth": False})
    assert form_of_session_record(account(), SETTINGS) == "alias"
    assert alias_is_there(account(), zone, "*.example.com", "A")
    assert not alias_is_there(account(), zone, "*.example.com", "AAAA")


def test_no_zone_and_no_record_is_no_record(route53: Any) -> None:
    assert form_of_session_record(account(), SETTINGS) is None
    zone_with(route53)
    assert form_of_session_record(account(), SETTINGS) is None


def test_the_zone_that_no_setting_names_is_the_most_specific_one_that_holds_the_hosts(route53: Any) -> None:
    zone_with(route53, Type="CNAME", TTL=60, ResourceRecords=[{"Value": "d111111abcdef8.cloudfront.net"}])
    unnamed = parse_settings({key: value for key, value in VALUES.items() if key != "hostedZone"})
    assert form_of_session_record(account(), unnamed) == "other"
