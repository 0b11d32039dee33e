"""One object of a Platform install: changed so that exactly our fields are ours, and given back to its owners.

Server-side apply under one manager does nearly all of it. It owns no more than what it is told to set; a field that it
is no longer told goes, unless somebody else sets it as well. What it can't do is to bring back a value that was taken
from its owner by force: so that is recorded before it is taken, and written back together with the rest.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TypedDict

from components.field_owners import (
    ManagedFields,
    Owner,
    Path,
    handed_back,
    managed_fields,
    owned_by,
    owners_of,
)
from components.platform_api import Object, PlatformApi, PlatformError, again_if_beaten
from components.platform_fields import (
    Names,
    identity_of,
    in_sync,
    item_of,
    items,
    set_value,
    value_at,
    values,
    wanted,
    without_rivals,
)


class Earlier(TypedDict):
    """A value that somebody else has set: the path of the field, the value, and who owns it."""

    path: list[str]
    value: object
    owners: list[Owner]


def recorded(live: Object, target: str, names: Names, manager: str, before: list[Earlier]) -> list[Earlier]:
    """What others have set of the named fields: what a forced change would take from them.

    Args:
        live: the object.
        target: its kind and name.
        names: the fields.
        manager: ours.
        before: what was recorded earlier; it stands where the field has been ours alone since.
    """
    found: list[Earlier] = []
    for item_path in items(target, names):
        identity = identity_of(item_path)
        if identity != item_path and not _others_own(managed_fields(live), identity, manager):
            continue  # Whoever had the item in the list has given it up.
        earlier = {tuple(each["path"]): each for each in before if tuple(each["path"][: len(item_path)]) == item_path}
        for path in {**earlier, **_values_of(live, item_path)}:
            kept = None if path == identity != item_path else _earlier(live, path, manager, earlier.get(path))
            if kept is not None:
                found.append(kept)
    return found


def change(api: PlatformApi, target: str, body: Object, manager: str, *, force: bool, earlier: list[Earlier]) -> bool:
    """Makes exactly the fields of ``body`` ours, and gives back the values recorded in ``earlier`` that it leaves out.

    Returns:
        Whether there was anything to do. Where the object is gone, there is nothing to give back.

    Raises:
        OwnedByOthersError: fields of ``body`` are others', and may not be forced.
        PlatformError: the change is refused.
    """
    return again_if_beaten(lambda: _change(api, target, body, manager, force, earlier))


def check(api: PlatformApi, live: Object, body: Object, manager: str, *, force: bool) -> None:
    """Lets the API server say what is wrong with a change, without making it.

    Raises:
        OwnedByOthersError: fields of ``body`` are others', and may not be forced.
        PlatformError: the change is refused.
    """
    api.apply(_to_apply(live, body, manager), manager, force=force, dry_run=True)


def is_made(live: Object, body: Object, manager: str) -> bool:
    """Whether the change is there already, and nothing else of ours."""
    return in_sync(live, _to_apply(live, body, manager), manager)


def _change(api: PlatformApi, target: str, body: Object, manager: str, force: bool, earlier: list[Earlier]) -> bool:
    live = api.get(target)
    if live is None:
        if wanted(body):
            raise PlatformError(f"there is no {target} in namespace {api.namespace}")
        return False
    to_apply = _to_apply(live, body, manager)
    due = {tuple(each["path"]): each for each in earlier if _is_due(live, each, to_apply, manager)}
    if not due:
        if in_sync(live, to_apply, manager):
            return False
        api.apply(to_apply, manager, force=force)
        return True
    # In one write, so that a Deployment restarts once.
    result = api.apply(to_apply, manager, force=force, dry_run=True)
    for path, each in due.items():
        set_value(result, path, copy.deepcopy(each["value"]))
    written = api.replace(result, manager)
    _hand_back(api, target, written, manager, {path: each["owners"] for path, each in due.items()})
    return True


def _hand_back(api: PlatformApi, target: str, live: Object, manager: str, owners: Mapping[Path, list[Owner]]) -> None:
    """The values are back, and ours by our write; this makes them their owners' again."""
    latest: Object | None = live

    def write() -> None:
        nonlocal latest
        current, latest = latest or api.get(target), None
        fields = handed_back(managed_fields(current), manager, owners) if current else None
        if current and fields is not None:
            api.set_field(current, "/metadata/managedFields", fields, manager)

    again_if_beaten(write)


def _to_apply(live: Object, body: Object, manager: str) -> Object:
    complete = without_rivals(copy.deepcopy(body), live, manager)
    complete["metadata"]["uid"] = live["metadata"]["uid"]
    return complete


def _is_due(live: Object, earlier: Earlier, body: Object, manager: str) -> bool:
    """Whether a recorded value was taken, is nobody else's since, and is not wanted otherwise any more."""
    path = tuple(earlier["path"])
    taken = path not in wanted(body) and not _others_own(managed_fields(live), path, manager)
    return taken and _still_taken(live, earlier, manager)


def _still_taken(live: Object, earlier: Earlier, manager: str) -> bool:
    """Whether the field is ours because we forced it, and not because its owner gave up a value that equals ours."""
    path, item_path = tuple(earlier["path"]), item_of(tuple(earlier["path"]))
    entries = managed_fields(live)
    if path in owned_by(entries, manager, "Update"):
        return True  # It is written back already, and not yet handed back.
    value = value_at(live, path)
    if value is None:
        return any(owned[: len(item_path)] == item_path for owned in owned_by(entries, manager))
    return path in owned_by(entries, manager) and value != earlier["value"]


def _earlier(live: Object, path: Path, manager: str, before: Earlier | None) -> Earlier | None:
    entries = managed_fields(live)
    value = value_at(live, path)
    owners = owners_of(entries, path, besides=manager)
    if value is not None and (owners or path not in owned_by(entries, manager)):
        return Earlier(path=list(path), value=value, owners=owners)
    return before if before is not None and _still_taken(live, before, manager) else None


def _values_of(live: Object, item_path: Path) -> dict[Path, object]:
    found = value_at(live, item_path)
    return {} if found is None else dict(values(found, item_path))


def _others_own(entries: ManagedFields, path: Path, manager: str) -> bool:
    return bool(owners_of(entries, path, besides=manager))
