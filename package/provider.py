"""The provider of the components, and the schema out of which SDKs are made."""

from __future__ import annotations

import json
from typing import Any

from pulumi.provider.experimental.component import ComponentProvider

from package.components import COMPONENTS

NAME = "studios"
VERSION = "1.0.0"
DESCRIPTION = "Seqera Studios on AWS, in components for programs in any language"
_SEALED = ". Secret."
"""What the description of an argument or output ends with whose value is secret."""


def provider() -> ComponentProvider:
    """What serves the components to the engine."""
    made = ComponentProvider(COMPONENTS, NAME, version=VERSION)
    made.schema = json.dumps(_completed(json.loads(made.schema or "{}")))
    return made


def _completed(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with what the SDK can't tell from types: an SDK seals the values that are marked as secret in it."""
    for resource in schema["resources"].values():
        for group in ("inputProperties", "properties"):
            for each in resource[group].values():
                if each["description"].endswith(_SEALED):
                    each["secret"] = True
    return {**schema, "displayName": "Seqera Studios", "description": DESCRIPTION}
