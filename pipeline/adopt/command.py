"""``python -m pipeline adopt``: finds, shows, asks, takes; run again, it goes on where it stopped.

How it is done on a target is in `pipeline.adopt.on_<target>`.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from pipeline.adopt.found import NothingToAdoptError
from pipeline.adopt.stack import AdoptionError, say
from pipeline.verify.deployment import Deployment, Options
from pipeline.verify.findings import CannotAskError
from pipeline.verify.network import Network
from settings.errors import SettingsError
from survey.aws_errors import AwsError


def adopt(stack: str, *, yes: bool, remove_old: bool) -> int:
    """Takes the Studios that exists into a stack, or removes what is left of it; returns the exit code."""
    deployment = Deployment(stack, Network(None, None, ()), Options())
    try:
        on_target = module_of(deployment.settings.target)
        return int((on_target.remove_old if remove_old else on_target.adopt)(deployment, yes=yes))
    except (AdoptionError, AwsError, CannotAskError, NothingToAdoptError, SettingsError) as error:
        say(f"adopt: {error}", sys.stderr)
        return 1


def module_of(target: str) -> ModuleType:
    """The module that adopts on a target, loaded for that target only.

    Raises:
        AdoptionError: nothing can be adopted there.
    """
    name = f"pipeline.adopt.on_{target}"
    if find_spec(name) is None:
        raise AdoptionError(
            f'target: "{target}" has no way to adopt an earlier Studios; deploy the stack\'s own beside it with '
            "pulumi up, and then remove the earlier one by hand"
        )
    return import_module(name)
