"""The record of the sessions as the stack's zone has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from settings.model import Settings

_ADDRESSES = ("A", "CNAME")

Form = Literal["alias", "other"]


@dataclass(frozen=True)
class SessionRecord:
    """A record at the sessions' host.

    Args:
        zone_id: of its zone.
        live: as Route 53 has it.
    """

    zone_id: str
    live: Mapping[str, Any]

    @property
    def form(self) -> Form:
        """Whether it is what the stack makes, or something else, such as a CNAME."""
        return "alias" if "AliasTarget" in self.live and self.live["Type"] == "A" else "other"

    @property
    def target(self) -> str:
        """Where it leads."""
        values = [each["Value"] for each in self.live.get("ResourceRecords") or []]
        return str(values[0] if values else self.live["AliasTarget"]["DNSName"]).rstrip(".")


class ConversionError(Exception):
    """Why a record can't become an alias, for the user to read."""


def session_record(route53: Any, settings: Settings) -> SessionRecord | None:
    """The record; None where there is none, or where these credentials find none."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        zone_id = settings.hosted_zone_id or _zone_called(route53, settings.hosted_zone)
        if zone_id is None:
            return None
        answer = route53.list_resource_record_sets(
            HostedZoneId=zone_id, StartRecordName=settings.session_host, MaxItems="10"
        )
    except (BotoCoreError, ClientError):
        return None
    for each in answer["ResourceRecordSets"]:
        if each["Name"].rstrip(".").replace("\\052", "*") == settings.session_host and each["Type"] in _ADDRESSES:
            return SessionRecord(zone_id, each)
    return None


def make_alias(route53: Any, elb: Any, record: SessionRecord) -> None:
    """Makes an alias of a CNAME, in one change: it leads to the same load balancer, and the name never lacks a record.

    Raises:
        ConversionError: it leads to no load balancer of this account.
    """
    pages = elb.get_paginator("describe_load_balancers").paginate()
    found = (each for page in pages for each in page["LoadBalancers"])
    target = record.target.removeprefix("dualstack.").lower()
    balancer = next((each for each in found if each.get("DNSName", "").lower() == target), None)
    if balancer is None:
        raise ConversionError(
            f"the record {record.live['Name'].rstrip('.')} leads to {record.target}, which is not a load balancer of "
            "this account and region; write sessionRecord: existing, and change it yourself after the next up"
        )
    alias = {
        "DNSName": balancer["DNSName"],
        "HostedZoneId": balancer["CanonicalHostedZoneId"],
        "EvaluateTargetHealth": False,
    }
    changes = [
        {"Action": "DELETE", "ResourceRecordSet": record.live},
        {
            "Action": "CREATE",
            "ResourceRecordSet": {"Name": record.live["Name"], "Type": "A", "AliasTarget": alias},
        },
    ]
    route53.change_resource_record_sets(HostedZoneId=record.zone_id, ChangeBatch={"Changes": changes})


def _zone_called(route53: Any, name: str | None) -> str | None:
    if name is None:
        return None
    for zone in route53.list_hosted_zones_by_name(DNSName=name)["HostedZones"]:
        if zone["Name"].rstrip(".") == name and not zone.get("Config", {}).get("PrivateZone"):
            return str(zone["Id"]).rpartition("/")[2]
    return None
