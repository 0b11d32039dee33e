"""Validation records that another certificate of the account has already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from settings import hosts
from settings.errors import Problem
from settings.model import Settings
from settings.remedies import Write
from survey.aws import AwsAccount
from survey.aws_errors import AwsError
from survey.certificate import described, serves
from survey.zone_records import Listing

_ALL_KEYS: Final = ["RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1"]


def validated_already(listing: Listing, account: AwsAccount, settings: Settings) -> Iterator[Problem]:
    """Records that the stack would have to make for its certificate, and that exist for another one.

    ACM asks for one and the same record for every certificate of a domain in an account. That of Platform's own host
    may be another certificate's, and stays; any other would be refused by Route 53 in the middle of an `up`.

    Args:
        listing: of the zone.
        account: that of the certificate.
        settings: of the stack.

    Raises:
        AwsError: the zone's records cannot be listed.
    """
    for domain in settings.certificate_domains:
        if domain == settings.certificate_domains[0] and hosts.is_within(settings.platform_host, domain):
            continue
        there = {record.name: record for record in listing.validations(domain)}
        if not there:
            continue
        try:
            found = _asking(account, domain)
        except AwsError as error:
            # Without the right to list certificates, Route 53 says so where the record is made.
            if not error.is_denied:
                message = f"is not set, and the certificates that exist cannot be looked up: {error}"
                yield Problem("certificateArn", None, message)
            return
        for arn, certificate in found.items():
            names = [_name(option) for option in certificate.get("DomainValidationOptions") or []]
            record = next((there[name] for name in names if name in there), None)
            if record is None:
                continue
            fits = serves(certificate, (settings.session_host, settings.connect_host))
            use_it = f"use that certificate: {Write('certificateArn', arn)}; or " if fits else ""
            yield Problem(
                "certificateArn",
                None,
                f"is not set, and the record {record.name} ({record}), which ACM asks for, exists already for the "
                f"certificate {arn}, which this stack has not made; {use_it}delete that certificate and the record "
                "once nothing needs them",
            )
            return


def _asking(account: AwsAccount, domain: str) -> dict[str, Mapping[str, Any]]:
    """The account's certificates of a domain, by ARN."""
    listed = account.pages(
        "acm", "list_certificates", "CertificateSummaryList", _summary, Includes={"keyTypes": _ALL_KEYS}
    )
    wanted = {domain, f"*.{domain}"}
    return {arn: described(account, arn) for arn, names in listed if wanted & names}


def _summary(listed: Mapping[str, Any]) -> tuple[str, set[str]]:
    names = {listed["DomainName"], *(listed.get("SubjectAlternativeNameSummaries") or [])}
    return listed["CertificateArn"], {name.lower() for name in names}


def _name(option: Mapping[str, Any]) -> str:
    return str((option.get("ResourceRecord") or {}).get("Name", "")).rstrip(".").lower()
