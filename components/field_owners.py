"""Who owns a key of a ConfigMap, as ``metadata.managedFields`` keeps it, and how the key goes back to its owners.

https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

ManagedFields = list[dict[str, Any]]
"""The entries of ``metadata.managedFields``, as the API sends them."""


def owners_of(entries: ManagedFields, key: str) -> list[tuple[str, str]]:
    """Returns who owns ``data[key]``: pairs of field manager and operation."""
    return [_identity(entry) for entry in entries if _owns(entry, key)]


def handed_back(
    entries: ManagedFields, key: str, manager: str, owners: Sequence[tuple[str, str]]
) -> ManagedFields | None:
    """Returns the entries with ``data[key]`` owned by ``owners`` in place of ``manager``'s update, and all else alike.

    None if ``manager`` doesn't own the key: there is nothing to hand back. An owner who has left meanwhile is skipped.
    """
    mine = (manager, "Update")
    if mine not in owners_of(entries, key):
        return None
    result: ManagedFields = []
    for entry in copy.deepcopy(entries):
        if _identity(entry) == mine:
            del entry["fieldsV1"]["f:data"][f"f:{key}"]
            if entry["fieldsV1"] == {"f:data": {}}:
                continue
        elif _identity(entry) in owners:
            entry.setdefault("fieldsV1", {}).setdefault("f:data", {})[f"f:{key}"] = {}
        result.append(entry)
    # An empty list would be taken for "unchanged"; one empty entry says that nobody owns anything.
    return result or [{}]


def _identity(entry: dict[str, Any]) -> tuple[str, str]:
    return (str(entry.get("manager", "")), str(entry.get("operation", "")))


def _owns(entry: dict[str, Any], key: str) -> bool:
    return f"f:{key}" in (entry.get("fieldsV1") or {}).get("f:data", {})
