"""Where a stack's component goes, and what the surveys find there before anything is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import pulumi

from settings.errors import Problem, SettingsError
from settings.model import Settings
from survey.aws import AwsAccess, AwsAccount
from survey.dns import FoundZones
from survey.together import TellTrace, survey_together

_Survey = TypeVar("_Survey")


@dataclass(frozen=True)
class ComponentContext:
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
    place: ComponentContext,
    survey: Callable[[Settings, AwsAccount, TellTrace], _Survey],
    problems: Iterable[Problem] = (),
) -> tuple[FoundZones | None, _Survey, tuple[Problem, ...]]:
    """The hosted zones, what the target's survey returns, and what stands against a first `up`.

    Args:
        settings: of the stack.
        place: where its component goes.
        survey: that of the target.
        problems: those that the target has found before.

    Raises:
        SettingsError: the problems of all surveys.
    """
    account = AwsAccount(place.access)

    def of_target(tell_trace: TellTrace) -> _Survey:
        return survey(settings, account, tell_trace)

    found = survey_together(settings, account, of_target, zones=not has_aws_provider(place.opts))
    told = [*found.problems, *problems]
    if told or found.target is None:
        # A namespace with the Studios of another stack explains most of the others.
        raise SettingsError(sorted(told, key=lambda problem: problem.key != "namespace"))
    return found.zones, found.target, found.first
