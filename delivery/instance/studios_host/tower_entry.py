"""The entries of tower.yml that Studios needs, what the owner had there, and who set it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml.error import YAMLError

from live.tower_yml_place import path_of, setting_of_entry
from live.tower_yml_text import Entry, TowerYmlError, read_entry, refuse_other_spelling, restore, set_entry
from settings.host_names import ALLOWED_WORKSPACES_ENTRY, TOWER_YML_PATH
from studios_host.differences import files_of
from studios_host.errors import RefusedError

Known = Mapping[str, Mapping[str, Any]]
"""Entry → ``earlier``, what the file had there, and ``written``, the values that this deployment has set."""


def mounted(model: Mapping[str, Any], services: tuple[str, ...], entries: Collection[str]) -> Path:
    """Returns the file that is mounted as tower.yml into each of these services, which read these entries there.

    Raises:
        RefusedError: there is none, or each has another one.
    """
    found: dict[str, str] = {}
    for service in services:
        for volume in model["services"][service].get("volumes") or []:
            if volume["target"] == TOWER_YML_PATH and volume["type"] == "bind":
                found[service] = volume["source"]
        given = files_of(model, service).get(TOWER_YML_PATH)
        if given:
            found[service] = given
    if len(found) < len(services):
        missing = next(service for service in services if service not in found)
        raise RefusedError(
            f"no file is mounted at {TOWER_YML_PATH} into {missing}, and Platform reads {' and '.join(entries)} there: "
            f"add ./tower.yml:{TOWER_YML_PATH} to its volumes"
        )
    paths = {Path(source).resolve() for source in found.values()}
    if len(paths) > 1:
        shown = ", ".join(f"{source} into {service}" for service, source in found.items())
        raise RefusedError(f"{shown}: two files are mounted as {TOWER_YML_PATH}; mount one")
    path = paths.pop()
    if not path.is_file():
        raise RefusedError(f"there is no {path.name} in {path.parent}, and it is mounted at {TOWER_YML_PATH}; write it")
    return path


def remembered(text: object) -> Known:
    """What a host remembers, by entry: a run of 1.0.0 has remembered that of the allowed workspaces only."""
    if not isinstance(text, dict):
        return {}
    return {ALLOWED_WORKSPACES_ENTRY: text} if "written" in text else text


def with_entries(path: Path, known: Known, entries: Mapping[str, str], *, take_over: bool) -> tuple[bytes, bytes]:
    """Returns the text with these entries, and what is to be remembered for `restored`.

    Args:
        path: of tower.yml.
        known: what was remembered, of the entries that this deployment has set.
        entries: the entries, with dots, and their values as JSON.
        take_over: set entries that another owner wrote, too.

    Raises:
        RefusedError: the text cannot be edited, or another owner set entries to other values.
    """
    with _refusing(path):
        text = _read(path)
        found, edited = _restored(text, known), text
        for name in known:
            if name not in entries:
                edited = _one_restored(edited, name, known[name])
        memory, others = {}, []
        for name, value in entries.items():
            refuse_other_spelling(text, path_of(name))
            entry, wanted, before = read_entry(text, path_of(name)), json.loads(value), known.get(name)
            ours = before is not None and _shown(entry) in before["written"]
            if entry.present and not ours and entry.value != wanted and not take_over:
                setting = setting_of_entry(path_of(name))
                others.append(
                    f"{name} in {path} is {_shown(entry)}, and this stack would set {value}; "
                    f"write the same in {setting}, or take it over: takeOver: [tower.yml]"
                )
            edited = set_entry(edited, path_of(name), wanted)
            earlier, written = read_entry(found, path_of(name)).record, [value]
            if ours and before is not None:
                earlier = before["earlier"]
                # A run may be killed between the two moves: then the file still has what was written before.
                written += [shown for shown in before["written"] if shown != value and shown == _shown(entry)]
            memory[name] = {"earlier": earlier, "written": written}
    if others:
        raise RefusedError("\n".join(others))
    return edited.encode(), (json.dumps(memory) + "\n").encode()


def restored(path: Path, known: Known) -> bytes:
    """Returns the text with the entries that the owner had, unless the owner has written others since.

    Raises:
        RefusedError: the text cannot be edited.
    """
    with _refusing(path):
        return _restored(_read(path), known).encode()


def _restored(text: str, known: Known) -> str:
    for name, record in known.items():
        text = _one_restored(text, name, record)
    return text


def _one_restored(text: str, name: str, record: Mapping[str, Any]) -> str:
    path = path_of(name)
    if _shown(read_entry(text, path)) not in record["written"]:
        return text
    return restore(text, Entry.of_record(path, record["earlier"]))


@contextlib.contextmanager
def _refusing(path: Path) -> Iterator[None]:
    try:
        yield
    except (TowerYmlError, YAMLError) as error:
        raise RefusedError(f"{path} {error}") from None
    except UnicodeDecodeError:
        raise RefusedError(f"{path} is not UTF-8") from None


def _shown(entry: Entry) -> str:
    return json.dumps(entry.value, default=str) if entry.present else "absent"


def _read(path: Path) -> str:
    # Bytes, so that no line break is translated.
    return path.read_bytes().decode("utf-8")
