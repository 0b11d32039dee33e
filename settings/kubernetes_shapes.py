"""The shapes of Kubernetes' objects, out of the classes that the `kubernetes` package has made of its OpenAPI document.

The classes are read as text: to import one imports all 700 of them.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from pydantic.alias_generators import to_snake

_LIST: Final = re.compile(r"list\[(?P<of>.*)\]")
_MAP: Final = re.compile(r"dict\(str, (?P<of>.*)\)")
_WORDS: Final[Mapping[str, tuple[type, str]]] = {
    "str": (str, "must be text, in quotes"),
    "int": (int, "must be a whole number"),
    "float": (float, "must be a number"),
    "bool": (bool, "must be true or false"),
}
_IN_JSON: Final[Mapping[type, str]] = {str: "string", int: "integer", float: "number", bool: "boolean"}
_REQUIRED: Final = re.compile(r"Invalid value for `(\w+)`, must not be `None`")
_QUANTITIES: Final = frozenset({"sizeLimit", "requests", "limits", "divisor"})
"""Amounts are text in the document, and the API takes numbers for them."""


@dataclass(frozen=True)
class Shape:
    """A setting has the shape of an object of Kubernetes.

    Args:
        kind: the object's class, such as `V1Affinity`.
    """

    kind: str


@dataclass(frozen=True)
class Wrong:
    """One part of an object that is not of its shape.

    Args:
        path: where it is, below the object: `.nodeAffinity.weight`, `[0].key`.
        value: the value at that place; None where a key lacks.
        message: what to write instead.
    """

    path: str
    value: object
    message: str


@dataclass(frozen=True)
class _Class:
    types: Mapping[str, str]
    required: frozenset[str]


def misshapen(value: Any, kind: str) -> Iterator[Wrong]:
    """Everything in a value that a Kubernetes object of this class doesn't have, such as `V1Affinity`."""
    yield from _misshapen(value, kind, "")


def _misshapen(value: Any, kind: str, path: str) -> Iterator[Wrong]:
    if value is None or kind == "object":
        return
    if match := _LIST.fullmatch(kind):
        if not isinstance(value, list | tuple):
            yield Wrong(path, value, "must be a list in [ ]")
            return
        for index, item in enumerate(value):
            yield from _misshapen(item, match["of"], f"{path}[{index}]")
    elif match := _MAP.fullmatch(kind):
        if not isinstance(value, dict):
            yield Wrong(path, value, "must be a map: keys in { }, or each key on its own line")
            return
        is_amount = path.rpartition(".")[2] in _QUANTITIES
        for key, item in value.items():
            yield from _misshapen(item, "object" if is_amount and _is_amount(item) else match["of"], f"{path}.{key}")
    elif kind in _WORDS:
        expected, message = _WORDS[kind]
        is_amount = path.rpartition(".")[2] in _QUANTITIES and _is_amount(value)
        # A boolean is a number to Python only.
        if not is_amount and (not isinstance(value, expected) or (expected is not bool and isinstance(value, bool))):
            yield Wrong(path, value, message)
    elif (found := _class(kind)) is not None:
        yield from _of_class(value, found, path)


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _of_class(value: Any, found: _Class, path: str) -> Iterator[Wrong]:
    if not isinstance(value, dict):
        yield Wrong(path, value, f"must be a map with {', '.join(sorted(found.required or found.types))}")
        return
    for key in sorted(found.required - value.keys()):
        yield Wrong(f"{path}.{key}", None, "is not set; it must be there")
    for key, item in value.items():
        if key in found.types:
            yield from _misshapen(item, found.types[key], f"{path}.{key}")
            continue
        nearest = difflib.get_close_matches(str(key), found.types, n=1, cutoff=0.6)
        instead = f"did you mean {nearest[0]}?" if nearest else f"Kubernetes has {', '.join(sorted(found.types))}"
        yield Wrong(f"{path}.{key}", None, f"is not a key that Kubernetes has here; {instead}")


def shapes_as_schemas(shapes: Iterable[Shape]) -> dict[str, Any]:
    """The JSON Schemas of shapes and of their parts, by their classes: what `misshapen` finds nothing wrong with."""
    schemas: dict[str, Any] = {}
    to_come = [each.kind for each in shapes]
    while to_come:
        name = to_come.pop()
        if name in schemas:
            continue
        found = _class(name)
        if found is None:
            schemas[name] = {}
            continue
        schemas[name] = {
            "type": ["object", "null"],
            "properties": {key: _as_schema(kind, key in _QUANTITIES, to_come) for key, kind in found.types.items()},
            "required": sorted(found.required),
            "additionalProperties": False,
        }
    return dict(sorted(schemas.items()))


def _as_schema(kind: str, is_amount: bool, classes: list[str]) -> dict[str, Any]:
    if kind == "object":
        return {}
    if match := _LIST.fullmatch(kind):
        return {"type": ["array", "null"], "items": _as_schema(match["of"], is_amount, classes)}
    if match := _MAP.fullmatch(kind):
        return {"type": ["object", "null"], "additionalProperties": _as_schema(match["of"], is_amount, classes)}
    if kind in _WORDS:
        return {"type": [_IN_JSON[_WORDS[kind][0]], *(["number"] if is_amount else []), "null"]}
    classes.append(kind)
    return {"$ref": f"#/definitions/{kind}"}


@cache
def _class(name: str) -> _Class | None:
    """A class by its name; None for what has no parts, such as a date."""
    spec = find_spec("kubernetes")
    folders = (spec.submodule_search_locations if spec else None) or []
    for folder in folders:
        path = Path(folder, "client", "models", f"{to_snake(name)}.py")
        if path.exists():
            return _read(path.read_text(encoding="utf-8"))
    return None


def _read(text: str) -> _Class:
    (made,) = (node for node in ast.parse(text).body if isinstance(node, ast.ClassDef))
    assigned = {
        target.id: ast.literal_eval(node.value)
        for node in made.body
        if isinstance(node, ast.Assign) and isinstance(target := node.targets[0], ast.Name)
        if target.id in ("openapi_types", "attribute_map")
    }
    names: Mapping[str, str] = assigned["attribute_map"]
    types = {names[attribute]: kind for attribute, kind in assigned["openapi_types"].items()}
    return _Class(types, frozenset(names[attribute] for attribute in _REQUIRED.findall(text)))
