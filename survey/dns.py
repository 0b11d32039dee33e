"""The public hosted zone that the records of Studios go into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from settings.errors import Problem, SettingsError
from settings.model import Settings
from settings.remedies import Remove, Write
from survey.aws import AwsAccount
from survey.aws_errors import AwsError

_MAX_LISTED = 10
"""As many zones are listed in a message; an account may have hundreds."""


@dataclass(frozen=True)
class HostedZone:
    """A hosted zone of Route 53: its id without a path, and its name without the last dot."""

    id: str
    name: str
    private: bool


def find_zone(account: AwsAccount, settings: Settings) -> HostedZone:
    """Looks up the zone of ``hostedZone`` or ``hostedZoneId``.

    Raises:
        SettingsError: it isn't there, isn't the only one of its name, isn't public, or can't be looked up.
    """
    if settings.hosted_zone_id is not None:
        return _by_id(account, settings.hosted_zone_id)
    return _by_name(account, settings.hosted_zone or "")


def _by_id(account: AwsAccount, zone_id: str) -> HostedZone:
    place = account.place
    try:
        return account.call("route53", "get_hosted_zone", _answered_zone, Id=zone_id)
    except AwsError as error:
        if error.code == "NoSuchHostedZone":
            message = f"is not the id of a hosted zone of {place}{_there(account)}"
        else:
            message = f"cannot be looked up: {error}"
        raise SettingsError([Problem("hostedZoneId", zone_id, message)]) from None


def _by_name(account: AwsAccount, name: str) -> HostedZone:
    place = account.place
    try:
        zones = zones_of(account)
    except AwsError as error:
        advice = "; or write hostedZoneId instead" if error.is_denied else ""
        raise SettingsError([Problem("hostedZone", name, f"cannot be looked up: {error}{advice}")]) from None
    same = [zone for zone in zones if zone.name == name]
    public = [zone for zone in same if not zone.private]
    if len(public) == 1:
        return public[0]
    if public:
        ids = ", ".join(zone.id for zone in public)
        message = (
            f"is the name of {len(public)} public hosted zones of {place}: {ids}; write the id of the right one: "
            f"{Remove('hostedZone')}, and {Write('hostedZoneId', public[0].id)}"
        )
    elif same:
        message = f"is only the name of a private hosted zone of {place}; write a public one{_listed(zones)}"
    else:
        message = f"is not a hosted zone of {place}{_listed(zones)}"
    raise SettingsError([Problem("hostedZone", name, message)])


def zones_of(account: AwsAccount) -> list[HostedZone]:
    """All zones of the account.

    Raises:
        AwsError: they cannot be listed.
    """
    return account.pages("route53", "list_hosted_zones", "HostedZones", _zone)


def _there(account: AwsAccount) -> str:
    try:
        return _listed(zones_of(account), with_ids=True)
    except AwsError:
        return ""


def _listed(zones: Sequence[HostedZone], *, with_ids: bool = False) -> str:
    public = sorted((zone for zone in zones if not zone.private), key=lambda zone: (zone.name, zone.id))
    if not public:
        return "; it has no public one"
    shown = [f"{zone.name} ({zone.id})" if with_ids else zone.name for zone in public[:_MAX_LISTED]]
    more = f" and {len(public) - _MAX_LISTED} more" if len(public) > _MAX_LISTED else ""
    return f"; it has {', '.join(dict.fromkeys(shown))}{more}"


def _answered_zone(answer: Mapping[str, Any]) -> HostedZone:
    return _zone(answer["HostedZone"])


def _zone(described: Mapping[str, Any]) -> HostedZone:
    return HostedZone(
        described["Id"].rpartition("/")[2],
        described["Name"].rstrip("."),
        bool((described.get("Config") or {}).get("PrivateZone")),
    )
