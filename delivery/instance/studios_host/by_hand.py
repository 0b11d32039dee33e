"""What the owner's own commands read: our compose file must be among it, and hide none of theirs."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path

from studios_host.compose import Compose
from studios_host.errors import RefusedError

BASES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
"""The names that Docker Compose reads by itself, in the order in which it looks."""


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
        base = next((name for name in BASES if (folder / name).exists()), "")
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
    """The files that COMPOSE_FILE in `.env` names, and what separates them there."""
    try:
        text = (folder / ".env").read_text(errors="replace")
    except OSError:
        return [], ":"
    separators = re.findall(r"^\s*(?:export\s+)?COMPOSE_PATH_SEPARATOR\s*=\s*[\"']?([^\"'\n])", text, re.MULTILINE)
    separator = separators[-1] if separators else ":"
    found = re.findall(r"^\s*(?:export\s+)?COMPOSE_FILE\s*=\s*[\"']?([^\"'\n#]+)", text, re.MULTILINE)
    if not found:
        return [], separator
    return [os.path.realpath(folder / path) for path in found[-1].strip().split(separator)], separator
