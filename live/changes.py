"""One object of a Platform install: edited so that exactly our fields are ours, and restored for its owners.

Server-side apply under one manager does nearly all of it. It owns no more than what it is told to set; a field that it
is no longer told goes, unless another manager sets it as well. What it can't do is to bring back a value that was taken
from its owner by force: so that value is recorded before it is taken, and written back together with the rest.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from typing import TypedDict

from live.edits import Names, conflicting_fields, item_paths
from live.fields import (
    Object,
    desired_values,
    in_sync,
    item_of,
    merge,
    merge_key_of,
    put,
    remove_values,
    shown,
    value_at,
    values,
)
from live.ownership import (
    ManagedFields,
    Owner,
    Path,
    managed_fields,
    manager_names,
    owned_by,
    owners_of,
    transfer_ownership,
)
from live.platform import OwnedByOthersError, PlatformApi, PlatformError, retry_on_conflict


class OriginalValue(TypedDict):
    """A value that others had set: the path of the field, the value, and its owners. States hold these keys."""

    path: list[str]
    value: object
    owners: list[Owner]


def record_originals(
    live: Object, target: str, names: Names, manager: str, before: list[OriginalValue]
) -> list[OriginalValue]:
    """What others have set of the named fields: the values that a forced edit would take from them.

    Args:
        live: the object.
        target: its kind and name.
        names: the fields.
        manager: ours.
        before: what was recorded last time; it stands where only we have owned the field since.
    """
    found: list[OriginalValue] = []
    # Also what is no longer edited: it has yet to be restored.
    for item_path in dict.fromkeys([*item_paths(target, names), *(item_of(tuple(each["path"])) for each in before)]):
        identity = merge_key_of(item_path)
        known = {tuple(each["path"]): each for each in before if tuple(each["path"][: len(item_path)]) == item_path}
        if identity != item_path and _was_abandoned(live, identity, manager, known.values()):
            continue
        for path in {**known, **_values_of(live, item_path)}:
            kept = None if path == identity != item_path else _original(live, path, manager, known.get(path))
            if kept is not None:
                found.append(kept)
    return found


def apply_edit(
    api: PlatformApi, target: str, body: Object, manager: str, *, force: bool, originals: list[OriginalValue]
) -> bool:
    """Makes exactly the fields of ``body`` ours, and restores those of the ``originals`` that it leaves out.

    Returns:
        Whether there was anything to do. Where the object is gone, there is nothing to restore.

    Raises:
        OwnedByOthersError: fields of ``body`` are others', and may not be forced.
        PlatformError: the API server refuses the edit.
    """
    return retry_on_conflict(lambda: _apply_edit(api, target, body, manager, force, originals))


def dry_run_edit(
    api: PlatformApi, live: Object, body: Object, manager: str, *, force: bool, warned: list[str] | None = None
) -> Object | None:
    """Tries an edit without making it.

    Returns:
        What the object would be; None where values must make room first, which an apply can't do.

    Raises:
        OwnedByOthersError: fields of ``body`` are others', and may not be forced.
        PlatformError: the API server refuses the edit.
    """
    in_the_way = conflicting_fields(body, live, manager)
    if not in_the_way:
        return api.apply(_pinned(live, body), manager, force=force, dry_run=True, warned=warned)
    if not force:
        entries = managed_fields(live)
        named = [(path, owners_of(entries, path, besides=manager)) for path in sorted(in_the_way)]
        raise OwnedByOthersError(
            f"{body['kind']}/{body['metadata']['name']}",
            [(shown(path), " and ".join(manager_names(owners)) or "no manager") for path, owners in named],
        )
    return None


def _apply_edit(
    api: PlatformApi, target: str, body: Object, manager: str, force: bool, originals: list[OriginalValue]
) -> bool:
    live = api.get(target)
    if live is None:
        if desired_values(body):
            raise PlatformError(f"there is no {target} in namespace {api.namespace}")
        return False
    due = {tuple(each["path"]): each for each in originals if _is_due(live, each, body, manager)}
    in_the_way = conflicting_fields(body, live, manager) if force else set()
    if not due and not in_the_way and in_sync(live, body, manager):
        return False
    if due or in_the_way:
        # In one write, so that a Deployment restarts once: applying it then changes nothing but who owns what.
        api.replace(_computed(live, body, manager, due, in_the_way), manager)
    written = api.apply(_pinned(live, body), manager, force=force)
    _settle(api, target, written, manager, {path: each["owners"] for path, each in due.items()})
    return True


def _computed(
    live: Object, body: Object, manager: str, due: Mapping[Path, OriginalValue], in_the_way: Collection[Path]
) -> Object:
    """What the object is with the edit, and with the original values that are due."""
    entries = managed_fields(live)
    result = copy.deepcopy(live)
    ours_alone = {path for path in owned_by(entries, manager) if not _others_own(entries, path, manager)}
    # A volume without a source, or a variable, may have been given a default meanwhile.
    unowned = {
        path
        for item_path in {item_of(path) for path in due}
        for path in _values_of(live, item_path)
        if not _others_own(entries, path, manager)
    }
    remove_values(result, (ours_alone | unowned | set(in_the_way)) - set(desired_values(body)))
    for path, each in due.items():
        put(result, path, copy.deepcopy(each["value"]))
    merge(result, {key: value for key, value in copy.deepcopy(body).items() if key in ("data", "spec")})
    return result


def _settle(api: PlatformApi, target: str, live: Object, manager: str, owners: Mapping[Path, list[Owner]]) -> None:
    """Transfers what was written, not applied, to its owners; what has none stays ours by our apply."""
    latest: Object | None = live

    def write() -> None:
        nonlocal latest
        current, latest = latest or api.get(target), None
        if current is None:
            return
        entries = managed_fields(current)
        due = {path: owners.get(path, []) for path in owned_by(entries, manager, "Update")}
        fields = transfer_ownership(entries, manager, due)
        if fields is not None:
            api.set_field(current, "/metadata/managedFields", fields, manager)

    retry_on_conflict(write)


def _pinned(live: Object, body: Object) -> Object:
    """Pins the body to this object's uid, so that a re-created object of the same name is never touched."""
    return {**body, "metadata": {**body["metadata"], "uid": live["metadata"]["uid"]}}


