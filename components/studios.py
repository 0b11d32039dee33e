"""Deploys Studios on the target of the settings, after checking the existing install."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

import pulumi

from components.pods import owner_of_stack
from components.studios_base import Studios
from components.surveyed import Place, has_aws_provider
from settings.advice import advice
from settings.errors import Problem, SettingsError
from settings.model import Settings
from settings.parsing import WrongSettingsError
from settings.targets import TARGETS
from survey.aws import AwsAccess
from survey.beside import problems_beside


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
    for warning in advice(settings):
        pulumi.log.warn(str(warning))
    return whole(settings.target).deployed(settings, Place(name, cluster_name, access, opts))


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
        beside: list[Problem] = []
        if wrong.settings is not None:
            beside = problems_beside(
                wrong.settings,
                wrong.keys,
                access,
                owner=owner_of_stack(),
                updating=not pulumi.runtime.is_dry_run(),
                zones=not has_aws_provider(opts),
            )
        raise SettingsError([*wrong.problems, *beside]) from None


def whole(target: str) -> type[Studios]:
    """The component that is Studios on a target: a module of its own holds it, which is loaded for that target only."""
    found: type[Studios] = getattr(import_module(f"components.studios_on_{target}"), TARGETS[target].component)
    return found
