"""What the owner's own commands read: our compose file must be among it, and hide none of theirs."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path

from settings.host_names import COMPOSE_BASES
from studios_host.compose import Compose
from studios_host.errors import RefusedError

OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
"""Those that it reads beside them, in the order in which it looks."""

_ASSIGNED = re.compile(
    r"""^[ \t]*(?:export[ \t]+)?(?P<name>\w+)[ \t]*[=:][ \t]*"""
    r"""(?:'(?P<literal>[^'\n]*)'|"(?P<quoted>[^"\n]*)"|(?P<plain>[^\n]*?))[ \t\r]*(?:[ \t]\#[^\n]*)?$""",
    re.MULTILINE,
)
"""A line of `.env`: https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/"""
_REFERENCE = re.compile(r"\$(?:(?P<bare>\w+)|\{(?P<name>\w+)(?::?[-=](?P<default>[^}]*))?[^}]*\})")
_UNKNOWN = "$"
"""Stands for a variable that only the owner's shell has."""


def is_read_by_hand(compose: Compose, override: str, ours: Collection[str]) -> str:
    """Returns what the owner has to add to commands by hand: empty where Docker Compose reads our file by itself.

    Raises:
        RefusedError: our file would hide the owner's, or would be left out.
    """
    folder = Path(compose.project.working_dir)
    named, separator = compose_file_variable(folder)
    if os.path.realpath(folder / override) in named:
        return ""
    if not named:
        theirs = [name for name in OVERRIDES if (folder / name).exists() and name not in (*ours, override)]
        if override in OVERRIDES and theirs:
            raise RefusedError(
                f"{folder / theirs[0]} is the owner's, and docker compose reads only one file of that kind by itself; "
                "write another name in composeOverride, for example docker-compose.studios.yml"
            )
        base = next((name for name in COMPOSE_BASES if (folder / name).exists()), "")
        files = [os.path.realpath(path) for path in compose.source.config_files]
        if override in OVERRIDES and files == [os.path.realpath(folder / base)]:
            return ""
    if override in OVERRIDES:
        where = f"in COMPOSE_FILE of {folder / '.env'}" if named else "in COMPOSE_FILE, or with -f"
        raise RefusedError(
            f"Platform was started from {compose.source}, so that docker compose does not read {override} by itself; "
            "write composeOverride: docker-compose.studios.yml, and name that file behind the others where they are "
            f"named: {where}"
        )
    if named:
        return (
            f"add {separator}{override} to COMPOSE_FILE in {folder / '.env'}, so that docker compose reads it by hand"
        )
    return f"by hand, name all files. In {folder}: {compose.over(str(folder / override)).by_hand('up', '-d')}"


def still_named(folder: Path, override: str) -> str:
    """Returns what the owner has to take out of `.env` once our file is gone: empty where it is not named there."""
    named, _ = compose_file_variable(folder)
    if os.path.realpath(folder / override) not in named:
        return ""
    return f"take {override} out of COMPOSE_FILE in {folder / '.env'}: docker compose stops at a file that is not there"


def compose_file_variable(folder: Path) -> tuple[list[str], str]:
    """The files that COMPOSE_FILE in `.env` names, and what separates them there.

    A path below what only the owner's shell has, such as `$HOME`, counts as one in the folder.
    """
    try:
        text = (folder / ".env").read_text(errors="replace")
    except OSError:
        return [], ":"
    known = {"PWD": str(folder)}
    for line in _ASSIGNED.finditer(text):
        value = line["literal"]
        known[line["name"]] = _resolved(line["quoted"] or line["plain"] or "", known) if value is None else value
    separator = known.get("COMPOSE_PATH_SEPARATOR") or ":"
    paths = [path.strip() for path in known.get("COMPOSE_FILE", "").split(separator)]
    here = [os.path.basename(path) if _UNKNOWN in path else path for path in paths if path]
    return [os.path.realpath(folder / path) for path in here], separator


def _resolved(text: str, known: Mapping[str, str]) -> str:
    """A value with those of the variables that it names."""
    return _REFERENCE.sub(lambda found: known.get(found["bare"] or found["name"]) or found["default"] or _UNKNOWN, text)
