"""The surveys of a stack, side by side: zones and records, certificate, TLS policy, ARNs, and that of its target."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from settings.errors import Problem, SettingsError
from settings.model import Settings
from settings.model.dns import EXISTING, TAKE_OVER
from settings.parsing import root_of
from survey.arns import survey_arns, told_once
from survey.aws import AwsAccount
from survey.aws_access import ZONES_ROLE
from survey.certificate import survey_certificate
from survey.concurrency import run_in_parallel
from survey.dns import FoundZones, account_of_zones, find_zone, find_zones
from survey.records import ZoneFindings, survey_records
from survey.tls_policy import survey_tls_policy

_Survey = TypeVar("_Survey")

TellTrace = Callable[[bool], None]
"""Is told whether the stack has made something already, before anything is refused."""

_HOSTS: Final = {"platformUrl", "connectUrl", "pathRouting", "sshHost"}
"""What the records are for."""
_OF_RELEASE: Final = {"towerYmlConfigMap", "towerYmlKey"}
"""What only some releases of Platform need."""


@dataclass(frozen=True)
class Findings(Generic[_Survey]):
    """What all surveys have found.

    Args:
        problems: what stands against the stack.
        first: what stands against its first `up`; among the problems where that is known to be the next.
        zones: the hosted zones; None where these credentials lead to none.
        target: what the target's survey returns; None where it found a problem.
    """

    problems: tuple[Problem, ...] = ()
    first: tuple[Problem, ...] = ()
    zones: FoundZones | None = None
    target: _Survey | None = None


def survey_together(
    settings: Settings,
    account: AwsAccount,
    target: Callable[[TellTrace], _Survey] | None,
    *,
    zones: bool,
    wrong: Collection[str] = (),
) -> Findings[_Survey]:
    """All that stands against the settings; where some are wrong, nothing of what follows from those.

    Args:
        settings: of the stack, without those that are wrong.
        account: what the AWS provider is configured for.
        target: the survey of the target; None where the settings don't lead to the install.
        zones: whether these credentials lead to the hosted zones.
        wrong: the keys of the settings that are wrong.
    """
    traces: list[bool] = []
    left_out = {*wrong, *(_OF_RELEASE if "platformVersion" in wrong else ())}
    knows_hosts = not _HOSTS & left_out

    def dns() -> tuple[FoundZones | None, ZoneFindings]:
        if not zones:
            return None, ZoneFindings(() if wrong else tuple(_left_to_the_provider(settings)))
        if settings.makes_certificate:
            # The certificate is made in this account, wherever the zones are.
            _ = account.id
        of_zones = account_of_zones(account, settings)
        if knows_hosts:
            found = find_zones(of_zones, settings)
            return found, survey_records(settings, found, account)
        if settings.hosted_zone is not None or settings.hosted_zone_id is not None:
            find_zone(of_zones, settings)
        return None, ZoneFindings()

    def certificate() -> None:
        if knows_hosts:
            survey_certificate(account, settings)

    def tls_policy() -> None:
        survey_tls_policy(account, settings)

    def of_target() -> _Survey | None:
        return None if target is None else target(traces.append)

    looks = (dns, certificate, tls_policy, of_target)
    _, elsewhere = run_in_parallel(lambda: survey_arns(account, settings))
    (of_dns, _, _, found), problems = run_in_parallel(*(map(_in_words, looks) if wrong else looks))
    of_zones, records = of_dns or (None, ZoneFindings())
    problems += [*records.problems, *(records.first if traces == [False] else ())]
    told = [problem for problem in told_once(elsewhere, problems) if root_of(problem.key) not in left_out]
    return Findings(tuple(told), records.first, of_zones, found)


def _in_words(look: Callable[[], Any]) -> Callable[[], Any]:
    def looked() -> Any:
        try:
            return look()
        except SettingsError:
            raise
        except Exception:
            # Settings that contradict each other may lead anywhere; what is wrong with them is said already.
            return None

    return looked


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
