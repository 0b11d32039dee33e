"""The provider of the components, and the schema out of which SDKs are made."""

from __future__ import annotations

import json
from typing import Any

import pulumi
from pulumi.errors import InputPropertiesError
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.provider import ConstructResult
from pulumi.provider.server import ComponentInitError

from package import whole
from package.components import COMPONENTS

NAME = "studios"
VERSION = "1.0.0"
DESCRIPTION = "Seqera Studios on AWS, in components for programs in any language"
_SEALED = ". Secret."
"""What the description of an argument or output ends with whose value is secret."""


class StudiosProvider(ComponentProvider):
    """Serves the components to the engine: the parts by their classes, the wholes by the settings of a stack."""

    def __init__(self) -> None:
        super().__init__(COMPONENTS, NAME, version=VERSION)
        self.schema = json.dumps(_completed(json.loads(self.schema or "{}")))

    def construct(
        self, name: str, resource_type: str, inputs: pulumi.Inputs, options: pulumi.ResourceOptions | None = None
    ) -> ConstructResult:
        """Makes a component.

        Raises:
            pulumi.errors.InputPropertiesError: its arguments are wrong.
        """
        component = resource_type.rsplit(":", 1)[-1]
        if component in whole.TARGETS:
            return whole.construct(component, name, inputs, options)
        try:
            return super().construct(name, resource_type, inputs, options)
        except ComponentInitError as error:
            if isinstance(error.inner, ValueError):
                # Its words suffice: the SDK would add where in our code they come from.
                raise InputPropertiesError(str(error.inner), []) from None
            raise


def _completed(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with what the SDK can't tell from types: an SDK seals the values that are marked as secret in it."""
    for resource in schema["resources"].values():
        for group in ("inputProperties", "properties"):
            for each in resource[group].values():
                if each["description"].endswith(_SEALED):
                    each["secret"] = True
    return {
        **schema,
        "displayName": "Seqera Studios",
        "description": DESCRIPTION,
        "resources": {**whole.resources(), **schema["resources"]},
        "types": {**whole.types(), **schema["types"]},
    }
