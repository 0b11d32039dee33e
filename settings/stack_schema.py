"""The JSON Schema of a stack's file, by which editors complete and check its keys."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import partial
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le, MinLen
from pydantic import AfterValidator, BaseModel, BeforeValidator, SecretStr
from pydantic.fields import FieldInfo

from settings.errors import PROJECT
from settings.fields import FIELDS
from settings.marks import Words
from settings.reference import fixed_default, needs_of, told_default
from settings.types.text import matching, scalar_as_text
from settings.versions import Version

Schema = dict[str, Any]

_DIGITS = {"type": "string", "pattern": "^-?[0-9]+$"}
_SECURE: Schema = {
    "type": "object",
    "properties": {"secure": {"type": "string"}},
    "required": ["secure"],
    "additionalProperties": False,
}
_OF_PULUMI: Mapping[str, str] = {
    "secretsprovider": "How the stack's secrets are encrypted.",
    "encryptedkey": "Written by Pulumi.",
    "encryptionsalt": "Written by Pulumi.",
}


def stack_schema() -> str:
    """pulumi-stack.schema.json: what a stack's file may hold under `config`, key by key.

    A key of the project that is not a setting is refused; those of providers, such as `aws:region`, are not checked.
    """
    keys = {f"{PROJECT}:{key}": _described(key) for key in FIELDS}
    config: Schema = {
        "type": "object",
        "properties": keys,
        "patternProperties": {f"^(?!{re.escape(PROJECT)}:)": {}},
        # Not by propertyNames: an editor would not say which key it is.
        "additionalProperties": False,
    }
    document = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": f"A stack of {PROJECT}",
        "type": "object",
        "properties": {
            "config": config,
            **{key: {"type": "string", "description": meaning} for key, meaning in _OF_PULUMI.items()},
            "environment": {"description": "Environments of Pulumi ESC."},
        },
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _described(key: str) -> Schema:
    field = FIELDS[key]
    told, needs, default = told_default(key), needs_of(key), fixed_default(field)
    parts = [field.description, f"Default: {told}." if told else None, f"Needs {needs}." if needs else None]
    value = _of_field(field)
    # A map may be JSON in a text; some settings take a name for it, too.
    value = {"anyOf": [value, {"type": "string"}]} if "properties" in value and value != _SECURE else value
    return {
        **value,
        "description": " ".join(filter(None, parts)),
        **({} if default == "" else {"default": default}),
        **({"examples": field.examples} if field.examples else {}),
    }


def _of_field(field: FieldInfo) -> Schema:
    return _schema(field.annotation, field.metadata)


def _schema(annotation: Any, metadata: Iterable[Any] = ()) -> Schema:
    if get_origin(annotation) is Annotated:
        annotation, *inner = get_args(annotation)
        return _schema(annotation, [*inner, *metadata])
    if get_origin(annotation) in (Union, UnionType):
        options = [option for option in get_args(annotation) if option is not NoneType]
        if len(options) == 1:
            return _schema(options[0], metadata)
        # Words or a list, which may be written in one text, too.
        return {"anyOf": [*(_schema(option) for option in options), {"type": ["string", "integer"]}]}
    if get_origin(annotation) is Literal:
        return {"enum": list(get_args(annotation))}
    if get_origin(annotation) is tuple:
        items: Schema = {"type": "array", "items": _schema(get_args(annotation)[0]), "uniqueItems": True}
        return {"anyOf": [items | _limits(metadata), {"type": "string"}]}
    if get_origin(annotation) is dict:
        return {"anyOf": [_map(*get_args(annotation)), {"type": "string"}]}
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _object(annotation)
    return _scalar(annotation, metadata)


def _scalar(annotation: Any, metadata: Iterable[Any]) -> Schema:
    if annotation is SecretStr:
        return _SECURE
    if annotation is bool:
        return {"anyOf": [{"type": "boolean"}, {"enum": ["true", "false"]}]}
    metadata = list(metadata)
    if annotation is int and [*map(type, metadata)] == [BeforeValidator]:
        # A number with a unit.
        return {"type": ["integer", "string"]}
    if annotation is int:
        instead = [{"enum": [each.word]} for each in metadata if isinstance(each, Words)]
        return {"anyOf": [{"type": "integer"} | _limits(metadata), _DIGITS, *instead]}
    if annotation is Version:
        return {"type": ["string", "number"]}
    # A text of digits may be written without quotes; in a map's values, true and false too.
    words = any(isinstance(each, BeforeValidator) and each.func is scalar_as_text for each in metadata)
    limits = _limits(metadata)
    if (shortest := limits.pop("minItems", None)) is not None and "pattern" not in limits:
        limits["minLength"] = shortest
    return {"type": ["string", "number", *(["boolean"] if words else [])]} | limits


def _limits(metadata: Iterable[Any]) -> Schema:
    limits: Schema = {}
    for each in metadata:
        if isinstance(each, FieldInfo):
            limits |= _limits(each.metadata)
        elif isinstance(each, Ge):
            limits["minimum"] = each.ge
        elif isinstance(each, Le):
            limits["maximum"] = each.le
        elif isinstance(each, MinLen):
            limits["minItems"] = each.min_length
        elif isinstance(each, AfterValidator) and isinstance(each.func, partial) and each.func.func is matching:
            limits["pattern"] = _as_javascript(each.func.args[0])
    return limits


def _map(key: Any, value: Any) -> Schema:
    of_keys = _schema(key)
    names = {"enum": of_keys["enum"]} if "enum" in of_keys else {"pattern": of_keys.get("pattern", "")}
    return {"type": "object", "propertyNames": names, "additionalProperties": _schema(value)}


def _object(model: type[BaseModel]) -> Schema:
    fields = model.model_fields
    return {
        "type": "object",
        "properties": {str(field.alias or name): _of_field(field) for name, field in fields.items()},
        "required": [str(field.alias or name) for name, field in fields.items() if field.is_required()],
        "additionalProperties": False,
    }


def _as_javascript(pattern: re.Pattern[str]) -> str:
    text = re.sub(r"\(\?P<\w+>", "(", pattern.pattern).replace(r"\Z", "$")
    return f"^(?:{text})$"
