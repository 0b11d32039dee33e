"""The package's schema, out of which SDKs are made, and the way back: from a program's inputs to our arguments.

The parts are described by their classes, the wholes by the settings of a stack. Nothing is told here a second time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping
from types import NoneType
from typing import Any, Final, get_args, get_origin, get_type_hints

import pulumi
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from components.described import Described, described_fields, first_paragraph, value_type
from components.studios import whole
from package.parts import PARTS
from settings.declared_types import Type
from settings.fields import FIELDS, applies, required_on
from settings.reference import kind_of, kind_of_type, told_default
from settings.targets import TARGETS
from settings.templates import StudioTemplate

NAME: Final = "studios"
DESCRIPTION: Final = "Seqera Studios on AWS, in components for programs in any language"

Schema = dict[str, Any]

_TEXT: Final = {"type": "string"}
_ANYTHING: Final = {"$ref": "pulumi.json#/Any"}
_SCALARS: Final[Mapping[Any, Schema]] = {
    str: _TEXT,
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    Any: _ANYTHING,
}
_KINDS: Final[Mapping[str, Schema]] = {
    "text": _TEXT,
    "secret": _TEXT,
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
}
_LANGUAGES: Final = ("nodejs", "python", "csharp", "java", "go")


def package_schema(version: str) -> Schema:
    """The schema of the package."""
    arguments = [arguments_of(part) for part in PARTS.values()]
    return {
        "name": NAME,
        "version": version,
        "displayName": "Seqera Studios",
        "description": DESCRIPTION,
        "language": {language: {"respectSchemaVersion": True} for language in _LANGUAGES},
        "resources": {
            **{_token(TARGETS[target].component): _whole(target) for target in TARGETS},
            **{_token(name): _part(part) for name, part in PARTS.items()},
        },
        "types": {
            _token(StudioTemplate.__name__): _template(),
            **{_token(each.__name__): _object(each) for each in _nested(arguments)},
        },
        "dependencies": [],
    }


def arguments_of(part: type[pulumi.ComponentResource]) -> type:
    """The dataclass of a component's arguments."""
    hints: dict[str, type] = get_type_hints(part.__init__)
    return hints["args"]


def settings_of(target: str) -> dict[str, FieldInfo]:
    """The settings that the whole takes on a target: all but those of another target."""
    return {key: field for key, field in FIELDS.items() if key != "target" and applies(key, target)}


def from_inputs(arguments: type, inputs: Mapping[str, Any], path: str = "") -> Any:
    """An instance of a dataclass, out of what the engine hands over for it.

    Raises:
        ValueError: something is missing, or has a name that the dataclass does not know.
    """
    fields = {each.name: each for each in described_fields(arguments)}
    unknown = [f"{path}{name}: is not an argument" for name in inputs if name not in fields]
    required = _required(arguments)
    missing = [f"{path}{name}: is not set" for name in fields if name in required and inputs.get(name) is None]
    if unknown or missing:
        raise ValueError("\n".join([*unknown, *missing]))
    return arguments(
        **{
            fields[name].attribute: _argument(fields[name].type, value, f"{path}{name}.")
            for name, value in inputs.items()
            if value is not None
        }
    )


