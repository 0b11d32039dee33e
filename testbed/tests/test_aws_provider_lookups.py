"""The configuration of the AWS stand-in, and its functions."""

from __future__ import annotations

import pytest

from testbed.plugins.aws import config
from testbed.plugins.aws.provider import AwsProvider
from testbed.plugins.aws.session import go_duration
from testbed.plugins.provider import UNKNOWN, ProviderError
from testbed.tests.aws_account import Account, configured


@pytest.fixture
def aws(account: Account) -> AwsProvider:
    return configured()


def test_a_zone_is_found_by_name_with_or_without_the_dot(aws: AwsProvider, account: Account) -> None:
    for name in ("example.com", "example.com."):
        zone = aws.invoke("aws:route53/getZone:getZone", {"name": name})
        assert f"/hostedzone/{zone['zoneId']}" == account.zone
        assert zone["name"] == "example.com"
        assert len(zone["nameServers"]) == 4


def test_no_zone_and_two_zones_are_errors(aws: AwsProvider, account: Account) -> None:
    with pytest.raises(ProviderError, match=r"^no matching Route 53 Hosted Zone found$"):
        aws.invoke("aws:route53/getZone:getZone", {"name": "example.org"})
    account.route53.create_hosted_zone(Name="example.com.", CallerReference="y")
    with pytest.raises(ProviderError, match=r"^multiple Route 53 Hosted Zones matched; use additional constraints"):
        aws.invoke("aws:route53/getZone:getZone", {"name": "example.com"})


@pytest.mark.parametrize(
    ("args", "zone"),
    [
        ({}, "Z35SXDOTRQ7X7K"),
        ({"region": "eu-west-1"}, "Z32O12XQLNTSW2"),
        ({"loadBalancerType": "network"}, "Z26RNL4JYFTOTI"),
    ],
)
def test_the_hosted_zone_of_a_regions_load_balancers_is_known(
    aws: AwsProvider, args: dict[str, str], zone: str
) -> None:
    assert aws.invoke("aws:lb/getHostedZoneId:getHostedZoneId", args)["id"] == zone


@pytest.mark.parametrize("key", ["allowedAccountIds", "forbiddenAccountIds"])
def test_an_account_that_is_not_allowed_is_refused(account: Account, key: str) -> None:
    ids = '["000000000000"]' if key == "allowedAccountIds" else '["123456789012"]'
    with pytest.raises(ProviderError, match=r"^AWS account ID not allowed: 123456789012$"):
        configured(**{key: ids})


def test_a_role_is_assumed(account: Account) -> None:
    role = "arn:aws:iam::123456789012:role/deployer"
    provider = configured(assumeRoles=f'[{{"roleArn": "{role}", "sessionName": "me", "duration": "1h"}}]')
    assert provider._session is not None
    identity = provider._session.client("sts", "us-east-1").get_caller_identity()
    assert identity["Arn"] == "arn:aws:sts::123456789012:assumed-role/deployer/me"


def test_ignored_tags_are_not_ours(account: Account) -> None:
    provider = configured(ignoreTags='{"keys": ["a"], "keyPrefixes": ["b-"]}')
    tags = [{"Key": key, "Value": "x"} for key in ("a", "b-1", "c")]
    zone = account.zone.rpartition("/")[2]
    account.route53.change_tags_for_resource(ResourceType="hostedzone", ResourceId=zone, AddTags=tags)
    assert provider.invoke("aws:route53/getZone:getZone", {"name": "example.com"})["tags"] == {"c": "x"}


def test_a_configuration_that_is_wrong_is_refused_key_by_key() -> None:
    faults = config.check(
        {
            "regio": "us-east-1",
            "allowedAccountIds": "123456789012",
            "maxRetries": "many",
            "defaultTags": '{"tagss": {}}',
            "assumeRoles": '[{"roleArm": "x"}]',
            "version": "7.0.0",
        }
    )
    assert {fault.property: fault.reason for fault in faults} == {
        "regio": "unknown property 'regio'; did you mean 'region'?",
        "allowedAccountIds": "expected a list, got int",
        "maxRetries": "expected JSON of a int, got a string that is none",
        "defaultTags.tagss": "unknown property 'tagss'; did you mean 'tags'?",
        "assumeRoles.roleArm": "unknown property 'roleArm'; did you mean 'roleArn'?",
    }


def test_a_preview_with_an_unknown_region_makes_no_call() -> None:
    provider = AwsProvider()
    provider.configure({"region": UNKNOWN})
    with pytest.raises(ProviderError, match=r"^the AWS provider is not configured"):
        provider.invoke("aws:lb/getHostedZoneId:getHostedZoneId", {})


@pytest.mark.parametrize(("seconds", "text"), [(4500, "1h15m0s"), (90, "1m30s"), (2, "2s")])
def test_a_duration_reads_as_the_official_provider_prints_it(seconds: float, text: str) -> None:
    assert go_duration(seconds) == text
