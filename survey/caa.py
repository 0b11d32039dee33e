"""CAA records, which say who may issue a certificate for a domain."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from settings.errors import Problem
from settings.model import Settings
from survey.aws_errors import AwsError
from survey.dns import zones_of
from survey.zone_records import Listing

_AUTHORITIES: Final = {"amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"}
"""https://docs.aws.amazon.com/acm/latest/userguide/setup-caa.html"""
_CAA: Final = re.compile(r'\s*(?P<flags>\d+)\s+(?P<tag>[a-z0-9]+)\s+"(?P<value>[^"]*)"', re.IGNORECASE)
_CRITICAL: Final = 128
_KNOWN_TAGS: Final = {"issue", "issuewild", "iodef", "issuemail", "issuevmc", "contactemail", "contactphone"}
"""https://www.iana.org/assignments/pkix-parameters/pkix-parameters.xhtml#caa-properties"""


def forbidden_by_caa(listing: Listing, settings: Settings, key: str, value: str | None) -> Iterator[Problem]:
    """CAA records that keep ACM from issuing the certificate.

    Those of the nearest name count, at the domain or above it, also above the zone: they are looked for in the other
    public zones of its account.

    Args:
        listing: of the zone.
        settings: of the stack.
        key: the setting that names the zone.
        value: what it says.

    Raises:
        AwsError: the zone's records cannot be listed.
    """
    for domain in settings.certificate_domains:
        for name, texts in _nearest_first(listing, domain):
            if not texts:
                continue
            if (reason := _forbidden(texts, wildcard=not settings.path_routing)) is not None:
                yield Problem(key, value, f"has CAA records at {name} {reason}, or write certificateArn")
                return
            break


def _nearest_first(listing: Listing, domain: str) -> Iterator[tuple[str, list[str]]]:
    for name in [*listing.between(domain), listing.zone.name]:
        yield name, _texts(listing, name)
    name = listing.zone.name.partition(".")[2]
    if "." not in name:
        return
    try:
        above = {zone.name: zone for zone in zones_of(listing.account) if not zone.private}
        while "." in name:
            if name in above:
                yield name, _texts(Listing(listing.account, above[name]), name)
            name = name.partition(".")[2]
    except AwsError:
        # Who may not list the zones knows the way to this one.
        return


def _texts(listing: Listing, name: str) -> list[str]:
    return [text for record in listing.of_type(name, "CAA") for text in record.targets]


def _forbidden(texts: Sequence[str], *, wildcard: bool) -> str | None:
    """How CAA records keep ACM from issuing a certificate, and what to do; None if they don't."""
    found = [match for text in texts if (match := _CAA.match(text))]
    tags = [(match["tag"].lower(), match["value"].partition(";")[0].strip().lower()) for match in found]
    for match in found:
        if int(match["flags"]) & _CRITICAL and match["tag"].lower() not in _KNOWN_TAGS:
            return f"with the critical tag {match['tag']}, so that no authority issues a certificate; remove that one"
    plain = {authority for tag, authority in tags if tag == "issue"}
    wild = {authority for tag, authority in tags if tag == "issuewild"} or plain
    for allowed, tag in ((plain, "issue"), (wild, "issuewild")):
        needed = tag == "issue" or wildcard
        if allowed and needed and not allowed & _AUTHORITIES:
            others = ", ".join(sorted(filter(None, allowed)))
            let = f"let only {others} issue a certificate" if others else "let no authority issue a certificate"
            return f'that {let}, so that ACM does not; add 0 {tag} "amazon.com" there'
    return None
