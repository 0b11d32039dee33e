"""What a hosted zone says already about the names that Studios needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from settings import hosts
from settings.errors import Problem
from settings.fields import applies
from settings.model import Settings
from settings.model.dns import CREATE, EXISTING, TAKE_OVER
from settings.remedies import Write
from survey.aws import AwsAccount
from survey.aws_errors import AwsError
from survey.caa import forbidden_by_caa
from survey.delegation import delegated, not_delegated
from survey.dns import FoundZone, FoundZones, HostedZone
from survey.validated import validated_already
from survey.wildcards import connect_host_hidden, platform_without_its_wildcard
from survey.zone_records import ADDRESS_TYPES, Listing, Record, name_in

__all__ = ["ADDRESS_TYPES", "Record", "ZoneFindings", "name_in", "records_at", "survey_records", "taken_message"]


@dataclass(frozen=True)
class ZoneFindings:
    """What stands against the zone.

    Args:
        problems: what holds for every stack.
        first: what holds for a stack that has made nothing yet: later, the records are its own, or known to its user.
    """

    problems: tuple[Problem, ...] = ()
    first: tuple[Problem, ...] = ()


def survey_records(settings: Settings, zones: FoundZones, account: AwsAccount) -> ZoneFindings:
    """Looks at the zones' records for the names of the stack.

    Args:
        settings: of the stack.
        zones: those of the stack.
        account: that of the certificate.

    Returns:
        Nothing where these credentials may not list records: the provider says so when it makes one.
    """
    public = zones.validation or zones.record
    if public is None:
        return ZoneFindings()
    key, value = _named(settings, public)
    validates = zones.validation is not None
    if (message := _unfit(public.zone, settings, validates=validates)) is not None:
        return ZoneFindings((Problem(key, value, message),))
    try:
        listing = Listing(public.account, public.zone)
        has_ssh = _has_ssh_record(settings) and settings.ssh_record == CREATE and not settings.private_hosted_zone_id
        names = [settings.connect_host, *([settings.ssh_host] if has_ssh else [])]
        problems = list(delegated(listing, settings, names, key, value))
        if validates and not problems:
            problems += forbidden_by_caa(listing, settings, key, value)
        own = settings.session_host if settings.has_session_record and settings.session_record != EXISTING else None
        is_own_zone = zones.record is not None and zones.record != public
        if not problems:
            made = None if is_own_zone else own
            problems += platform_without_its_wildcard(listing, settings, made, validates=validates)
        first = (
            *not_delegated(listing, settings),
            *(validated_already(listing, account, settings) if validates else ()),
        )
        if zones.record is None:
            return ZoneFindings(tuple(problems), first)
        if is_own_zone:
            listing = Listing(zones.record.account, zones.record.zone)
            problems += platform_without_its_wildcard(listing, settings, own, validates=False)
        found = _of_the_record(listing, settings)
        return ZoneFindings((*problems, *found.problems), (*first, *found.first))
    except AwsError as error:
        if error.is_denied:
            return ZoneFindings()
        return ZoneFindings((Problem(key, value, f"has records that cannot be looked up: {error}"),))


def _named(settings: Settings, found: FoundZone) -> tuple[str, str | None]:
    """The key that names a zone, and its value."""
    if found.id == settings.private_hosted_zone_id:
        return "privateHostedZoneId", found.id
    if settings.hosted_zone_id is not None:
        return "hostedZoneId", settings.hosted_zone_id
    return "hostedZone", settings.hosted_zone or found.zone.name


def _unfit(zone: HostedZone, settings: Settings, *, validates: bool) -> str | None:
    """Why the zone can't be the one that is meant, whatever it holds."""
    outside = [domain for domain in settings.zone_domains if not hosts.is_within(domain, zone.name)]
    if outside:
        return f"is the zone {zone.name}, which does not hold {outside[0]}; write one that does"
    if zone.private and validates:
        return (
            "is a private zone, in which ACM finds no validation record; write the public one of that name, and this "
            "one in privateHostedZoneId"
        )
    return None


