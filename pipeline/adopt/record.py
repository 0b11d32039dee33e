"""The record of the sessions as the stack's zone has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from settings.errors import SettingsError
from settings.model import Settings
from survey.aws import AwsAccount
from survey.aws_errors import AwsError
from survey.dns import find_zones

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


def session_record(account: AwsAccount, settings: Settings) -> SessionRecord | None:
    """The record; None where there is none, or where these credentials find none.

    Args:
        account: whoever may look into the zones: with ``hostedZoneRoleArn`` that of the role.
        settings: of the stack.
    """
    try:
        zone = find_zones(account, settings).record
        found = [] if zone is None else _records_from(account, zone.id, settings.session_host)
    except (AwsError, SettingsError):
        return None
    for each in found:
        is_there = each["Name"].rstrip(".").replace("\\052", "*") == settings.session_host
        if zone is not None and is_there and each["Type"] in _ADDRESSES:
            return SessionRecord(zone.id, each)
    return None


def alias_is_there(account: AwsAccount, zone_id: str, name: str, kind: str) -> bool:
    """Whether a zone has an alias of that name and type.

    Raises:
        AwsError: it can't be looked up.
    """
    return any(
        "AliasTarget" in each and each["Name"].rstrip(".").replace("\\052", "*") == name and each["Type"] == kind
        for each in _records_from(account, zone_id, name)
    )


def _records_from(account: AwsAccount, zone_id: str, name: str) -> list[Any]:
    return account.call(
        "route53",
        "list_resource_record_sets",
        lambda answer: list(answer["ResourceRecordSets"]),
        HostedZoneId=zone_id,
        StartRecordName=name,
        MaxItems="10",
    )
