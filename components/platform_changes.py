"""One object of a Platform install: changed so that exactly our fields are ours, and given back to its owners.

Server-side apply under one manager does nearly all of it. It owns no more than what it is told to set; a field that it
is no longer told goes, unless somebody else sets it as well. What it can't do is to bring back a value that was taken
from its owner by force: so that is recorded before it is taken, and written back together with the rest.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
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
from components.platform_api import Object, OwnedByOthersError, PlatformApi, PlatformError, again_if_beaten
from components.platform_fields import (
    Names,
    identity_of,
    in_sync,
    item_of,
    items,
    merge,
    put,
    rivals,
    shown,
    take_out,
    value_at,
    values,
    wanted,
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
    # Also what is no longer edited: it has yet to be given back.
    for item_path in dict.fromkeys([*items(target, names), *(item_of(tuple(each["path"])) for each in before)]):
        identity = identity_of(item_path)
        earlier = {tuple(each["path"]): each for each in before if tuple(each["path"][: len(item_path)]) == item_path}
        if identity != item_path and _was_given_up(live, identity, manager, earlier.values()):
            continue
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
    """Says what is wrong with a change, without making it.

    Raises:
        OwnedByOthersError: fields of ``body`` are others', and may not be forced.
        PlatformError: the change is refused.
    """
    in_the_way = rivals(body, live, manager)
    if not in_the_way:
        api.apply(_of(live, body), manager, force=force, dry_run=True)
    elif not force:
        entries = managed_fields(live)
        named = [(path, owners_of(entries, path, besides=manager)) for path in sorted(in_the_way)]
        raise OwnedByOthersError(
            f"{body['kind']}/{body['metadata']['name']}",
            [(shown(path), " and ".join(owner["manager"] for owner in owners) or "nobody") for path, owners in named],
        )


def _change(api: PlatformApi, target: str, body: Object, manager: str, force: bool, earlier: list[Earlier]) -> bool:
    live = api.get(target)
    if live is None:
        if wanted(body):
            raise PlatformError(f"there is no {target} in namespace {api.namespace}")
        return False
    due = {tuple(each["path"]): each for each in earlier if _is_due(live, each, body, manager)}
    in_the_way = rivals(body, live, manager) if force else set()
    if not due and not in_the_way and in_sync(live, body, manager):
        return False
    if due or in_the_way:
        # In one write, so that a Deployment restarts once: applying it then changes nothing but who owns what.
        api.replace(_computed(live, body, manager, due, in_the_way), manager)
    written = api.apply(_of(live, body), manager, force=force)
    _settle(api, target, written, manager, {path: each["owners"] for path, each in due.items()})
    return True


def _computed(
    live: Object, body: Object, manager: str, due: Mapping[Path, Earlier], in_the_way: Collection[Path]
) -> Object:
    """What the object is with the change, and with the earlier values that are due."""
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
    take_out(result, (ours_alone | unowned | set(in_the_way)) - set(wanted(body)))
    for path, each in due.items():
        put(result, path, copy.deepcopy(each["value"]))
    merge(result, {key: value for key, value in copy.deepcopy(body).items() if key in ("data", "spec")})
    return result


def _settle(api: PlatformApi, target: str, live: Object, manager: str, owners: Mapping[Path, list[Owner]]) -> None:
    """What was written, not applied, is now its owners' again, or nobody's but by our apply."""
    latest: Object | None = live

    def write() -> None:
        nonlocal latest
        current, latest = latest or api.get(target), None
        if current is None:
            return
        entries = managed_fields(current)
        back = {path: owners.get(path, []) for path in owned_by(entries, manager, "Update")}
        fields = handed_back(entries, manager, back)
        if fields is not None:
            api.set_field(current, "/metadata/managedFields", fields, manager)

    again_if_beaten(write)


def _of(live: Object, body: Object) -> Object:
    """The body, for this very object: one that is made anew under the name is not meant."""
    return {**body, "metadata": {**body["metadata"], "uid": live["metadata"]["uid"]}}


def _is_due(live: Object, earlier: Earlier, body: Object, manager: str) -> bool:
    """Whether a recorded value was taken, is nobody else's since, and its place is no longer wanted."""
    path = tuple(earlier["path"])
    place = item_of(path)
    if any(each[: len(place)] == place for each in wanted(body)):
        return False
    return not _others_own(managed_fields(live), path, manager) and _still_taken(live, earlier, manager)


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


def _was_given_up(live: Object, identity: Path, manager: str, earlier: Collection[Earlier]) -> bool:
    """Whether an item of a list is ours alone, and those who had it too have taken it out of their manifests."""
    entries = managed_fields(live)
    if identity not in owned_by(entries, manager) or _others_own(entries, identity, manager):
        return False
    return not earlier or any(each["owners"] for each in earlier)


def _earlier(live: Object, path: Path, manager: str, before: Earlier | None) -> Earlier | None:
    entries = managed_fields(live)
    value = value_at(live, path)
    owners = owners_of(entries, path, besides=manager)
    # A default within an item that somebody has set is nobody's, and comes back by itself.
    if value is not None and (owners or not owners_of(entries, identity_of(item_of(path)))):
        return Earlier(path=list(path), value=value, owners=owners)
    return before if before is not None and _still_taken(live, before, manager) else None


def _values_of(live: Object, item_path: Path) -> dict[Path, object]:
    found = value_at(live, item_path)
    return {} if found is None else dict(values(found, item_path))


def _others_own(entries: ManagedFields, path: Path, manager: str) -> bool:
    return bool(owners_of(entries, path, besides=manager))
