"""Studios as a whole, as the package offers it: the settings of a stack as arguments, its outputs as outputs.

Their schema is made from the settings and the outputs themselves, so that they are the same as in a stack's file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import NoneType
from typing import Any, Final, get_args, get_origin

import pulumi
import pulumi_aws
from pulumi.errors import InputPropertiesError
from pulumi.provider.provider import ConstructResult
from pulumi.runtime.sync_await import _sync_await
from pydantic.fields import FieldInfo

from components.outputs import StackOutput, outputs_of
from components.studios import deploy
from package.components import whole_numbers
from package.words import as_arguments
from settings import targets
from settings.errors import Problem, SettingsError
from settings.fields import FIELDS, required_on, target_of
from settings.parsing import parse_settings
from settings.reference import kind_of, told_default
from settings.templates import StudioTemplate
from survey.aws import AwsAccess

TARGETS: Final[Mapping[str, str]] = {target.component: name for name, target in targets.TARGETS.items()}
"""Component → the target that it is for."""
TEMPLATE_TYPE: Final = "studios:index:StudioTemplate"

_TEXT: Final = {"type": "string"}
_WORDS_OR_IDS: Final = {"oneOf": [_TEXT, {"type": "array", "items": {"type": "integer"}}]}
_TEMPLATES: Final = {"type": "object", "additionalProperties": {"$ref": f"#/types/{TEMPLATE_TYPE}"}}


def arguments_of(target: str) -> dict[str, FieldInfo]:
    """The settings that a component for the target takes: all but those of the other target."""
    return {key: field for key, field in FIELDS.items() if key != "target" and target_of(key) in (None, target)}


def resources() -> dict[str, dict[str, Any]]:
    """The components in the form of the package's schema."""
    return {f"studios:index:{name}": _resource(target) for name, target in TARGETS.items()}


def types() -> dict[str, dict[str, Any]]:
    """The types of their arguments in the same form."""
    template = {
        "type": "object",
        "description": "One entry of the list of images that Platform shows for a new Studio.",
        "properties": {
            str(field.alias): {
                "type": "integer" if field.annotation is int else "string",
                "description": field.description,
            }
            for field in StudioTemplate.model_fields.values()
        },
        "required": [name for name, field in StudioTemplate.model_fields.items() if field.is_required()],
    }
    return {TEMPLATE_TYPE: template}


def construct(
    component: str, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions | None
) -> ConstructResult:
    """Makes the component from arguments that may be secret, but have to be known.

    Raises:
        InputPropertiesError: everything that is wrong with them.
    """
    target = TARGETS[component]
    try:
        values, secret = _known(inputs)
        settings = parse_settings({**values, "target": target}, secret)
        access = AwsAccess.configured(pulumi_aws.config)
        made = deploy(name, settings, f"{name}-cluster", access=access, opts=opts)
    except SettingsError as error:
        # Without the errors' own form, in which the engine shows each value, secret or not.
        raise InputPropertiesError(as_arguments(error.text), []) from None
    return ConstructResult(made.urn, {each.name: getattr(made, each.attribute) for each in outputs_of(target)})


def _resource(target: str) -> dict[str, Any]:
    fields, outputs = arguments_of(target), outputs_of(target)
    return {
        "isComponent": True,
        "description": targets.TARGETS[target].meaning,
        "inputProperties": {key: _argument(key, field, target) for key, field in fields.items()},
        "requiredInputs": [key for key in fields if key in required_on(target)],
        "type": "object",
        "properties": {each.name: _output(each) for each in outputs},
        "required": [each.name for each in outputs],
    }


def _argument(key: str, field: FieldInfo, target: str) -> dict[str, Any]:
    is_secret = kind_of(field) == "secret"
    default = told_default(key, target)
    meaning = as_arguments(field.description or "").replace(" (secret)", "")
    told = [meaning, f"Default: {default}." if default else "", "Secret." * is_secret]
    # The defaults are the program's to fill in: those of a schema are written into each SDK.
    return {
        **_type_of(field),
        "description": " ".join(filter(None, told)),
        **({"secret": True} if is_secret else {}),
    }


def _type_of(field: FieldInfo) -> dict[str, Any]:
    kinds: dict[str, dict[str, Any]] = {
        "text": _TEXT,
        "secret": _TEXT,
        "integer": {"type": "integer"},
        "boolean": {"type": "boolean"},
        "list": {"type": "array", "items": _TEXT},
        "map": {"type": "object", "additionalProperties": _TEXT},
        "words or list": _WORDS_OR_IDS,
    }
    if StudioTemplate in _within(field.annotation):
        return _TEMPLATES
    return kinds[kind_of(field)]


def _within(annotation: Any) -> Iterable[Any]:
    """The types that a type is made of."""
    if get_origin(annotation) is None:
        return [] if annotation is NoneType else [annotation]
    return [found for each in get_args(annotation) for found in _within(each)]


def _output(output: StackOutput) -> dict[str, Any]:
    return {
        **(_TEXT if output.type == "string" else _TEMPLATES),
        "description": f"{output.meaning} Secret." if output.secret else output.meaning,
        **({"secret": True} if output.secret else {}),
    }


def _known(inputs: Mapping[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """The arguments' values, and which of them are secret.

    Raises:
        SettingsError: the engine doesn't know some of them yet, or they are no settings of a component's.
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
