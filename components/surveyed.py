"""What is surveyed on every target, beside the target's own survey: zones, records, certificate and TLS policy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import pulumi

from settings.errors import Problem, SettingsError
from settings.model import Settings
from settings.model.dns import EXISTING, TAKE_OVER
from survey.arns import survey_arns, told_once
from survey.aws import AwsAccess, AwsAccount
from survey.aws_access import ZONES_ROLE
from survey.certificate import survey_certificate
from survey.concurrency import run_in_parallel
from survey.dns import FoundZones, account_of_zones, find_zones
from survey.records import ZoneFindings, survey_records
from survey.tls_policy import survey_tls_policy

_Surveyed = TypeVar("_Surveyed")


@dataclass(frozen=True)
class Place:
    """Where a component goes.

    Args:
        name: the component's name.
        cluster_name: the name of the Kubernetes provider.
        access: what the AWS provider is configured for.
        opts: of the component.
    """

    name: str
    cluster_name: str
    access: AwsAccess
    opts: pulumi.ResourceOptions | None


def has_aws_provider(opts: pulumi.ResourceOptions | None) -> bool:
    """Whether a component has an AWS provider of the user's own, which may lead to another account."""
    if opts is None:
        return False
    given = opts.providers or []
    providers = list(given.values()) if isinstance(given, Mapping) else list(given)
    return any(each.package == "aws" for each in [*providers, *filter(None, [opts.provider])])


def surveyed(
    settings: Settings,
    place: Place,
    survey: Callable[[AwsAccount], _Surveyed],
    *,
    is_first: Callable[[], bool],
    problems: Iterable[Problem] = (),
) -> tuple[FoundZones | None, _Surveyed, Sequence[Problem]]:
    """The hosted zones, what the target's own survey returns, side by side, and what stands against a first `up`.

    Args:
        settings: of the stack.
        place: where its component goes.
        survey: that of the target.
        is_first: whether the stack has made nothing yet, as the survey has found out.
        problems: those that the target has found before.

    Raises:
        SettingsError: the problems of all surveys.
    """
    account = AwsAccount(place.access)
    of_zones = account_of_zones(account, settings)

    def dns() -> tuple[FoundZones | None, ZoneFindings]:
        if has_aws_provider(place.opts):
            # Nothing but that provider can look there.
            return None, ZoneFindings(tuple(_left_to_the_provider(settings)))
        if settings.makes_certificate:
            # The certificate is made in this account, wherever the zones are.
            _ = account.id
        zones = find_zones(of_zones, settings)
        return zones, survey_records(settings, zones, account)

    def certificate() -> None:
        survey_certificate(account, settings)

    def tls_policy() -> None:
        survey_tls_policy(account, settings)

    _, elsewhere = run_in_parallel(lambda: survey_arns(account, settings))
    (of_dns, _, _, found), met = run_in_parallel(dns, certificate, tls_policy, lambda: survey(account))
    told = [*told_once(elsewhere, met), *problems]
    zones, records = of_dns or (None, ZoneFindings())
    told += records.problems
    if is_first():
        told += records.first
    if told:
        # A namespace with the Studios of another stack explains most of the others.
        raise SettingsError(sorted(told, key=lambda problem: problem.key != "namespace"))
    return zones, found, records.first


def _left_to_the_provider(settings: Settings) -> Iterator[Problem]:
    """What needs a look into the account, where only an AWS provider of the user's own leads to it."""
    if settings.hosted_zone_role_arn is not None:
        message = "can't be assumed on the way of an AWS provider of your own; remove it, or that provider"
        yield Problem(ZONES_ROLE, settings.hosted_zone_role_arn, message)
    if settings.session_record == TAKE_OVER:
        message = f"needs a look into the account, where only an AWS provider of your own leads to; write {EXISTING}"
        yield Problem("sessionRecord", TAKE_OVER, message)
    public = settings.validates_in_zone or (settings.has_records and not settings.private_hosted_zone_id)
    if public and settings.hosted_zone is None and settings.hosted_zone_id is None:
        message = "is not set, and an AWS provider of your own leads to an account that can't be searched; write it"
        yield Problem("hostedZone", None, message)
