"""The hosted zone that a stack names is looked for before anything is made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from settings.errors import SettingsError
from settings.parsing import parse_settings
from survey.aws import AwsAccess, AwsAccount
from survey.dns import HostedZone, find_zone

from .conftest import LEAST


@pytest.fixture
def route53(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield boto3.client("route53", region_name="us-east-1")


def zone(route53: Any, name: str, *, private: bool = False) -> str:
    """Makes a hosted zone; returns its id."""
    network = {"VPC": {"VPCRegion": "us-east-1", "VPCId": "vpc-1"}} if private else {}
    count = len(route53.list_hosted_zones()["HostedZones"])
    made = route53.create_hosted_zone(
        Name=name, CallerReference=str(count), HostedZoneConfig={"PrivateZone": private, "Comment": ""}, **network
    )
    return str(made["HostedZone"]["Id"]).rpartition("/")[2]


def find(**changes: object) -> HostedZone:
    return find_zone(AwsAccount(AwsAccess(region="us-east-1")), parse_settings({**LEAST, **changes}))


def refused(**changes: object) -> str:
    with pytest.raises(SettingsError) as caught:
        find(**changes)
    (problem,) = caught.value.problems
    return str(problem)


def test_the_public_zone_of_a_name_is_found_beside_its_private_twin(route53: Any) -> None:
    zone(route53, "example.com", private=True)
    made = zone(route53, "example.com")
    assert find() == HostedZone(made, "example.com", private=False)


def test_a_zone_is_found_by_its_id(route53: Any) -> None:
    made = zone(route53, "example.com")
    settings = parse_settings({**LEAST, "hostedZone": None, "hostedZoneId": "Z0123456789ABCDEFGHIJ"})
    # moto's ids are no real ones.
    found = find_zone(AwsAccount(AwsAccess(region="us-east-1")), settings.model_copy(update={"hosted_zone_id": made}))
    assert found == HostedZone(made, "example.com", private=False)


def test_a_zone_that_is_not_there_is_told_with_those_that_are(route53: Any) -> None:
    zone(route53, "example.net")
    settings = {"platformUrl": "https://odd.example.net", "hostedZone": "odd.example.net"}
    assert refused(**settings) == (
        'seqera-studios:hostedZone: "odd.example.net" is not a hosted zone of account 123456789012; it has example.net'
    )


def test_an_account_without_a_zone_is_told_so(route53: Any) -> None:
    assert refused() == (
        'seqera-studios:hostedZone: "example.com" is not a hosted zone of account 123456789012; it has no public one'
    )


def test_a_message_lists_ten_zones_and_counts_the_others(route53: Any) -> None:
    for number in range(12):
        zone(route53, f"z{number:02}.example.org")
    assert refused().endswith("; it has " + ", ".join(f"z{n:02}.example.org" for n in range(10)) + " and 2 more")


def test_several_public_zones_of_one_name_are_told_apart_by_their_ids(route53: Any) -> None:
    ids = [zone(route53, "example.com"), zone(route53, "example.com")]
    listed = refused()
    assert set(ids) <= set(listed.partition("123456789012: ")[2].partition(";")[0].split(", "))
    assert listed.startswith('seqera-studios:hostedZone: "example.com" is the name of 2 public hosted zones of account')
    assert "write the id of the right one: pulumi config rm hostedZone, and pulumi config set hostedZoneId " in listed


def test_a_private_zone_only_is_refused(route53: Any) -> None:
    zone(route53, "example.com", private=True)
    zone(route53, "example.net")
    assert refused() == (
        'seqera-studios:hostedZone: "example.com" is only the name of a private hosted zone of account 123456789012; '
        "write a public one; it has example.net"
    )


def test_an_id_that_is_not_there_is_told_with_the_ids_that_are(route53: Any) -> None:
    made = zone(route53, "example.net")
    assert refused(hostedZone=None, hostedZoneId="Z0123456789ABCDEFGHIJ") == (
        'seqera-studios:hostedZoneId: "Z0123456789ABCDEFGHIJ" is not the id of a hosted zone of account 123456789012; '
        f"it has example.net ({made})"
    )