def _of_the_record(listing: Listing, settings: Settings) -> ZoneFindings:
    ssh = _ssh_record(listing, settings)
    if not settings.has_session_record:
        return ssh
    taken = listing.addresses(settings.session_host)
    hidden = tuple(connect_host_hidden(listing, settings))
    if settings.session_record == EXISTING:
        # With path routing that may be a wildcard, and above all names that don't exist it is, too.
        is_there = bool(listing.answering(settings.session_host))
        missing = () if is_there else (_missing_record(settings.session_host, listing.zone, "sessionRecord"),)
        return ZoneFindings((*ssh.problems, *missing), (*hidden, *ssh.first))
    if settings.session_record == TAKE_OVER:
        policy = _policy_in_the_way(taken, settings.session_host)
        return ZoneFindings((*ssh.problems, *policy), (*hidden, *ssh.first))
    first = [Problem("sessionRecord", CREATE, taken_message(taken, settings.session_host))] if taken else []
    return ZoneFindings(ssh.problems, (*first, *hidden, *ssh.first))


def records_at(account: AwsAccount, zone_id: str, name: str) -> list[Record]:
    """The addresses of a name.

    Raises:
        AwsError: they cannot be listed.
    """
    return Listing(account, HostedZone(zone_id, "", private=False)).addresses(name)


def taken_message(taken: Sequence[Record], name: str, setting: str = "sessionRecord") -> str:
    """What to do about a record that another has made; continues the value of the setting."""
    there = "; ".join(str(record) for record in taken)
    takeover = f"or take it over, and restore it on destroy: {Write(setting, TAKE_OVER)}; "
    return (
        f"would make the record {name}, which exists already ({there}) and which this stack has not made: leave it to "
        f"its owner, who points it at the load balancer: {Write(setting, EXISTING)}; "
        f"{takeover if setting == 'sessionRecord' else ''}or remove it there once nothing needs it"
    )


def _policy_in_the_way(taken: Sequence[Record], name: str) -> Iterator[Problem]:
    variants = [f"{record.type} {record.variant}" for record in taken if record.variant]
    if variants:
        yield Problem(
            "sessionRecord",
            TAKE_OVER,
            f"can't take over {name}, for which a routing policy chooses between records ({', '.join(variants)}); "
            f"leave it to its owner, who points it at the load balancer: {Write('sessionRecord', EXISTING)}",
        )


def _ssh_record(listing: Listing, settings: Settings) -> ZoneFindings:
    """What stands against the record of SSH."""
    host = settings.ssh_host
    if not _has_ssh_record(settings):
        return ZoneFindings()
    if settings.ssh_record == EXISTING:
        # A wildcard of the sessions would lead to their load balancer, which carries no SSH.
        is_missing = hosts.is_within(host, listing.zone.name) and not listing.addresses(host)
        return ZoneFindings((_missing_record(host, listing.zone, "sshRecord"),) if is_missing else ())
    if not hosts.is_within(host, listing.zone.name):
        message = f"must lie within the zone {listing.zone.name}, where its record goes"
        return ZoneFindings((Problem("sshHost", host, message),))
    taken = listing.addresses(host)
    message = taken_message(taken, host, "sshRecord")
    return ZoneFindings(first=(Problem("sshRecord", CREATE, message),) if taken else ())


def _has_ssh_record(settings: Settings) -> bool:
    """Whether SSH has a record; with Docker Compose only that of a load balancer is the stack's."""
    is_instances = applies("sshLoadBalancer", settings.target) and settings.ssh_load_balancer is None
    return settings.ssh and not is_instances


def _missing_record(name: str, zone: HostedZone, setting: str) -> Problem:
    return Problem(
        setting,
        EXISTING,
        f"needs the record {name} in the zone {zone.name}, and there is none; make one, or write: "
        f"{Write(setting, CREATE)}",
    )
