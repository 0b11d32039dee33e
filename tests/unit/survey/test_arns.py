"""ARNs of another partition or region are refused before anything is looked up by them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from settings.errors import SettingsError
from settings.parsing import parse_settings
from survey.arns import survey_arns
from survey.aws import AwsAccount

from .conftest import LEAST

COMPOSE = {
    "target": "compose",
    "platformUrl": "https://example.com",
    "platformVersion": "26.2",
    "instanceId": "i-0123456789abcdef0",
    "composeFolder": "/opt/seqera",
}
LISTENER = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/p/0123456789abcdef/0123456789abcdef"


def told(region: str, partition: str, settings: dict[str, Any]) -> list[str]:
    account = cast("AwsAccount", SimpleNamespace(region=region, partition=partition))
    try:
        survey_arns(account, parse_settings(settings))
    except SettingsError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_each_arn_of_another_region_is_refused_with_the_stacks() -> None:
    settings = {
        **COMPOSE,
        "loadBalancer": "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/p/0123456789abcdef",
        "listenerArn": LISTENER,
        "ssh": "true",
        "sshLoadBalancer": "arn:aws:elasticloadbalancing:us-east-2:111122223333:loadbalancer/net/p/0123456789abcdef",
        "sshClientCidrs": "203.0.113.0/24",
    }
    assert [each.partition(" is in ")[2] for each in told("eu-west-1", "aws", settings)] == [
        "us-east-1, and the stack in eu-west-1, by aws:region; write one of eu-west-1",
        "us-east-2, and the stack in eu-west-1, by aws:region; write one of eu-west-1",
    ]


@pytest.mark.parametrize(
    ("region", "partition"), [("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn"), ("aws-global", "aws")]
)
def test_an_arn_of_another_partition_can_not_be_reached(region: str, partition: str) -> None:
    arn = "arn:aws:iam::444455556666:role/dns-editor"
    said = [
        (
            f'seqera-studios:hostedZoneRoleArn: "{arn}" is of the partition aws, and aws:region, {region}, is of '
            f"{partition}: nothing there can be reached from here; write one that begins with arn:{partition}:"
        )
    ]
    assert told(region, partition, {**LEAST, "hostedZoneRoleArn": arn}) == ([] if partition == "aws" else said)


def test_the_arns_in_annotations_are_looked_at_too() -> None:
    name = "alb.ingress.kubernetes.io/wafv2-acl-arn"
    arn = "arn:aws:wafv2:us-east-1:111122223333:regional/webacl/a/b"
    settings = {**LEAST, "ingressAnnotations": f'{{"{name}": "{arn}", "example.com/owner": "us"}}'}
    assert told("us-east-1", "aws", settings) == []
    assert told("eu-west-1", "aws", settings) == [
        (
            f'seqera-studios:ingressAnnotations.{name}: "{arn}" is in us-east-1, and the stack in eu-west-1, by '
            "aws:region; write one of eu-west-1"
        )
    ]


def test_the_account_knows_the_partition_of_its_region() -> None:
    from survey.aws_access import AwsAccess

    assert AwsAccount(AwsAccess(region="cn-north-1")).partition == "aws-cn"
    assert AwsAccount(AwsAccess(region="us-gov-east-1")).partition == "aws-us-gov"
