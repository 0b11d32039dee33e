"""What the install script leaves to Python: unpacking the bundle, and the one entry of tower.yml.

Runs on the Docker Compose host with Python 3.9 or newer and its standard library alone:

    studios_tool.py unpack SECRET FOLDER
    studios_tool.py set TOWER_YML STATE VALUE NEW_TOWER_YML NEW_STATE
    studios_tool.py restore TOWER_YML STATE NEW_TOWER_YML
    studios_tool.py agree FOLDER COMPOSE_FILES SERVICES OURS installed|new

VALUE is JSON: null for all workspaces, or a list of ids. STATE remembers the entry that the owner had.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ruamel.yaml.error import YAMLError
from studios_host import agreement
from studios_host.errors import RefusedError

from live.tower_yml_text import Entry, TowerYmlError, read_entry, restore, set_allowed_workspaces

FORMAT = 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PARAMETER = re.compile(r"[a-z_]+")
_LINE = re.compile(r"[ -~]*")


def unpack(secret: str, folder: str) -> None:
    """Writes the bundle's files into FOLDER/files, and its parameters as KEY=VALUE lines into FOLDER/parameters."""
    try:
        bundle = json.loads(_read(secret))
        known = bundle["format"]
        files, parameters = dict(bundle["files"]), dict(bundle["parameters"])
    except (ValueError, KeyError, TypeError) as error:
        raise RefusedError(f"the secret holds no bundle of Studios ({type(error).__name__})") from None
    if known != FORMAT:
        raise RefusedError(f"the secret's bundle has format {known!r}, and this script knows {FORMAT}")
    for name, text in files.items():
        if not _NAME.fullmatch(name) or not isinstance(text, str) or not text:
            raise RefusedError("the secret's bundle has a file without a proper name or content")
    for key, value in parameters.items():
        if not _PARAMETER.fullmatch(key) or not isinstance(value, str) or not _LINE.fullmatch(value):
            raise RefusedError("the secret's bundle has a parameter that is not one line of ASCII")
    if set(parameters.get("files", "").split()) != set(files):
        raise RefusedError("the secret's bundle lacks files that it names")
    target = Path(folder)
    (target / "files").mkdir()
    for name, text in files.items():
        _write(target / "files" / name, text)
    _write(target / "parameters", "".join(f"{key}={value}\n" for key, value in parameters.items()))


def set_entry(tower_yml: str, state: str, value: str, new_tower_yml: str, new_state: str) -> None:
    """Writes the text with the entry, and what `restore` needs; both are to be moved into place, the state first."""
    text, wanted = _read(tower_yml), json.loads(value)
    entry, known = read_entry(text), _state(state)
    edited = set_allowed_workspaces(text, wanted)
    earlier, written = asdict(entry), [value]
    if known is not None and _shown(entry) in known["written"]:
        earlier = known["earlier"]
        # A run may be killed between the two moves: then the file still has what was written before.
        written += [shown for shown in known["written"] if shown != value and shown == _shown(entry)]
    _write(Path(new_tower_yml), edited)
    _write(Path(new_state), json.dumps({"earlier": earlier, "written": written}) + "\n")


def restore_entry(tower_yml: str, state: str, new_tower_yml: str) -> None:
    """Writes the text with the entry that the owner had, unless the owner has written another one since."""
    text, known = _read(tower_yml), _state(state)
    if known is not None and _shown(read_entry(text)) in known["written"]:
        text = restore(text, Entry(**known["earlier"]))
    _write(Path(new_tower_yml), text)


def _shown(entry: Entry) -> str:
    return json.dumps(entry.value, default=str) if entry.present else "absent"


def _state(path: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = json.loads(_read(path)) if Path(path).exists() else None
    return found


def _read(path: str) -> str:
    # Bytes, so that no line break is translated.
    return Path(path).read_bytes().decode("utf-8")


def _write(path: Path, text: str) -> None:
    with path.open("wb") as stream:
        stream.write(text.encode("utf-8"))
        stream.flush()
        os.fsync(stream.fileno())


def main(words: list[str]) -> int:
    """Runs one command; returns the exit code."""
    commands: dict[str, tuple[Callable[..., None], int]] = {
        "unpack": (unpack, 2),
        "set": (set_entry, 5),
        "restore": (restore_entry, 3),
        "agree": (agreement.main, 5),
    }
    name = words[0] if words else ""
    if name not in commands or len(words) != commands[name][1] + 1:
        sys.stderr.write(__doc__ or "")
        return 2
    try:
        commands[name][0](*words[1:])
    except RefusedError as refused:
        sys.stderr.write(f"{refused}\n")
    except (TowerYmlError, YAMLError) as error:
        sys.stderr.write(f"{words[1]} {error}\n")
    except UnicodeDecodeError:
        sys.stderr.write(f"{words[1]} is not UTF-8\n")
    except OSError as error:
        sys.stderr.write(f"{error.filename or words[-1]}: {error.strerror}\n")
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
