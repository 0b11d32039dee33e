"""Who owns which field of an object, as ``metadata.managedFields`` keeps it, and how a field goes back to its owners.

A path is the steps to a field in the notation of ``fieldsV1``, ``("f:data", "f:KEY")``, with ``k:{"name":"backend"}``
for the step to an item of a list. https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypedDict

ManagedFields = list[dict[str, Any]]
"""The entries of ``metadata.managedFields``, as the API sends them."""

Path = tuple[str, ...]


class Owner(TypedDict):
    """What tells one entry of ``metadata.managedFields`` from the others."""

    manager: str
    operation: str
    apiVersion: str


def managed_fields(live: Mapping[str, Any]) -> ManagedFields:
    """The entries of an object that the API server sent."""
    entries: ManagedFields = live["metadata"].get("managedFields") or []
    return entries


def owners_of(entries: ManagedFields, path: Path, *, besides: str = "") -> list[Owner]:
    """Who owns the field at ``path``, or one below it, in the order of the entries; ``besides`` is left out."""
    others = (entry for entry in entries if entry.get("manager") != besides)
    return [_owner(entry) for entry in others if _fields_at(entry, path) is not None]


def owned_by(entries: ManagedFields, manager: str, operation: str = "") -> set[Path]:
    """The fields that ``manager`` owns and that hold a value, not other fields."""
    return {
        path
        for entry in entries
        if entry.get("manager") == manager and operation in ("", entry.get("operation"))
        for path in _leaves(entry.get("fieldsV1") or {})
    }


def handed_back(entries: ManagedFields, manager: str, back: Mapping[Path, Sequence[Owner]]) -> ManagedFields | None:
    """The entries in which the fields of ``back`` are owned as it says, in place of ``manager``'s updates.

    An owner who has no entry any more gets one. None if ``manager`` has updated none of them: there is nothing to do.
    """
    mine = {path for path in back if path in owned_by(entries, manager, "Update")}
    if not mine:
        return None
    result = copy.deepcopy(entries)
    for path in mine:
        for entry in result:
            if entry.get("manager") == manager and entry.get("operation") == "Update":
                _remove(entry.get("fieldsV1") or {}, path)
        for owner in back[path]:
            _add(_entry_of(result, owner)["fieldsV1"], path)
    # An empty list would be taken for "unchanged"; one empty entry says that nobody owns anything.
    return [entry for entry in result if entry.get("fieldsV1")] or [{}]


def _owner(entry: Mapping[str, Any]) -> Owner:
    return Owner(
        manager=str(entry.get("manager", "")),
        operation=str(entry.get("operation", "")),
        apiVersion=str(entry.get("apiVersion", "")),
    )


def _entry_of(entries: ManagedFields, owner: Owner) -> dict[str, Any]:
    for entry in entries:
        same = (entry.get("manager"), entry.get("operation")) == (owner["manager"], owner["operation"])
        if same and not entry.get("subresource"):
            return entry
    made: dict[str, Any] = {**owner, "fieldsType": "FieldsV1", "fieldsV1": {}}
    entries.append(made)
    return made


def _fields_at(entry: Mapping[str, Any], path: Path) -> dict[str, Any] | None:
    fields: dict[str, Any] | None = entry.get("fieldsV1") or {}
    for step in path:
        fields = fields.get(step) if fields is not None else None
    return fields


def _leaves(fields: Mapping[str, Any], at: Path = ()) -> Iterator[Path]:
    for step, below in fields.items():
        if step == ".":
            continue
        if below:
            yield from _leaves(below, (*at, step))
        else:
            yield (*at, step)


def _add(fields: dict[str, Any], path: Path) -> None:
    for step in path:
        fields = fields.setdefault(step, {})


def _remove(fields: dict[str, Any], path: Path) -> None:
    """Takes the field out, and what holds nothing without it."""
    step, *rest = path
    if rest and step in fields:
        _remove(fields[step], tuple(rest))
    if not rest or not fields.get(step, {}).keys() - {"."}:
        fields.pop(step, None)
