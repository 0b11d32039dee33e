"""The API server's own OpenAPI schema, to find what it would refuse or drop, and to write values as it does."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from testbed.plugins.diff import Path, render_path
from testbed.plugins.kubernetes import quantity
from testbed.plugins.kubernetes.kinds import Object
from testbed.plugins.naming import unknown_properties
from testbed.plugins.provider import CheckFailure, Unknown

Schema = Mapping[str, Any]

_QUANTITY: Final = ".api.resource.Quantity"
_REFERENCE: Final = "#/components/schemas/"
_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
    "string": (str,),
}


class KindSchema:
    """The schema of one kind.

    Args:
        schemas: ``components.schemas`` of the document that holds it.
        root: the name of the kind's schema in there.
    """

    def __init__(self, schemas: Mapping[str, Schema], root: str) -> None:
        self._schemas = schemas
        self._root = root

    def conform(self, obj: Object) -> tuple[Object, list[CheckFailure]]:
        """``obj`` as the API server would write it, and a failure for each field that it doesn't know, or that is of
        another type than it wants.

        Whole floats become integers, quantities canonical, and empty lists and maps go away, as they do when the
        official provider (and the API server) turn an object into Go's types and back. What is unknown is left alone.
        """
        failures: list[CheckFailure] = []
        conformed = self._conform(obj, {"$ref": _REFERENCE + self._root}, (), failures)
        return conformed, failures

    def _resolve(self, schema: Schema) -> tuple[str, Schema]:
        name = ""
        while True:
            reference = schema.get("$ref")
            if reference is None and len(schema.get("allOf", ())) == 1:
                reference = schema["allOf"][0].get("$ref")
            if reference is None:
                return name, schema
            name = reference.removeprefix(_REFERENCE)
            schema = self._schemas[name]

    def _conform(self, value: Any, schema: Schema, path: Path, failures: list[CheckFailure]) -> Any:
        if isinstance(value, Unknown):
            return value
        name, schema = self._resolve(schema)
        if name.endswith(_QUANTITY):
            return _conform_quantity(value, path, failures)
        if isinstance(value, float) and value.is_integer() and _allows(schema, "integer"):
            value = int(value)
        expected = list(_types(schema))
        if expected and not any(_is(value, name) for name in expected):
            failures.append(_failure(path, f"expected {' or '.join(expected)}, got {_json_type(value)}"))
            return value
        if isinstance(value, dict):
            return self._conform_object(value, schema, path, failures)
        if isinstance(value, list) and "items" in schema:
            return [self._conform(item, schema["items"], (*path, index), failures) for index, item in enumerate(value)]
        return value

    def _conform_object(
        self, value: Object, schema: Schema, path: Path, failures: list[CheckFailure]
    ) -> dict[str, Any]:
        properties: Mapping[str, Schema] = schema.get("properties", {})
        others = schema.get("additionalProperties")
        open_ended = not properties or bool(others) or schema.get("x-kubernetes-preserve-unknown-fields") is True
        if not open_ended:
            failures.extend(
                CheckFailure(failure.property, failure.reason.replace("property", "field", 1))
                for failure in unknown_properties(value, properties, path)
            )
        conformed = {}
        for key, item in value.items():
            if item is None:
                continue
            item_schema = properties.get(key, others if isinstance(others, dict) else {})
            new = self._conform(item, item_schema, (*path, key), failures)
            if key in schema.get("required", ()) or not self._is_omitted(new, item_schema):
                conformed[key] = new
        return conformed

    def _is_omitted(self, value: Any, schema: Schema) -> bool:
        """Whether Go's ``omitempty`` drops it: empty slices and maps, but not empty structs (``emptyDir: {}``)."""
        if value not in ([], {}):
            return False
        _, schema = self._resolve(schema)
        return _allows(schema, "array") or (_allows(schema, "object") and "additionalProperties" in schema)


def kind_schema(document: Mapping[str, Any], api_version: str, kind: str) -> KindSchema | None:
    """The kind's schema from the OpenAPI v3 document of its group and version, or None if it has none there."""
    group, _, version = api_version.rpartition("/")
    wanted = {"group": group, "version": version, "kind": kind}
    schemas: Mapping[str, Schema] = document.get("components", {}).get("schemas", {})
    for name, schema in schemas.items():
        if wanted in schema.get("x-kubernetes-group-version-kind", ()) and "properties" in schema:
            return KindSchema(schemas, name)
    return None


def _types(schema: Schema) -> Iterator[str]:
    if schema.get("x-kubernetes-int-or-string"):
        yield from ("integer", "string")
    elif "type" in schema:
        yield schema["type"]
    else:
        for alternative in schema.get("oneOf", ()):
            if "type" in alternative:
                yield alternative["type"]


def _allows(schema: Schema, type: str) -> bool:
    return type in _types(schema)


def _is(value: Any, type: str) -> bool:
    # Python counts a boolean among the integers.
    return isinstance(value, _TYPES[type]) and (type == "boolean" or not isinstance(value, bool))


def _json_type(value: Any) -> str:
    if value is None:
        return "null"
    return next(
        (name for name in ("boolean", "integer", "number", "string", "array", "object") if _is(value, name)), ""
    )


def _conform_quantity(value: Any, path: Path, failures: list[CheckFailure]) -> Any:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        failures.append(_failure(path, f"expected a quantity, got {_json_type(value)}"))
        return value
    try:
        return quantity.canonical(value)
    except ValueError:
        failures.append(_failure(path, f"expected a quantity such as 500m or 1Gi, got {json.dumps(value)}"))
        return value


def _failure(path: Path, reason: str) -> CheckFailure:
    return CheckFailure(render_path(path), reason)
