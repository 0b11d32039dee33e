"""Who owns what in a cluster: the fields of an object by their manager, and whole objects by their labels.

A path is the steps to a field in the notation of ``fieldsV1``, ``("f:data", "f:KEY")``, with ``k:{"name":"backend"}``
for the step to an item of a list. https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypedDict

from settings.labels import INSTANCE, PART_OF

_STUDIOS = "seqera-studios"
_OWNER = "studios-"
#: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
_MAX_LABEL_LENGTH = 63

ManagedFields = list[dict[str, Any]]
"""The entries of ``metadata.managedFields``, as the API sends them."""

Path = tuple[str, ...]


class Owner(TypedDict):
    """What tells one entry of ``metadata.managedFields`` from the others."""

    manager: str
    operation: str
    apiVersion: str


def owner_of(stack: str) -> str:
    """The owner of a stack's objects, and the field manager of what the stack adds to the Platform install."""
    return f"{_OWNER}{stack}"


def labels_of_stack(owner: str) -> dict[str, str]:
    """The labels of every object that a stack makes.

    Args:
        owner: what :func:`owner_of` returns.
    """
    return {PART_OF: _STUDIOS, INSTANCE: owner[:_MAX_LABEL_LENGTH].rstrip("-_.")}


def belongs_to(owner: str, labels: Mapping[str, str] | None) -> bool:
    """Whether an object with these labels is one of the stack's."""
    return (labels or {}).items() >= labels_of_stack(owner).items()


def stack_of(labels: Mapping[str, str] | None) -> str | None:
    """The stack that made an object with these labels; None if the object isn't of this program."""
    found = labels or {}
    return found.get(INSTANCE, "").removeprefix(_OWNER) if found.get(PART_OF) == _STUDIOS else None


def list_item(**keys: object) -> str:
    """The step to an item of a list that is merged by a key, such as the container of a name."""
    return f"k:{json.dumps(keys, separators=(',', ':'))}"


def managed_fields(live: Mapping[str, Any]) -> ManagedFields:
    """The entries of an object that the API server sent."""
    entries: ManagedFields = live["metadata"].get("managedFields") or []
    return entries


def owners_of(entries: ManagedFields, path: Path, *, besides: str = "") -> list[Owner]:
    """The owners of the field at ``path``, or of one below it, in the order of the entries; without ``besides``."""
    others = (entry for entry in entries if entry.get("manager") != besides)
    return [_owner(entry) for entry in others if _fields_at(entry, path) is not None]


def manager_names(owners: Sequence[Owner]) -> list[str]:
    """The managers' names, each once, in order."""
    return list(dict.fromkeys(owner["manager"] or "an unnamed manager" for owner in owners))


def managers_of(live: Mapping[str, Any], path: Path) -> list[str]:
    """The names of the owners of the field at ``path`` in an object, or of one below it."""
    return manager_names(owners_of(managed_fields(live), path))


def owned_by(entries: ManagedFields, manager: str, operation: str = "") -> set[Path]:
    """The fields that ``manager`` owns and that hold a value, not other fields."""
    return {
        path
        for entry in entries
        if entry.get("manager") == manager and operation in ("", entry.get("operation"))
        for path in _leaves(entry.get("fieldsV1") or {})
    }


def transfer_ownership(
    entries: ManagedFields, manager: str, owners: Mapping[Path, Sequence[Owner]]
) -> ManagedFields | None:
    """The entries after ``manager``'s updates of these fields have gone to the given owners.

    An owner without an entry gets one. None if ``manager`` has updated none of the fields: there is nothing to do.
    """
    updated = {path for path in owners if path in owned_by(entries, manager, "Update")}
    if not updated:
        return None
    result = copy.deepcopy(entries)
    for path in updated:
        for entry in result:
            if entry.get("manager") == manager and entry.get("operation") == "Update":
                _remove(entry.get("fieldsV1") or {}, path)
        for owner in owners[path]:
            _add(_entry_of(result, owner)["fieldsV1"], path)
    # An empty list would be taken for "unchanged"; one empty entry says that no field is owned.
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
