"""Checks that a certificate which exists already can serve Platform's host and every session's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from settings.errors import Problem, SettingsError
from settings.model import Settings
from survey import aws


def survey_certificate(settings: Settings, *, region: str | None, profile: str | None = None) -> None:
    """Looks up ``certificateArn``, if there is one.

    Args:
        settings: the stack's settings.
        region: the region of the load balancer: a certificate of another region can't be attached to it.
        profile: the profile of the AWS provider; None for that of the environment.

    Raises:
        SettingsError: it isn't there, isn't issued, lies in another region, or doesn't cover the hosts.
    """
    arn = settings.certificate_arn
    if arn is None:
        return
    home = arn.split(":")[3]
    if region is not None and home != region:
        raise _refused(settings, f"is in {home}, and the load balancer in {region}; write one of {region}")
    certificate = _describe(settings, arn, home, profile)
    if certificate is None:
        return
    if certificate["Status"] != "ISSUED":
        raise _refused(settings, f"is {certificate['Status']}; write one that is ISSUED")
    names = [certificate["DomainName"], *certificate.get("SubjectAlternativeNames", [])]
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


def _describe(settings: Settings, arn: str, region: str, profile: str | None) -> dict[str, Any] | None:
    """ACM's description; None where this user may not read it, which is no fault of the certificate's."""
    # Imported here: only a stack with a certificate of its own pays for it.
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        acm = aws.client("acm", profile=profile, region=region)
        certificate: dict[str, Any] = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            raise _refused(settings, "is no certificate of this account; write the ARN of one") from None
        return None
    except BotoCoreError:
        return None
    return certificate


def _refused(settings: Settings, message: str) -> SettingsError:
    return SettingsError([Problem("certificateArn", settings.certificate_arn, message)])
