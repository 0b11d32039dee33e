"""What the surveys find where the settings are wrong already, so that a user reads of all problems at once."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final

from settings.errors import Problem, SettingsError
from settings.model import Settings
from settings.parsing import root_of
from settings.targets import COMPOSE
from survey.arns import survey_arns, told_once
from survey.aws import AwsAccess, AwsAccount
from survey.certificate import survey_certificate
from survey.compose import find_site
from survey.concurrency import run_in_parallel
from survey.dns import account_of_zones, find_zone, find_zones
from survey.eks import cluster_of
from survey.platform import survey_platform
from survey.records import survey_records
from survey.tls_policy import survey_tls_policy

_HOSTS: Final = {"platformUrl", "connectUrl", "pathRouting", "sshHost"}
"""What the records are for."""
_WAY: Final = {"kubeconfig", "kubeContext", "eksCluster", "namespace"}
"""Where the cluster and Platform are."""
_OF_RELEASE: Final = {"towerYmlConfigMap", "towerYmlKey"}
"""What only some releases of Platform need."""


def problems_beside(
    settings: Settings, wrong: Collection[str], access: AwsAccess, *, owner: str, updating: bool, zones: bool
) -> list[Problem]:
    """The problems of what the settings that are right lead to; nothing of what follows from those that are wrong.

    Args:
        settings: without those that are wrong.
        wrong: the keys of those.
        access: what the AWS provider is configured for.
        owner: the name under which the stack owns what it makes.
        updating: whether this is an update, and no preview.
        zones: whether these credentials lead to the hosted zones.
    """
    account = AwsAccount(access)
    traces: list[bool] = []

    left_out = {*wrong, *(_OF_RELEASE if "platformVersion" in wrong else ())}
    knows_hosts = not _HOSTS & left_out

    def dns() -> tuple[Problem, ...]:
        if not zones:
            return ()
        of_zones = account_of_zones(account, settings)
        if settings.makes_certificate:
            _ = account.id
        if knows_hosts:
            found = survey_records(settings, find_zones(of_zones, settings), account)
            return (*found.problems, *(found.first if traces == [False] else ()))
        if settings.hosted_zone is not None or settings.hosted_zone_id is not None:
            find_zone(of_zones, settings)
        return ()

    def target() -> None:
        if settings.target == COMPOSE:
            find_site(settings, account)
        elif not _WAY & left_out:
            cluster = cluster_of(account, settings)
            survey_platform(cluster, settings, field_manager=owner, tell_trace=traces.append, updating=updating)

    def listener() -> None:
        if knows_hosts:
            survey_certificate(account, settings)
        survey_tls_policy(account, settings)

    _, elsewhere = run_in_parallel(_in_words(lambda: survey_arns(account, settings)))
    (of_dns, *_), problems = run_in_parallel(*map(_in_words, (dns, listener, target)))
    found = told_once(elsewhere, [*problems, *(of_dns or ())])
    return [problem for problem in found if root_of(problem.key) not in left_out]


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
