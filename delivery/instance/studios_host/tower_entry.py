"""The entry of tower.yml that Studios needs, what the owner had there, and who set it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ruamel.yaml.error import YAMLError

from live.tower_yml_text import Entry, TowerYmlError, read_entry, restore, set_allowed_workspaces
from studios_host.differences import files_of
from studios_host.errors import RefusedError

IN_CONTAINER = "/tower.yml"
_KEY = "tower.data-studio.allowed-workspaces"


def mounted(model: Mapping[str, Any], services: tuple[str, ...]) -> Path:
    """Returns the file that is mounted as tower.yml into each of these services.

    Raises:
        RefusedError: there is none, or each has another one.
    """
    found: dict[str, str] = {}
    for service in services:
        for volume in model["services"][service].get("volumes") or []:
            if volume["target"] == IN_CONTAINER and volume["type"] == "bind":
                found[service] = volume["source"]
        given = files_of(model, service).get(IN_CONTAINER)
        if given:
            found[service] = given
    if len(found) < len(services):
        missing = next(service for service in services if service not in found)
        raise RefusedError(
            f"no file is mounted at {IN_CONTAINER} into {missing}; Platform up to 25.3 reads the allowed workspaces "
            f"there: add ./tower.yml:{IN_CONTAINER} to its volumes"
        )
    paths = {Path(source).resolve() for source in found.values()}
    if len(paths) > 1:
        shown = ", ".join(f"{source} into {service}" for service, source in found.items())
        raise RefusedError(f"{shown}: two files are mounted as {IN_CONTAINER}; mount one")
    path = paths.pop()
    if not path.is_file():
        raise RefusedError(f"there is no {path.name} in {path.parent}, and it is mounted at {IN_CONTAINER}; write it")
    return path


def with_entry(path: Path, known: Mapping[str, Any] | None, value: str, *, take_over: bool) -> tuple[bytes, bytes]:
    """Returns the text with the entry, and what is to be remembered for `restored`.

    Args:
        path: of tower.yml.
        known: what was remembered, if this deployment has set the entry.
        value: JSON: null for all workspaces, or a list of ids.
        take_over: set an entry that another owner wrote, too.

    Raises:
        RefusedError: the text cannot be edited, or another owner set the entry to another value.
    """
    try:
        text, wanted = _read(path), json.loads(value)
        entry = read_entry(text)
        ours = known is not None and _shown(entry) in known["written"]
        if entry.present and not ours and entry.value != wanted and not take_over:
            raise RefusedError(
                f"{_KEY} in {path} is {_shown(entry)}, and this stack would set {value}; "
                "write the same in allowedWorkspaces, or take it over: takeOver: [tower.yml]"
            )
        edited = set_allowed_workspaces(text, wanted)
    except (TowerYmlError, YAMLError) as error:
        raise RefusedError(f"{path} {error}") from None
    except UnicodeDecodeError:
        raise RefusedError(f"{path} is not UTF-8") from None
    earlier, written = asdict(entry), [value]
    if ours and known is not None:
        earlier = known["earlier"]
        # A run may be killed between the two moves: then the file still has what was written before.
        written += [shown for shown in known["written"] if shown != value and shown == _shown(entry)]
    return edited.encode(), (json.dumps({"earlier": earlier, "written": written}) + "\n").encode()


def restored(path: Path, known: Mapping[str, Any]) -> bytes:
    """Returns the text with the entry that the owner had, unless the owner has written another one since.

    Raises:
        RefusedError: the text cannot be edited.
    """
    try:
        text = _read(path)
        if _shown(read_entry(text)) in known["written"]:
            text = restore(text, Entry(**known["earlier"]))
    except (TowerYmlError, YAMLError) as error:
        raise RefusedError(f"{path} {error}") from None
    except UnicodeDecodeError:
        raise RefusedError(f"{path} is not UTF-8") from None
    return text.encode()


def _shown(entry: Entry) -> str:
    return json.dumps(entry.value, default=str) if entry.present else "absent"


def _read(path: Path) -> str:
    # Bytes, so that no line break is translated.
    return path.read_bytes().decode("utf-8")
