"""The JSON Schema of a stack's file, by which editors complete and check its keys."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import SecretStr

from settings.declared_types import Type
from settings.errors import PROJECT
from settings.fields import FIELDS, WITHOUT_FIXED_DEFAULT
from settings.kubernetes_shapes import Shape, shapes_as_schemas
from settings.marks import Words
from settings.reference import fixed_default, needs_of, told_default
from settings.types.pods import called, having_one
from settings.types.text import (
    Filled,
    ListInText,
    MapInText,
    WithoutRepeats,
    in_any_case,
    number_as_text,
    scalar_as_text,
    single,
)
from settings.versions import VERSION, Version

Schema = dict[str, Any]

#: How pydantic reads a text.
_WHOLE = r"[+-]?[0-9]+(?:_[0-9]+)*(?:\.0+)?"
_NUMBER = r"[+-]?[0-9._]+(?:[eE][+-]?[0-9]+)?"
_TRUTHS = ("true", "false", "yes", "no", "on", "off", "t", "f", "y", "n", "1", "0")
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
    Whatever the program takes is right here, too; what it refuses is, where only a rule of its own says so.
    """
    keys = {f"{PROJECT}:{key}": _described(key) for key in FIELDS}
    # Pulumi takes these for the project's keys, too. As patterns, for editors to offer each key once.
    short = {
        f"^({PROJECT}:config:)?{key}$": {"$ref": f"#/properties/config/properties/{PROJECT}:{key}"} for key in FIELDS
    }
    config: Schema = {
        "type": ["object", "null"],
        "properties": keys,
        "patternProperties": {f"^(?!{PROJECT}:)[^:]+:": {}, **short},
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
        "definitions": shapes_as_schemas(_shapes()),
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _described(key: str) -> Schema:
    field = FIELDS[key]
    told, needs, default = told_default(key), needs_of(key), fixed_default(field)
    parts = [field.description, f"Default: {told}." if told else None, f"Needs {needs}." if needs else None]
    values = _as_written(Type.of_field(field))
    if key in WITHOUT_FIXED_DEFAULT and not field.is_required():
        # As in Pulumi.yaml, the empty text stands for none; and Pulumi takes null for it.
        values.append({"enum": ["", None]})
    return {
        **_either(values),
        "description": " ".join(filter(None, parts)),
        **({} if default == "" else {"default": default}),
        **({"examples": field.examples} if field.examples else {}),
    }


def _shapes() -> Iterator[Shape]:
    """What settings have in the form of Kubernetes."""
    for field in FIELDS.values():
        of = Type.of_field(field)
        for each in [of, *([of.items] if of.is_list else [])]:
            yield from (mark for mark in each.marks if isinstance(mark, Shape))


def _either(schemas: Iterable[Schema]) -> Schema:
    options = list(schemas)
    return options[0] if len(options) == 1 else {"anyOf": options}


def _as_written(of: Type) -> list[Schema]:
    """What may be written at a key: the engine makes a text of any single value, and hands on JSON for the others."""
    if of.options:
        # Words or a list, which may be written in one text, too.
        return [
            each
            for option in of.options
            for each in _as_written(Type.of(option, [*of.marks, ListInText] if get_origin(option) else of.marks))
        ]
    written = _within(of)
    if of.is_list and ListInText in of.marks:
        word = _word(of.items, r"\s*(?:,|$)")
        if word is not None:
            written += [each for each in _scalars(of.items, outermost=True) if each.get("type") != "string"]
        # A text that may hold commas itself says nothing of the list.
        several = None if word is None or re.fullmatch(word, ",") else rf"{word}\s*(?:,\s*{word}\s*)*$"
        written.append(_text(r"^\s*\[" if word is None else rf"^\s*(?:\[|{several})" if several else r"\S"))
    elif of.is_map:
        for (key,) in of.arguments_of(called):
            name = Type.of_field(of.fields[key])
            written += _scalars(name, outermost=True)
        if MapInText in of.marks:
            written.append(_text(r"^\s*\{"))
    elif not of.is_list and of.kind is not SecretStr and of.kind is not Any:
        return _scalars(of, outermost=True)
    return written


def _within(of: Type) -> list[Schema]:
    """What may be written within a list or a map."""
    none: list[Schema] = [{"type": "null"}] if of.optional else []
    if of.kind is Any:
        return [{}]
    if of.kind is SecretStr:
        return [_SECURE]
    if of.is_list:
        items = {"items": _either(_within(of.items))} | ({"uniqueItems": True} if WithoutRepeats in of.marks else {})
        return [{"type": "array"} | items | _limits(of), *none]
    if get_origin(of.kind) is dict:
        return [_map(of), *none]
    return [*([_object(of)] if of.is_map else _scalars(of)), *none]


def _scalars(of: Type, *, outermost: bool = False) -> list[Schema]:
    """A single value: as what YAML reads it for, and as text."""
    text = _text(f"^{_word(of, '$')}$")
    if get_origin(of.kind) is Literal:
        return [{"enum": list(get_args(of.kind))}, *([text] if of.arguments_of(in_any_case) else [])]
    if of.kind is bool:
        return [{"type": "boolean"}, text, {"enum": [0, 1]}]
    if of.kind in (int, float):
        instead = [{"enum": [each.word]} for each in of.marks if isinstance(each, Words)]
        return [{"type": "integer" if of.kind is int else "number"} | _limits(of), *instead, text]
    if of.kind is Version:
        return [text, {"type": "number"}]
    numbers = outermost or of.is_read_by(number_as_text, scalar_as_text)
    truths = (outermost or of.is_read_by(scalar_as_text)) and re.fullmatch(text["pattern"], "true")
    types = ["string", *(["number"] if numbers else []), *(["boolean"] if truths else [])]
    return [text | {"type": types if len(types) > 1 else "string"} | ({} if of.is_read_by(single) else _limits(of))]


def _text(pattern: str) -> Schema:
    return {"type": "string", "pattern": pattern}


def _word(of: Type, end: str) -> str | None:
    """The regular expression of a single value in a text; None for what is written as a list or a map.

    Args:
        of: its type.
        end: matches what comes after it.
    """
    if of.is_list or of.is_map or of.kind in (Any, SecretStr):
        return None
    if get_origin(of.kind) is Literal:
        words = [str(each) for each in get_args(of.kind)]
        return rf"\s*{_one_of(words, any_case=True)}\s*" if of.arguments_of(in_any_case) else _one_of(words)
    if of.kind is bool:
        return _one_of(_TRUTHS, any_case=True)
    if of.kind in (int, float) and not of.patterns:
        instead = [_one_of([each.word]) for each in of.marks if isinstance(each, Words)]
        return rf"\s*(?:{'|'.join([_WHOLE if of.kind is int else _NUMBER, *instead])})\s*"
    if of.kind not in (str, int, Version):
        raise TypeError(f"{of.kind} has no form in the schema of stack files; add it to settings/stack_schema.py")
    spaces = " *" if of.is_read_by(single) else ""
    patterns = [VERSION] if of.kind is Version else of.patterns
    forms = [_as_javascript(each, spaces + end) for each in patterns] or [r"[\s\S]*"]
    may_be_empty = all(each.fullmatch("") for each in patterns) and spaces
    first = "(?= *[^ ])" if may_be_empty and _limits(of).get("minLength") else ""
    besides = "".join(f"(?={spaces}(?:{each}){spaces}{end})" for each in forms[1:])
    return f"{first}{besides}{spaces}(?:{forms[0]}){spaces}"


def _one_of(words: Iterable[str], *, any_case: bool = False) -> str:
    # JavaScript has no flag for a part of an expression.
    texts = [
        "".join(f"[{each.upper()}{each.lower()}]" if each.isalpha() and any_case else each for each in word)
        for word in words
    ]
    return f"(?:{'|'.join(texts)})"


def _limits(of: Type) -> Schema:
    what = "Items" if of.is_list else "Properties" if of.is_map else "Length"
    limits: Schema = {f"min{what}": 1} if Filled in of.marks else {}
    for each in of.marks:
        if isinstance(each, Ge):
            limits["minimum"] = each.ge
        elif isinstance(each, Gt):
            limits["exclusiveMinimum"] = each.gt
        elif isinstance(each, Le):
            limits["maximum"] = each.le
        elif isinstance(each, Lt):
            limits["exclusiveMaximum"] = each.lt
        elif isinstance(each, MinLen):
            limits[f"min{what}"] = each.min_length
        elif isinstance(each, MaxLen):
            limits[f"max{what}"] = each.max_length
    return limits


def _map(of: Type) -> Schema:
    key = Type.of(get_args(of.kind)[0])
    shapes: list[Schema] = [{"$ref": f"#/definitions/{each.kind}"} for each in of.marks if isinstance(each, Shape)]
    return {
        "type": "object",
        "propertyNames": {"enum": list(get_args(key.kind))} if get_origin(key.kind) is Literal else _scalars(key)[0],
        "additionalProperties": _either(_within(of.items)),
        **_limits(of),
        **({"allOf": shapes} if shapes else {}),
    }


def _object(of: Type) -> Schema:
    alternatives = [
        [{"required": [key], "properties": {key: {"not": {"type": "null"}}}} for key in keys]
        for keys, *_ in of.arguments_of(having_one)
    ]
    return {
        "type": "object",
        "properties": {key: _either(_within(Type.of_field(field))) for key, field in of.fields.items()},
        "required": [key for key, field in of.fields.items() if field.is_required()],
        "additionalProperties": False,
        **({"allOf": [{"oneOf": each} for each in alternatives]} if alternatives else {}),
    }


def _as_javascript(pattern: re.Pattern[str], end: str) -> str:
    return re.sub(r"\(\?P<\w+>", "(", pattern.pattern).replace(r"\Z", f"(?:{end})")
