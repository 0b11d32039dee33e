"""Hosts that a wildcard record answers for, or is to answer for, and would not.

A wildcard answers only for names that don't exist, and a name exists with any record at it or below it:
https://www.rfc-editor.org/rfc/rfc4592#section-2.2.2
"""

from __future__ import annotations

from collections.abc import Iterator

from settings import hosts
from settings.errors import Problem
from settings.model import Settings
from survey.zone_records import Listing


def platform_without_its_wildcard(
    listing: Listing, settings: Settings, made: str | None, *, validates: bool
) -> Iterator[Problem]:
    """Platform's host, where only a wildcard leads to it, and a record of the stack ends that.

    Args:
        listing: of a zone.
        settings: of the stack.
        made: the record of the sessions, where the stack makes it in this zone.
        validates: whether the certificate is validated in this zone.
    """
    host, zone = settings.platform_host, listing.zone.name
    if host == zone or not hosts.is_within(host, zone):
        return
    below = [made] if made is not None and made != host and hosts.is_within(made, host) else []
    if validates and any(hosts.is_within(domain, host) for domain in settings.certificate_domains):
        below.append("the record that validates the certificate")
    if not below or listing.first_within(host) is not None:
        return
    for record in listing.answering(host):
        yield Problem(
            "platformUrl",
            settings.platform_url,
            f"has no record of its own: {record.name} ({record}) answers for it, and for no name with a record below "
            f"it. With {below[0]} there, no client would find Platform any more. Add a record {host} first, that "
            f"leads where {record.name} leads",
        )
        return


def connect_host_hidden(listing: Listing, settings: Settings) -> Iterator[Problem]:
    """Records with which the wildcard of the sessions doesn't answer for Connect's host."""
    host = settings.connect_host
    if host == settings.session_host or not hosts.is_within(host, listing.zone.name):
        return
    for record in listing.addresses(host):
        yield Problem(
            "connectUrl",
            settings.connect_url,
            f"has a record of its own ({record}), which wins over {settings.session_host}; remove it there, so that "
            "the name leads to the load balancer of Studios",
        )
        return
    record_within = listing.first_within(host)
    if record_within is not None:
        yield Problem(
            "connectUrl",
            settings.connect_url,
            f"has the record {record_within.name} ({record_within}), with which {settings.session_host} does not "
            f"answer for {host}; remove it once nothing needs it, or write another host in connectUrl",
        )
