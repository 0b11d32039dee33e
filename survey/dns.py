"""The hosted zones that the records of Studios go into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from settings import hosts
from settings.errors import Problem, SettingsError
from settings.model import Settings
from settings.model.dns import CREATE, NO_DNS
from settings.remedies import Remove, Write
from survey.aws import AwsAccount
from survey.aws_access import ZONES_ROLE, Role
from survey.aws_errors import AwsError

_MAX_LISTED = 10
"""As many zones are listed in a message; an account may have hundreds."""

_OF_THE_ROLE = (
    ". The role in hostedZoneRoleArn changes the public zone and the private one; write a private zone of its account. "
    "For one of the cluster's account: write certificateArn, for a certificate that exists, and remove "
    "hostedZoneRoleArn, hostedZone and hostedZoneId"
)


@dataclass(frozen=True)
class HostedZone:
    """A hosted zone of Route 53: its id without a path, and its name without the last dot."""

    id: str
    name: str
    private: bool


@dataclass(frozen=True)
class FoundZone:
    """A hosted zone that a survey has found, and the account that it is in."""

    zone: HostedZone
    account: AwsAccount

    @property
    def id(self) -> str:
        """The zone's id."""
        return self.zone.id


@dataclass(frozen=True)
class FoundZones:
    """The zones of a stack; each is None where the stack needs none.

    Args:
        validation: the public zone of the records that validate the certificate.
        record: the zone of the sessions' record: the same, or a private one.
    """

    validation: FoundZone | None = None
    record: FoundZone | None = None


def role_of_zones(settings: Settings) -> Role | None:
    """The role to assume for the zones, as the AWS provider writes it; None where they need no other one."""
    return zones_role(settings.hosted_zone_role_arn, settings.hosted_zone_external_id)


def zones_role(arn: str | None, external_id: str | None) -> Role | None:
    """The same, by its ARN and the external id that its trust policy asks for."""
    if arn is None:
        return None
    external = {} if external_id is None else {"externalId": external_id}
    return {"roleArn": arn, "sessionName": "studios-dns", **external}


def account_of_zones(account: AwsAccount, settings: Settings) -> AwsAccount:
    """The account with the rights to change the zones: with ``hostedZoneRoleArn`` that of the role."""
    role = role_of_zones(settings)
    return account if role is None else AwsAccount(account.access.assuming(role, ZONES_ROLE))


def find_zones(account: AwsAccount, settings: Settings) -> FoundZones:
    """Looks up the zones that the stack needs.

    Args:
        account: the account with the rights to change the zones: with ``hostedZoneRoleArn`` that of the role.
        settings: the stack's settings.

    Raises:
        SettingsError: one isn't there, isn't the only one of its name, doesn't hold the hosts, or can't be looked up.
    """
    in_private = settings.has_records and settings.private_hosted_zone_id is not None
    in_public = settings.has_records and not in_private
    public = FoundZone(find_zone(account, settings), account) if settings.validates_in_zone or in_public else None
    private = FoundZone(_private_zone(account, settings), account) if in_private else None
    return FoundZones(public if settings.validates_in_zone else None, private or (public if in_public else None))


def find_zone(account: AwsAccount, settings: Settings) -> HostedZone:
    """Looks up the zone of ``hostedZone`` or ``hostedZoneId``, or else the most specific one that holds the hosts.

    Raises:
        SettingsError: it isn't there, isn't the only one of its name, isn't public, or can't be looked up.
    """
    if settings.hosted_zone_id is not None:
        return _by_id(account, settings.hosted_zone_id, "hostedZoneId")
    if settings.hosted_zone is not None:
        return _by_name(account, settings.hosted_zone)
    has_ssh = settings.ssh and settings.ssh_record == CREATE and settings.private_hosted_zone_id is None
    return _holding(account, [*settings.zone_domains, *([settings.ssh_host] if has_ssh else [])])


def _private_zone(account: AwsAccount, settings: Settings) -> HostedZone:
    key, zone_id = "privateHostedZoneId", settings.private_hosted_zone_id or ""
    zone = _by_id(account, zone_id, key, "" if settings.hosted_zone_role_arn is None else _OF_THE_ROLE)
    host = settings.connect_host if settings.path_routing else settings.sessions_domain
    if not zone.private:
        message = f"is the public zone {zone.name}; write it in hostedZoneId, and here the private one"
    elif not hosts.is_within(host, zone.name):
        message = f"is the zone {zone.name}, which does not hold {host}; write one that does"
    else:
        return zone
    raise SettingsError([Problem(key, zone_id, message)])


def _by_id(account: AwsAccount, zone_id: str, key: str, advice: str = "") -> HostedZone:
    place = account.place
    try:
        return account.call("route53", "get_hosted_zone", _answered_zone, Id=zone_id)
    except AwsError as error:
        if error.code == "NoSuchHostedZone":
            message = f"is not the id of a hosted zone of {place}{_there(account)}{advice}"
        else:
            message = f"cannot be looked up: {error}"
        raise SettingsError([Problem(key, zone_id, message)]) from None


def _holding(account: AwsAccount, domains: Sequence[str]) -> HostedZone:
    """The public zone in which the world finds these names: that of the longest name of those that hold all."""
    place = account.place
    try:
        zones = zones_of(account)
    except AwsError as error:
        raise SettingsError([Problem("hostedZone", None, f"is not set, and {error}; or write hostedZoneId")]) from None
    holding = [
        zone for zone in zones if not zone.private and all(hosts.is_within(domain, zone.name) for domain in domains)
    ]
    longest = max((len(zone.name) for zone in holding), default=0)
    found = [zone for zone in holding if len(zone.name) == longest]
    if len(found) == 1:
        return found[0]
    if found:
        message = (
            f"is not set, and {place} has {len(found)} public zones {found[0].name}: "
            f"{', '.join(sorted(zone.id for zone in found))}; write the right one: {Write('hostedZoneId', found[0].id)}"
        )
    else:
        private = [zone for zone in zones if zone.private and all(hosts.is_within(each, zone.name) for each in domains)]
        only = f" (the zone {private[0].name} is private: {_in_private(private[0])})" if private else ""
        message = (
            f"is not set, and {place} has no public zone that holds {' and '.join(domains)}{only}{_listed(zones)}. "
            "Where the zone is in another account, write hostedZoneRoleArn; where it is not in Route 53: "
            f"{Write('dns', NO_DNS)}"
        )
    raise SettingsError([Problem("hostedZone", None, message)])


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
        message = f"is only the name of a private hosted zone of {place}; {_in_private(same[0])}{_listed(zones)}"
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


def _in_private(zone: HostedZone) -> str:
    """How a private zone is used: ACM validates in a public one only."""
    other = Write("privateHostedZoneId", zone.id)
    return f"write a public one; or certificateArn, for a certificate that exists, and then: {other}"


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
        described["Name"].rstrip(".").lower(),
        bool((described.get("Config") or {}).get("PrivateZone")),
    )
