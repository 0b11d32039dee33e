"""The provider of the components: it makes them from what the engine hands over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws
from pulumi.errors import InputPropertiesError
from pulumi.provider.provider import ConstructResult, Provider
from pulumi.provider.server import ComponentInitError
from pulumi.runtime.sync_await import _sync_await

from components.described import described_fields
from components.studios import deploy, surveying_all
from package.parts import PARTS
from package.schema import arguments_of, from_inputs, package_schema, whole_numbers
from settings.errors import Problem, SettingsError
from settings.parsing import parse_settings
from settings.targets import TARGETS
from survey.aws import AwsAccess

VERSION = "1.0.0"
WHOLES: Mapping[str, str] = {target.component: name for name, target in TARGETS.items()}
"""Component → the target that it is for."""


class StudiosProvider(Provider):
    """Serves the components to the engine: the parts by their classes, the wholes by the settings of a stack."""

    def __init__(self) -> None:
        super().__init__(VERSION, json.dumps(package_schema(VERSION)))

    def construct(
        self, name: str, resource_type: str, inputs: pulumi.Inputs, options: pulumi.ResourceOptions | None = None
    ) -> ConstructResult:
        """Makes a component.

        Raises:
            InputPropertiesError: its arguments are wrong.
        """
        component = resource_type.rsplit(":", 1)[-1]
        try:
            if component in WHOLES:
                made = _whole(WHOLES[component], name, inputs, options)
            else:
                made = _part(component, name, inputs, options)
        except ValueError as error:
            # Not as errors of single properties, with which the engine shows each value, secret or not.
            raise InputPropertiesError(str(error), []) from None
        except Exception as error:
            raise ComponentInitError(error) from error
        outputs = {each.name: getattr(made, each.attribute) for each in described_fields(type(made))}
        return ConstructResult(made.urn, {name: value for name, value in outputs.items() if value is not None})


def _part(
    component: str, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions | None
) -> pulumi.ComponentResource:
    part: Any = PARTS[component]
    made: pulumi.ComponentResource = part(name, from_inputs(arguments_of(part), inputs), opts)
    return made


def _whole(
    target: str, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions | None
) -> pulumi.ComponentResource:
    values, secret = _known(inputs)
    access = AwsAccess.configured(pulumi_aws.config, pulumi.Config("aws").get)
    with surveying_all(access, opts):
        settings = parse_settings({**values, "target": target}, secret)
        return deploy(name, settings, f"{name}-cluster", access=access, opts=opts)


def _known(inputs: Mapping[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """The arguments' values, and which of them are secret.

    Raises:
        SettingsError: the engine doesn't know some of them yet.
    """
    values: dict[str, Any] = {}
    secret: set[str] = set()
    unknown: list[Problem] = []
    for key, value in inputs.items():
        output = pulumi.Output.from_input(value)
        if _sync_await(output.is_secret()):
            secret.add(key)
        if _sync_await(output.is_known()):
            values[key] = whole_numbers(_sync_await(output.future()))
        else:
            unknown.append(
                Problem(
                    key,
                    None,
                    "is known only once something else is made, and the whole is checked before anything is; "
                    "write the value itself",
                )
            )
    if unknown:
        raise SettingsError(unknown)
    return values, secret
