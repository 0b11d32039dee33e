"""Who owns which field of an object, as its managedFields say."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


def item(**keys: object) -> str:
    """The step to an item of a list that is keyed, such as the container of a name."""
    return f"k:{json.dumps(keys, separators=(',', ':'))}"


def owners(live: Mapping[str, Any], path: Sequence[str]) -> tuple[str, ...]:
    """The managers that own the field at the path, or something below it; in the order in which they are recorded.

    Args:
        live: the object.
        path: the steps in the notation of `fieldsV1`: `f:data`, `f:KEY`; `item(name="backend")` for an item of a list.
    """
    found: list[str] = []
    for entry in live.get("metadata", {}).get("managedFields", []):
        fields = entry.get("fieldsV1", {})
        for step in path:
            fields = fields.get(step) if isinstance(fields, dict) else None
            if fields is None:
                break
        manager = entry.get("manager", "somebody")
        if fields is not None and manager not in found:
            found.append(manager)
    return tuple(found)
