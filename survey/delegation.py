"""Zones that resolvers don't come to: a name that a zone delegates away, and a zone without a delegation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from settings import hosts
from settings.errors import Problem
from settings.model import Settings
from settings.remedies import Remove, Write
from survey.aws_errors import AwsError
from survey.dns import HostedZone, zones_of
from survey.zone_records import Listing


def delegated(
    listing: Listing, settings: Settings, names: Sequence[str], key: str, value: str | None
) -> Iterator[Problem]:
    """The name servers that a zone names for hosts of the stack, or for names above them.

    Args:
        listing: of the zone.
        settings: of the stack.
        names: the hosts.
        key: the setting that names the zone.
        value: what it says.

    Raises:
        AwsError: the zone's records cannot be listed.
    """
    for name in dict.fromkeys(each for host in names for each in listing.between(host)):
        for record in listing.of_type(name, "NS"):
            yield Problem(
                key,
                value,
                f"delegates {name} to other name servers ({', '.join(record.targets)}), so that resolvers find no "
                f"record of it in this zone; {_instead(settings, name)}",
            )
            return


def _instead(settings: Settings, name: str) -> str:
    if not all(hosts.is_within(domain, name) for domain in settings.zone_domains):
        # A zone of that name would hold only some of what is needed, such as no wildcard beside Connect's host.
        setting = "connectUrl" if hosts.is_within(settings.connect_host, name) else "sshHost"
        return f"remove that delegation once nothing needs it, or write another host in {setting}"
    another_zone = f"{Remove('hostedZoneId')}, and " if settings.hosted_zone_id is not None else ""
    return (
        f"write the zone of that name: {another_zone}{Write('hostedZone', name)}, with hostedZoneRoleArn where it is "
        "in another account"
    )


def not_delegated(listing: Listing, settings: Settings) -> Iterator[Problem]:
    """A zone below another one of its account, in which nothing, or another zone of that name, is delegated to.

    ``hostedZoneId`` is taken at its word: the zone above may be one that resolvers don't come to themselves.

    Args:
        listing: of the zone.
        settings: of the stack.

    Raises:
        AwsError: the records cannot be listed.
    """
    zone = listing.zone
    if settings.hosted_zone_id is not None or zone.private or zone.name.count(".") < 2:
        return
    above = _zone_above(listing)
    if above is None:
        return
    parent = Listing(listing.account, above)
    delegations = [record for name in parent.between(zone.name) for record in parent.of_type(name, "NS")]
    own = {server.lower() for record in listing.of_type(zone.name, "NS") for server in record.targets}
    named = {server.lower() for record in delegations for server in record.targets}
    leads_here = any(record.name != zone.name for record in delegations) or bool(named & own)
    if leads_here:
        return
    found = f"delegates it to other name servers ({', '.join(sorted(named))})" if named else "does not delegate to it"
    yield Problem(
        "hostedZone",
        settings.hosted_zone,
        f"{'' if settings.hosted_zone else 'is not set, and '}leads to the zone {zone.name} ({zone.id}), and the zone "
        f"{above.name} above it, in the same account, {found}, so that resolvers find no record there. Delegate it: "
        f"add the NS record {zone.name} in {above.name}, with the name servers {', '.join(sorted(own))}. Or write the "
        f"zone that the world finds: {_by_id(settings, above)}, or {_by_id(settings, zone)}",
    )


def _by_id(settings: Settings, zone: HostedZone) -> str:
    first = f"{Remove('hostedZone')}, and " if settings.hosted_zone is not None else ""
    return f"{first}{Write('hostedZoneId', zone.id)} ({zone.name})"


def _zone_above(listing: Listing) -> HostedZone | None:
    """The nearest public zone of the account above a zone; None where there is none, or zones may not be listed."""
    try:
        zones = {each.name: each for each in zones_of(listing.account) if not each.private}
    except AwsError as error:
        if error.is_denied:
            return None
        raise
    name = listing.zone.name.partition(".")[2]
    while "." in name and name not in zones:
        name = name.partition(".")[2]
    return zones.get(name)
