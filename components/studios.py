"""Deploys Studios on the target of the settings, after checking the existing install."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from importlib import import_module

import pulumi

from components.error_hooks import end_in_plain_words
from components.studios_base import Studios
from components.surveyed import ComponentContext, has_aws_provider
from settings.advice import advice
from settings.errors import Problem, SettingsError
from settings.model import Settings
from settings.parsing import WrongSettingsError
from settings.targets import TARGETS
from survey.aws import AwsAccess, AwsAccount
from survey.together import TellTrace, survey_together


def deploy(
    name: str,
    settings: Settings,
    cluster_name: str,
    *,
    access: AwsAccess,
    opts: pulumi.ResourceOptions | None = None,
) -> Studios:
    """Studios on the target of the settings.

    Args:
        name: the component's name.
        settings: of the stack.
        cluster_name: the name of the Kubernetes provider.
        access: what the AWS provider is configured for.
        opts: of the component.

    Raises:
        SettingsError: the existing install does not fit the settings: all problems that the surveys found.
    """
    end_in_plain_words()
    for warning in advice(settings):
        pulumi.log.warn(str(warning))
    return whole(settings.target).deployed(settings, ComponentContext(name, cluster_name, access, opts))


@contextmanager
def surveying_all(access: AwsAccess, opts: pulumi.ResourceOptions | None = None) -> Iterator[None]:
    """Tells beside what is wrong with the settings what stands against those that are right.

    Args:
        access: what the AWS provider is configured for.
        opts: of the component.

    Raises:
        SettingsError: instead of a `WrongSettingsError`.
    """
    try:
        yield
    except WrongSettingsError as wrong:
        beside = () if wrong.settings is None else _beside(wrong.settings, wrong.keys, access, opts)
        raise SettingsError([*wrong.problems, *beside]) from None


def _beside(
    settings: Settings, wrong: Collection[str], access: AwsAccess, opts: pulumi.ResourceOptions | None
) -> tuple[Problem, ...]:
    target, account = whole(settings.target), AwsAccount(access)

    def survey(tell_trace: TellTrace) -> object:
        return target.survey(settings, account, tell_trace, tries=False)

    of_target = None if target.way & set(wrong) else survey
    return survey_together(settings, account, of_target, zones=not has_aws_provider(opts), wrong=wrong).problems


def whole(target: str) -> type[Studios]:
    """The component that is Studios on a target: a module of its own holds it, which is loaded for that target only."""
    found: type[Studios] = getattr(import_module(f"components.studios_on_{target}"), TARGETS[target].component)
    return found
