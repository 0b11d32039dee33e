"""A record of another owner is replaced in one change, and comes back in one change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from components.record_as_found import RecordAsFoundProvider, make_way
from survey.aws import AwsAccess, AwsAccount
from survey.aws_errors import AwsError
from testbed.emulator import route53 as strict
from testbed.tests.aws_account import Account, strict_account

PROVIDER = RecordAsFoundProvider()
ACCOUNT = AwsAccount(AwsAccess(region="us-east-1"))
NAME, OURS, NEWER = (
    "*.example.com",
    "k8s-studios-1.us-east-1.elb.amazonaws.com",
    "k8s-shared-2.us-east-1.elb.amazonaws.com",
)
ELB = "Z35SXDOTRQ7X7K"


def plain(kind: str, *values: str) -> dict[str, Any]:
    return {"Name": NAME, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value} for value in values]}


def alias(target: str, kind: str = "A") -> dict[str, Any]:
    leads = {"HostedZoneId": ELB, "DNSName": target, "EvaluateTargetHealth": False}
    return {"Name": NAME, "Type": kind, "AliasTarget": leads}


CNAME = plain("CNAME", "old-lb.us-east-1.elb.amazonaws.com")
FOUND: dict[str, list[dict[str, Any]]] = {
    "nothing": [],
    "a CNAME": [CNAME],
    "an A record": [plain("A", "192.0.2.7", "192.0.2.8")],
    "an alias": [alias("old-lb.us-east-1.elb.amazonaws.com")],
    "an alias of the same load balancer": [
        {
            **alias(f"dualstack.{OURS}"),
            "AliasTarget": {**alias(f"dualstack.{OURS}")["AliasTarget"], "EvaluateTargetHealth": True},
        }
    ],
    "the same alias": [alias(OURS)],
    "an A and an AAAA record": [plain("A", "192.0.2.7"), plain("AAAA", "2001:db8::7")],
}


class Zone:
    """The zone, and the changes that were made in it."""

    def __init__(self, account: Account) -> None:
        self.route53, self.id = account.route53, account.zone.rpartition("/")[2]
        self.props = {
            "zone_id": self.id,
            "record_name": NAME,
            "load_balancer_hostname": OURS,
            "region": "us-east-1",
            "profile": "",
            "role_arn": "",
            "external_id": "",
        }

    def change(self, action: str, *records: dict[str, Any]) -> None:
        changes = [{"Action": action, "ResourceRecordSet": each} for each in records]
        if changes:
            self.route53.change_resource_record_sets(HostedZoneId=self.id, ChangeBatch={"Changes": changes})

    def records(self) -> list[dict[str, Any]]:
        listed = self.route53.list_resource_record_sets(HostedZoneId=self.id)["ResourceRecordSets"]
        found = [{**each, "Name": each["Name"].rstrip(".").replace("\\052", "*")} for each in listed]
        for each in found:
            if "AliasTarget" in each:
                each["AliasTarget"]["DNSName"] = each["AliasTarget"]["DNSName"].rstrip(".")
        return [each for each in found if each["Name"] == NAME]

    def take_over(self) -> dict[str, Any]:
        """As an `up` does: recorded, and replaced."""
        outs = PROVIDER.create(self.props).outs
        assert outs is not None
        make_way(ACCOUNT, self.id, NAME, alias(OURS))
        self.change("UPSERT", alias(OURS))
        return outs


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Zone]:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with strict_account(monkeypatch) as account:
        # No load balancer is there for the aliases to lead to.
        monkeypatch.setattr(strict, "_alias_fault", lambda *_: None)
        yield Zone(account)


@pytest.mark.parametrize("found", FOUND)
def test_what_was_there_is_replaced_by_the_alias_and_comes_back(zone: Zone, found: str) -> None:
    zone.change("CREATE", *FOUND[found])
    before = zone.records()
    state = zone.take_over()
    assert zone.records() == [alias(OURS)]
    PROVIDER.delete("id", state)
    assert zone.records() == before
    PROVIDER.delete("id", state)
    assert zone.records() == before


def test_an_alias_of_a_load_balancer_that_is_gone_by_now_does_not_come_back(
    zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone.change("CREATE", alias("old-lb.us-east-1.elb.amazonaws.com"), plain("AAAA", "2001:db8::7"))
    state = zone.take_over()
    gone = "Tried to create an alias that targets old-lb.us-east-1.elb.amazonaws.com., but that target was not found"
    monkeypatch.setattr(
        strict, "_alias_fault", lambda _, record: gone if "old-lb" in str(record.alias_target) else None
    )
    PROVIDER.delete("id", state)
    assert zone.records() == [plain("AAAA", "2001:db8::7")]


def test_another_refusal_of_what_comes_back_is_told_and_leaves_the_record(
    zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone.change("CREATE", CNAME)
    state = zone.take_over()
    monkeypatch.setattr(strict, "_fault", lambda *_: "a limit of the zone is reached")
    with pytest.raises(AwsError):
        PROVIDER.delete("id", state)
    assert zone.records() == [alias(OURS)]


def test_an_up_that_was_killed_after_the_change_goes_on(zone: Zone) -> None:
    zone.change("CREATE", CNAME)
    state = zone.take_over()
    make_way(ACCOUNT, zone.id, NAME, alias(OURS))
    assert zone.records() == [alias(OURS)]
    PROVIDER.delete("id", state)
    assert [each["Type"] for each in zone.records()] == ["CNAME"]


def test_an_up_that_was_killed_before_the_change_leaves_the_record(zone: Zone) -> None:
    zone.change("CREATE", CNAME)
    before = zone.records()
    outs = PROVIDER.create(zone.props).outs
    assert outs is not None
    PROVIDER.delete("id", outs)
    assert zone.records() == before


def test_an_alias_of_the_same_load_balancer_stays_where_the_change_never_came(zone: Zone) -> None:
    found = [alias(f"dualstack.{OURS}"), alias(OURS, "AAAA")]
    zone.change("CREATE", *found)
    before = zone.records()
    outs = PROVIDER.create(zone.props).outs
    assert outs is not None
    PROVIDER.delete("id", outs)
    assert zone.records() == before


def test_an_aaaa_alias_of_the_same_load_balancer_is_left_beside_the_stacks_own_record(zone: Zone) -> None:
    zone.change("CREATE", alias(f"dualstack.{OURS}"), alias(OURS, "AAAA"))
    before = zone.records()
    state = zone.take_over()
    assert zone.records() == [alias(OURS), alias(OURS, "AAAA")]
    PROVIDER.delete("id", state)
    assert zone.records() == before


def test_a_move_to_another_load_balancer_still_gives_the_first_record_back(zone: Zone) -> None:
    zone.change("CREATE", CNAME)
    state = zone.take_over()
    moved = {**zone.props, "load_balancer_hostname": NEWER}
    assert PROVIDER.diff("id", state, moved).changes
    assert not PROVIDER.diff("id", state, zone.props).changes
    outs = PROVIDER.update("id", state, moved).outs
    assert outs is not None
    assert outs["ours"] == [OURS, NEWER]
    zone.change("UPSERT", alias(NEWER))
    PROVIDER.delete("id", outs)
    assert [each["Type"] for each in zone.records()] == ["CNAME"]


def test_what_its_owner_has_written_since_stays(zone: Zone) -> None:
    zone.change("CREATE", CNAME)
    state = zone.take_over()
    zone.change("UPSERT", plain("A", "192.0.2.9"))
    PROVIDER.delete("id", state)
    assert zone.records() == [plain("A", "192.0.2.9")]


def test_a_zone_that_is_gone_has_nothing_to_come_back(zone: Zone) -> None:
    state = zone.take_over()
    zone.change("DELETE", alias(OURS))
    zone.route53.delete_hosted_zone(Id=zone.id)
    PROVIDER.delete("id", state)


def test_another_name_or_zone_is_another_record(zone: Zone) -> None:
    state = zone.take_over()
    for key in ("zone_id", "record_name"):
        found = PROVIDER.diff("id", state, {**zone.props, key: "other"})
        assert (found.replaces, found.delete_before_replace) == ([key], True)
