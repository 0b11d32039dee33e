"""The allowed workspaces in tower.yml, a file that has another owner and lives in one string of a ConfigMap.

Why server-side apply won't do here: the smallest thing that it can own is a key of the ConfigMap, here the whole file.
To set one line, it would have to force the file from its owner; from then on it would overwrite each of the owner's
edits with the text of the last ``up``, conflict with the owner's next apply, and on destroy remove the file altogether.
So the live text is edited: read, changed in one entry, and written only if no other writer came meanwhile. Then the
ownership of the key goes back to its earlier owners, and destroy puts the original entry into whatever the file says
by then.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypedDict

from live.fields import Object
from live.messages import conflict
from live.ownership import Owner, managed_fields, owners_of, transfer_ownership
from live.platform import PlatformApi, PlatformError, retry_on_conflict
from live.tower_yml_text import Entry, TowerYmlError, read_entry, restore, set_allowed_workspaces
from live.workspaces_entry import field_name, is_conflict

ABSENT = "absent"
"""How a missing entry is shown."""


class TowerYmlEdit(TypedDict):
    """What is set in which file.

    ``config_map`` holds it under ``key``; ``allowed_workspaces`` is JSON: a list of ids, ``[]`` for none, ``null`` for
    all.
    """

    config_map: str
    key: str
    allowed_workspaces: str


class OriginalEntry(TypedDict):
    """The entry that a file had, its owners, and the entries that we have written since. States hold these keys."""

    config_map: str
    key: str
    entry: dict[str, Any]
    owners: list[Owner]
    written: list[str]


class TowerYmlFile:
    """One key of a live ConfigMap, edited in place."""

    def __init__(self, api: PlatformApi, config_map: str, key: str, manager: str) -> None:
        self._api = api
        self._target = f"ConfigMap/{config_map}"
        self._key = key
        self._path = ("f:data", f"f:{key}")
        self._pointer = f"/data/{_escaped(key)}"
        self._manager = manager

    def __str__(self) -> str:
        return f"{self._key} of {self._target}"

    def shown(self) -> str | None:
        """The live entry in the form of ``allowed_workspaces``, or "absent"; None if the file is missing."""
        live = self._read()
        return None if live is None else _shown(self._entry(live))

    def recorded(self, desired: str, before: OriginalEntry | None) -> OriginalEntry:
        """What destroy must restore once ``desired`` is written.

        Args:
            desired: the entry that is about to be written.
            before: what was recorded last time; it stands unless the owner has written another entry since.

        Raises:
            PlatformError: the file is missing, can't be edited safely, or has an entry that this stack has not written.
        """
        live = self._existing()
        entry = self._entry(live)
        written = before["written"] if before is not None else []
        owners = owners_of(managed_fields(live), self._path, besides=self._manager)
        still_ours = before is not None and _shown(entry) in written
        return OriginalEntry(
            config_map=self._target.partition("/")[2],
            key=self._key,
            entry=before["entry"] if before is not None and still_ours else asdict(entry),
            owners=owners or (before["owners"] if before is not None else []),
            written=[*(each for each in written if each != desired), desired],
        )

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
                    field_name(self._key),
                    theirs=_shown(entry),
                    ours=desired,
                    owners=[owner["manager"] for owner in owners],
                    change="change allowedWorkspaces",
                    position=len(take_over),
                )
            )
        self._edited(live, lambda text: _with_workspaces(text, desired))

    def write(self, desired: str, owners: Sequence[Owner]) -> None:
        """Sets the entry, and leaves the file to ``owners``, or to those that it has.

        Raises:
            PlatformError: the file is missing, or can't be edited safely.
        """
        self._edit(lambda text: _with_workspaces(text, desired), owners)

    def ask_server(self, desired: str) -> None:
        """Asks the API server by a dry run whether it takes the change.

        Raises:
            PlatformError: it doesn't.
        """
        live = self._existing()
        text = self._edited(live, lambda text: _with_workspaces(text, desired))
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

    def _entry(self, live: Object) -> Entry:
        try:
            return read_entry(live["data"][self._key])
        except TowerYmlError as error:
            raise PlatformError(f"{self} {error}") from None

    def _existing(self) -> Object:
        live = self._read()
        if live is None:
            raise PlatformError(f"{self} does not exist; write the name of the one that does")
        return live

    def _read(self) -> Object | None:
        live = self._api.get(self._target)
        return live if live is not None and self._key in (live.get("data") or {}) else None


def tower_yml_file(api: PlatformApi, edit: Mapping[str, Any], manager: str) -> TowerYmlFile:
    """The file that an edit, or what was recorded of one, names."""
    return TowerYmlFile(api, edit["config_map"], edit["key"], manager)


def _with_workspaces(text: str, desired: str) -> str:
    return set_allowed_workspaces(text, json.loads(desired))


def _with_original(text: str, original: OriginalEntry) -> str:
    if _shown(read_entry(text)) not in original["written"]:
        return text
    entry = original["entry"]
    return restore(text, Entry(depth=int(entry["depth"]), source=entry.get("source")))


def _shown(entry: Entry) -> str:
    return json.dumps(entry.value, default=str) if entry.present else ABSENT


def _escaped(key: str) -> str:
    # RFC 6901: a JSON pointer's escapes.
    return key.replace("~", "~0").replace("/", "~1")
