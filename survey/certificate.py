"""Checks that a certificate which exists already can serve Platform's host and every session's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from settings.errors import Problem, SettingsError
from settings.model import Settings
from survey.aws import AwsAccount
from survey.aws_errors import AwsError


def survey_certificate(account: AwsAccount, settings: Settings) -> None:
    """Looks up ``certificateArn``, if there is one.

    Args:
        account: the account and region of the load balancer: no other certificate can be attached to it.
        settings: the stack's settings.

    Raises:
        SettingsError: it isn't there, isn't issued, lies in another region, or doesn't cover the hosts.
    """
    arn = settings.certificate_arn
    if arn is None:
        return
    place = account.place
    home, region = arn.split(":")[3], account.region
    if home != region:
        raise _refused(settings, f"is in {home}, and the load balancer in {region}; write one of {region}")
    certificate = _describe(account, settings, arn, place)
    if certificate is None:
        return
    if certificate["Status"] != "ISSUED":
        raise _refused(settings, f"is {certificate['Status']}; write one that is ISSUED")
    names = names_of(certificate)
    missing = [
        host for host in dict.fromkeys([settings.session_host, settings.connect_host]) if not covers(names, host)
    ]
    if missing:
        listed = ", ".join(dict.fromkeys(names))
        raise _refused(settings, f"covers {listed}, but not {' or '.join(missing)}; write one that does")


def covers(names: Iterable[str], host: str) -> bool:
    """Whether a certificate for ``names`` is good for ``host``: a wildcard stands for exactly one label."""
    parent = host.split(".", 1)[1]
    return any(name.lower() in {host, f"*.{parent}"} for name in names)


def described(account: AwsAccount, arn: str) -> Mapping[str, Any]:
    """A certificate as ACM describes it.

    Raises:
        AwsError: it can't be looked up.
    """
    return account.call("acm", "describe_certificate", _certificate, CertificateArn=arn)


def names_of(certificate: Mapping[str, Any]) -> list[str]:
    """The names that a certificate is for."""
    return [certificate["DomainName"], *(certificate.get("SubjectAlternativeNames") or [])]


def serves(certificate: Mapping[str, Any], hosts: Iterable[str]) -> bool:
    """Whether a certificate is issued, and covers all of these hosts."""
    return certificate["Status"] == "ISSUED" and all(covers(names_of(certificate), host) for host in hosts)


def _describe(account: AwsAccount, settings: Settings, arn: str, place: str) -> Mapping[str, Any] | None:
    """ACM's description; None where this user may not read it, which is not the certificate's fault."""
    try:
        return described(account, arn)
    except AwsError as error:
        if error.code == "ResourceNotFoundException":
            raise _refused(settings, f"is not a certificate of {place}; write the ARN of one") from None
        if error.is_denied:
            return None
        raise _refused(settings, f"cannot be looked up: {error}") from None


def _certificate(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    found = answer["Certificate"]
    return {**found, **{key: found[key] for key in ("Status", "DomainName")}}


def _refused(settings: Settings, message: str) -> SettingsError:
    return SettingsError([Problem("certificateArn", settings.certificate_arn, message)])