def _is_due(live: Object, original: OriginalValue, body: Object, manager: str) -> bool:
    """Whether we replaced an original value, no other manager has set it since, and the edit leaves its place out."""
    path = tuple(original["path"])
    place = item_of(path)
    if any(each[: len(place)] == place for each in desired_values(body)):
        return False
    return not _others_own(managed_fields(live), path, manager) and _is_still_replaced(live, original, manager)


def _is_still_replaced(live: Object, original: OriginalValue, manager: str) -> bool:
    """Whether the field is ours because we forced it, and not because its owner gave up a value that equals ours."""
    path, item_path = tuple(original["path"]), item_of(tuple(original["path"]))
    entries = managed_fields(live)
    if path in owned_by(entries, manager, "Update"):
        return True  # It is written back already, and its ownership not yet transferred.
    value = value_at(live, path)
    if value is None:
        return any(owned[: len(item_path)] == item_path for owned in owned_by(entries, manager))
    return path in owned_by(entries, manager) and value != original["value"]


def _was_abandoned(live: Object, identity: Path, manager: str, originals: Collection[OriginalValue]) -> bool:
    """Whether only we own an item of a list, since the others have taken it out of their manifests."""
    entries = managed_fields(live)
    if identity not in owned_by(entries, manager) or _others_own(entries, identity, manager):
        return False
    return not originals or any(each["owners"] for each in originals)


def _original(live: Object, path: Path, manager: str, before: OriginalValue | None) -> OriginalValue | None:
    entries = managed_fields(live)
    value = value_at(live, path)
    owners = owners_of(entries, path, besides=manager)
    # A default within an owned item has no owner, and comes back by itself.
    if value is not None and (owners or not owners_of(entries, merge_key_of(item_of(path)))):
        return OriginalValue(path=list(path), value=value, owners=owners)
    return before if before is not None and _is_still_replaced(live, before, manager) else None


def _values_of(live: Object, item_path: Path) -> dict[Path, object]:
    found = value_at(live, item_path)
    return {} if found is None else dict(values(found, item_path))


def _others_own(entries: ManagedFields, path: Path, manager: str) -> bool:
    return bool(owners_of(entries, path, besides=manager))
