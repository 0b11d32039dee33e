"""The entries that Studios needs in tower.yml, a file that has another owner and lives in one string of a ConfigMap.

Why server-side apply won't do here: the smallest thing that it can own is a key of the ConfigMap, here the whole file.
To set one line, it would have to force the file from its owner; from then on it would overwrite each of the owner's
edits with the text of the last ``up``, conflict with the owner's next apply, and on destroy remove the file altogether.
So the live text is edited: read, changed in one entry, and written only if no other writer came meanwhile. Then the
ownership of the key goes back to its earlier owners, and destroy puts the original entry into whatever the file says
by then.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypedDict

from live.entry_conflicts import field_name, is_conflict
from live.fields import Object
from live.messages import conflict
from live.ownership import Owner, managed_fields, owners_of, transfer_ownership
from live.platform import PlatformApi, PlatformError, retry_on_conflict
from live.tower_yml_place import path_of, setting_of_entry
from live.tower_yml_text import Entry, TowerYmlError, read_entry, restore, set_entry
from settings.host_names import ALLOWED_WORKSPACES_ENTRY

ABSENT = "absent"
"""How a missing entry is shown."""


class _File(TypedDict):
    config_map: str
    key: str


class TowerYmlEdit(_File, total=False):
    """What is set in which file.

    ``config_map`` holds it under ``key``; ``allowed_workspaces`` is JSON: a list of ids, ``[]`` for none, ``null`` for
    all. ``entries`` are further ones: the entry, with dots, and its value as JSON.
    """

    allowed_workspaces: str
    entries: dict[str, str]


class _Original(_File):
    entry: dict[str, Any]
    owners: list[Owner]
    written: list[str]


class OriginalEntry(_Original, total=False):
    """The entry that a file had, its owners, and the values that we have written since. States hold these keys.

    ``path`` is left out for that of the allowed workspaces.
    """

    path: str


def tower_yml_edit(config_map: str, key: str, entries: Mapping[str, str]) -> TowerYmlEdit | None:
    """The edit that sets these entries; None if there are none."""
    edit = TowerYmlEdit(config_map=config_map, key=key)
    others = {name: value for name, value in entries.items() if name != ALLOWED_WORKSPACES_ENTRY}
    if ALLOWED_WORKSPACES_ENTRY in entries:
        edit["allowed_workspaces"] = entries[ALLOWED_WORKSPACES_ENTRY]
    if others:
        edit["entries"] = others
    return edit if entries else None


def entries_of(edit: Mapping[str, Any] | None) -> dict[str, str]:
    """What an edit sets: entry → its value as JSON."""
    found = dict((edit or {}).get("entries") or {})
    if edit and "allowed_workspaces" in edit:
        found[ALLOWED_WORKSPACES_ENTRY] = edit["allowed_workspaces"]
    return found


def is_of(original: Mapping[str, Any], edit: Mapping[str, Any] | None, entry: str) -> bool:
    """Whether a record is that of an entry in the file of an edit."""
    return (
        edit is not None
        and (original["config_map"], original["key"]) == (edit["config_map"], edit["key"])
        and _name_of(original) == entry
    )


class TowerYmlEntry:
    """One entry of the file in one key of a live ConfigMap, edited in place."""

    def __init__(self, api: PlatformApi, config_map: str, key: str, manager: str, entry: str) -> None:
        self._api = api
        self._name = entry
        self._entry_path = path_of(entry)
        self._target = f"ConfigMap/{config_map}"
        self._key = key
        self._path = ("f:data", f"f:{key}")
        self._pointer = f"/data/{_escaped(key)}"
        self._manager = manager

    def __str__(self) -> str:
        return f"{self._key} of {self._target}"

    def shown(self) -> str | None:
        """The live entry as JSON, or "absent"; None if the file is missing."""
        live = self._read()
        return None if live is None else _shown(self._entry(live))

    def recorded(
        self, desired: str, before: OriginalEntry | None, others: Sequence[OriginalEntry] = ()
    ) -> OriginalEntry:
        """What destroy must restore once ``desired`` is written.

        Args:
            desired: the entry that is about to be written.
            before: what was recorded last time; it stands unless the owner has written another entry since.
            others: what was recorded of further entries: what they have added is none of what was found.

        Raises:
            PlatformError: the file is missing, can't be edited safely, or has an entry that this stack has not written.
        """
        live = self._existing()
        entry = self._entry(live)
        written = before["written"] if before is not None else []
        owners = owners_of(managed_fields(live), self._path, besides=self._manager)
        still_ours = before is not None and _shown(entry) in written
        original = OriginalEntry(
            config_map=self._target.partition("/")[2],
            key=self._key,
            entry=before["entry"] if before is not None and still_ours else self._as_found(live, others).record,
            owners=owners or (before["owners"] if before is not None else []),
            written=[*(each for each in written if each != desired), desired],
        )
        if self._name != ALLOWED_WORKSPACES_ENTRY:
            original["path"] = self._name
        return original

    def dry_run(self, desired: str, before: OriginalEntry | None, take_over: Sequence[str]) -> None:
        """Tries the edit without making it.

        Args:
            desired: the entry that is about to be written.
            before: what was recorded earlier.
            take_over: the objects of which fields may be taken from their owner.

        Raises:
            PlatformError: the file is missing, or can't be edited safely.
        """
        live = self._existing()
        entry = self._entry(live)
        written = before["written"] if before is not None else []
        if self._target not in take_over and is_conflict(entry, desired, written):
            owners = owners_of(managed_fields(live), self._path, besides=self._manager)
            raise PlatformError(
                conflict(
                    self._target,
                    field_name(entry, self._key),
                    theirs=_shown(entry),
                    ours=desired,
                    owners=[owner["manager"] for owner in owners],
                    change=f"change {setting_of_entry(self._entry_path)}",
                    position=len(take_over),
                )
            )
        self._edited(live, lambda text: self._with(text, desired))

    def write(self, desired: str, owners: Sequence[Owner]) -> None:
        """Sets the entry, and leaves the file to ``owners``, or to those that it has.

        Raises:
            PlatformError: the file is missing, or can't be edited safely.
        """
        self._edit(lambda text: self._with(text, desired), owners)

    def ask_server(self, desired: str) -> None:
        """Asks the API server by a dry run whether it takes the change.

        Raises:
            PlatformError: it doesn't.
        """
        live = self._existing()
        text = self._edited(live, lambda text: self._with(text, desired))
        if text != live["data"][self._key]:
            self._api.set_field(live, self._pointer, text, self._manager, dry_run=True)

    def restore(self, original: OriginalEntry) -> None:
        """Puts the original entry back, unless its owner has written another one since, or the file is gone."""
        if self._read() is not None:
            self._edit(lambda text: _with_original(text, original), original["owners"])

    def _edit(self, change: Callable[[str], str], owners: Sequence[Owner]) -> None:
        def write() -> Sequence[Owner]:
            before = self._existing()
            text = self._edited(before, change)
            if text != before["data"][self._key]:
                self._api.set_field(before, self._pointer, text, self._manager)
            return owners_of(managed_fields(before), self._path, besides=self._manager) or owners

        found = retry_on_conflict(write)

        def transfer() -> None:
            live = self._existing()
            fields = transfer_ownership(managed_fields(live), self._manager, {self._path: found})
            if fields is not None:
                self._api.set_field(live, "/metadata/managedFields", fields, self._manager)

        retry_on_conflict(transfer)

    def _edited(self, live: Object, change: Callable[[str], str]) -> str:
        try:
            return change(live["data"][self._key])
        except TowerYmlError as error:
            raise PlatformError(f"{self} {error}") from None

    def _as_found(self, live: Object, others: Sequence[OriginalEntry]) -> Entry:
        """The entry in the file as it was before the others were written."""

        def without(text: str) -> str:
            for each in others:
                if (each["config_map"], each["key"]) == (self._target.partition("/")[2], self._key):
                    text = _with_original(text, each)
            return text

        return read_entry(self._edited(live, without), self._entry_path)

    def _entry(self, live: Object) -> Entry:
        try:
            return read_entry(live["data"][self._key], self._entry_path)
        except TowerYmlError as error:
            raise PlatformError(f"{self} {error}") from None

    def _with(self, text: str, desired: str) -> str:
        return set_entry(text, self._entry_path, json.loads(desired))

    def _existing(self) -> Object:
        live = self._read()
        if live is None:
            raise PlatformError(f"{self} does not exist; write the name of the one that does")
        return live

    def _read(self) -> Object | None:
        live = self._api.get(self._target)
        return live if live is not None and self._key in (live.get("data") or {}) else None


def live_entries(
    api: PlatformApi, edit: Mapping[str, Any] | None, manager: str
) -> Iterator[tuple[str, TowerYmlEntry, str]]:
    """What an edit sets: each entry's name, the entry, and its value as JSON."""
    for name, desired in entries_of(edit).items():
        if edit is not None:
            yield name, TowerYmlEntry(api, edit["config_map"], edit["key"], manager, name), desired


def recorded_entry(api: PlatformApi, original: OriginalEntry, manager: str) -> TowerYmlEntry:
    """The entry that a record is about."""
    return TowerYmlEntry(api, original["config_map"], original["key"], manager, _name_of(original))


def _with_original(text: str, original: OriginalEntry) -> str:
    path = path_of(_name_of(original))
    if _shown(read_entry(text, path)) not in original["written"]:
        return text
    return restore(text, Entry.of_record(path, original["entry"]))


def _name_of(original: Mapping[str, Any]) -> str:
    return str(original.get("path", ALLOWED_WORKSPACES_ENTRY))


def _shown(entry: Entry) -> str:
    return json.dumps(entry.value, default=str) if entry.present else ABSENT


def _escaped(key: str) -> str:
    # RFC 6901: a JSON pointer's escapes.
    return key.replace("~", "~0").replace("/", "~1")
