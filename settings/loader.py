"""Reads the settings of the stack that is being deployed: the one place that knows Pulumi's configuration."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pulumi
from pulumi.runtime import config as stack_config

from settings.errors import PROJECT, SettingsError
from settings.model import Settings
from settings.parsing import parse_settings

USER_HAS_BEEN_TOLD = 32
"""The exit code of a program after which Pulumi says nothing more, such as with which code it ended."""


@contextmanager
def reporting_problems() -> Iterator[None]:
    """Turns what is wrong with the settings into an error that the engine prints once, with nothing beside it.

    Raises:
        SystemExit: instead of a `SettingsError`; its text has been printed.
    """
    try:
        yield
    except SettingsError as error:
        pulumi.log.error(error.text)
        sys.exit(USER_HAS_BEEN_TOLD)


def load_settings() -> Settings:
    """The settings of the current stack.

    Raises:
        WrongSettingsError: they are wrong.
    """
    prefix = f"{PROJECT}:"
    values = {
        name.removeprefix(prefix): value
        for name, value in {**stack_config.get_config_env(), **stack_config.CONFIG.get()}.items()
        if name.startswith(prefix)
    }
    encrypted = {key for key in values if stack_config.is_config_secret(f"{prefix}{key}")}
    return parse_settings(values, encrypted)