def whole_numbers(value: Any) -> Any:
    """The value with whole numbers as such: the engine's protocol has only floats, and the SDK hands them on."""
    if isinstance(value, Mapping):
        return {name: whole_numbers(each) for name, each in value.items()}
    if isinstance(value, list):
        return [whole_numbers(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _argument(kind: Any, value: Any, path: str) -> Any:
    if dataclasses.is_dataclass(kind) and isinstance(value, Mapping):
        return from_inputs(kind, value, path)  # type: ignore[arg-type]
    if _is_map(kind) and isinstance(value, Mapping):
        element = value_type(get_args(kind)[1])[0]
        return {name: _argument(element, each, f"{path}{name}.") for name, each in value.items()}
    return whole_numbers(value)


def _whole(target: str) -> Schema:
    fields = settings_of(target)
    return {
        "isComponent": True,
        "description": TARGETS[target].meaning,
        "inputProperties": {key: _setting(key, field, target) for key, field in fields.items()},
        "requiredInputs": [key for key in fields if key in required_on(target)],
        "type": "object",
        **_outputs(whole(target)),
    }


def _setting(key: str, field: FieldInfo, target: str) -> Schema:
    is_secret = kind_of(field) == "secret"
    default = told_default(key, target)
    meaning = (field.description or "").replace(" (secret)", "")
    told = [meaning, f"Default: {default}." if default else "", "Secret." * is_secret]
    within = list(_within(field.annotation))
    holds_templates = StudioTemplate in within
    # The defaults are the program's to fill in: those of a schema are written into each SDK.
    return {
        **(_map(_reference(StudioTemplate)) if holds_templates else _kind(field, within)),
        "description": " ".join(filter(None, told)),
        **({"secret": True} if is_secret else {}),
    }


def _kind(field: FieldInfo, within: Iterable[Any]) -> Schema:
    if any(each is Any or (isinstance(each, type) and issubclass(each, BaseModel)) for each in within):
        return dict(_ANYTHING)
    return type_in_the_package(Type.of_field(field))


def type_in_the_package(of: Type) -> Schema:
    """The type of a setting, or of a part of one, as the engine has it."""
    if of.options:
        return {"oneOf": [type_in_the_package(Type.of(each)) for each in of.options]}
    if of.is_list:
        return {"type": "array", "items": type_in_the_package(of.items)}
    return _map(type_in_the_package(of.items)) if of.is_map else dict(_KINDS[kind_of_type(of)])


def _template() -> Schema:
    fields = StudioTemplate.model_fields
    return {
        "type": "object",
        "description": first_paragraph(StudioTemplate),
        "properties": {
            str(field.alias or name): {**type_in_the_package(Type.of_field(field)), "description": field.description}
            for name, field in fields.items()
        },
        "required": [str(field.alias or name) for name, field in fields.items() if field.is_required()],
    }


def _part(part: type[pulumi.ComponentResource]) -> Schema:
    described = _object(arguments_of(part))
    return {
        "isComponent": True,
        "description": first_paragraph(part),
        "type": "object",
        "inputProperties": described["properties"],
        "requiredInputs": described["required"],
        **_outputs(part),
    }


def _outputs(component: type[pulumi.ComponentResource]) -> Schema:
    outputs = described_fields(component)
    return {
        "properties": {each.name: _property(each, plain=False) for each in outputs},
        "required": [each.name for each in outputs if not each.optional],
    }


def _object(cls: type) -> Schema:
    defaults = {field.name: field.default for field in dataclasses.fields(cls)}
    return {
        "type": "object",
        "description": first_paragraph(cls),
        "properties": {
            each.name: _property(each, plain=each.plain, default=defaults[each.attribute])
            for each in described_fields(cls)
        },
        "required": _required(cls),
    }


def _property(field: Described, *, plain: bool, default: object = None) -> Schema:
    told = [field.text, _told(default), "Secret." * field.secret]
    return {
        **_type(field.type),
        "description": " ".join(filter(None, told)),
        **({"plain": True} if plain else {}),
        **({"secret": True} if field.secret else {}),
    }


def _told(default: object) -> str:
    # A default of None, of nothing or of a whole map is told in the field's own text.
    if default in (dataclasses.MISSING, None, "", ()):
        return ""
    text = str(default).lower() if isinstance(default, bool) else str(default)
    return f"Default: {text}." if isinstance(default, int) and not isinstance(default, bool) else f"Default: `{text}`."


def _type(kind: Any) -> Schema:
    if kind in _SCALARS:
        return dict(_SCALARS[kind])
    if dataclasses.is_dataclass(kind):
        return _reference(kind)
    if kind is StudioTemplate:
        return _reference(kind)
    element = get_args(kind)[1] if _is_map(kind) else get_args(kind)[0]
    value, plain = value_type(element)
    holds = {**_type(value), **({"plain": True} if plain and value is not StudioTemplate else {})}
    return _map(holds) if _is_map(kind) else {"type": "array", "items": holds}


def _map(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": values}


def _reference(kind: Any) -> Schema:
    return {"$ref": f"#/types/{_token(kind.__name__)}"}


def _token(name: str) -> str:
    return f"{NAME}:index:{name}"


def _is_map(kind: Any) -> bool:
    origin = get_origin(kind)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _required(cls: type) -> list[str]:
    names = {each.attribute: each.name for each in described_fields(cls)}
    missing = dataclasses.MISSING
    fields = dataclasses.fields(cls)
    return [names[each.name] for each in fields if each.default is missing and each.default_factory is missing]


def _nested(classes: Collection[type]) -> Iterable[type]:
    """The dataclasses that others hold, each once, by their names."""
    found: dict[str, type] = {}
    for cls in classes:
        for each in described_fields(cls):
            for kind in _within(each.type):
                if dataclasses.is_dataclass(kind):
                    found[kind.__name__] = kind  # type: ignore[union-attr,assignment]
    return [found[name] for name in sorted(found)]


def _within(annotation: Any) -> Iterator[Any]:
    """The types that a type is made of."""
    if get_origin(annotation) is None:
        if annotation is not NoneType:
            yield annotation
    else:
        for each in get_args(annotation):
            yield from _within(each)
