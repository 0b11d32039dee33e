"""Reads the settings of the stack that is being deployed: the one place that knows Pulumi's configuration."""

from __future__ import annotations

import pulumi
from pulumi.runtime import config as stack_config

from settings.errors import PROJECT, SettingsError
from settings.model import Settings
from settings.parsing import parse_settings


def load_settings() -> Settings:
    """The settings of the current stack.

    Raises:
        pulumi.RunError: they are wrong; the engine prints its text once, without a traceback.
    """
    prefix = f"{PROJECT}:"
    values = {
        name.removeprefix(prefix): value
        for name, value in {**stack_config.get_config_env(), **stack_config.CONFIG.get()}.items()
        if name.startswith(prefix)
    }
    encrypted = {key for key in values if stack_config.is_config_secret(f"{prefix}{key}")}
    try:
        return parse_settings(values, encrypted)
    except SettingsError as error:
        raise pulumi.RunError(error.text) from None
