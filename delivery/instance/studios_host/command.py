"""The command line: reads its words, runs, and says in one sentence how it ended."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

from settings.host_names import ENCODED
from studios_host.bundle import from_folder, from_secret
from studios_host.docker import Docker
from studios_host.errors import PutBackError, RefusedError, reason_of
from studios_host.install import install
from studios_host.place import Place
from studios_host.uninstall import uninstall, without_folder

_OPTIONS = ("--folder", "--bundle", "--secret", "--version", "--region", "--timeout")
_TIMEOUT_SECONDS = "900"
_LONGEST_REASON = 7500
"""Systems Manager keeps the first 8,000 characters of what a script writes to stderr."""


def main(words: Sequence[str]) -> int:
    """Runs one command; returns the exit code."""
    try:
        said = _run(words)
    except PutBackError as refused:
        return _fail(str(refused))
    except RefusedError as refused:
        return _fail(f"{refused}\nstudios: nothing was changed")
    except OSError as error:
        return _fail(f"{reason_of(error, 'a file')}\nstudios: nothing was changed")
    sys.stdout.write(f"studios: {said}\n")
    return 0


def _fail(reason: str) -> int:
    if len(reason) > _LONGEST_REASON:
        reason = f"{reason[:3500]}\n[…]\n{reason[-3500:]}"
    sys.stderr.write(f"studios: {reason}\n")
    return 1


def _run(words: Sequence[str]) -> str:
    began = time.monotonic()
    action = words[0] if words else ""
    if action not in ("install", "uninstall"):
        raise RefusedError("write install or uninstall first")
    options = _options(words[1:])
    if "--folder" not in options:
        raise RefusedError("write --folder, the one with docker-compose.yml")
    timeout = float(options.get("--timeout", _TIMEOUT_SECONDS))
    free, deadline = began + 0.4 * timeout, began + 0.8 * timeout
    given = options["--folder"]
    folder = Path(unquote(given[1:]) if given.startswith(ENCODED) else given)
    # Absolute, but with the links that the owner goes through: the containers' labels have them.
    folder = Path(os.path.abspath(folder))
    if action == "uninstall":
        if not folder.is_dir():
            return without_folder(_docker({}), folder)
        place = Place(folder)
        with place.locked(until=free):
            return uninstall(_docker(place.state().parameters), place, deadline)
    if not folder.is_dir():
        raise RefusedError(f"there is no folder {folder}; write the one with docker-compose.yml in composeFolder")
    place = Place(folder)
    with place.locked(until=free):
        if "--bundle" in options:
            bundle = from_folder(Path(options["--bundle"]))
        else:
            needed = [options.get(name, "") for name in ("--secret", "--version", "--region")]
            if not all(needed):
                raise RefusedError("write --bundle, or --secret, --version and --region")
            bundle = from_secret(*needed)
        return install(_docker(bundle.parameters), place, bundle, deadline)


def _options(words: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    rest = list(words)
    while rest:
        name = rest.pop(0)
        if name not in _OPTIONS:
            raise RefusedError(f"{name} is not an option; write one of {', '.join(_OPTIONS)}")
        if not rest:
            raise RefusedError(f"{name} has no value")
        found[name] = rest.pop(0)
    return found


def _docker(parameters: dict[str, str]) -> Docker:
    # What steers Docker Compose comes from the containers' labels, not from this shell.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COMPOSE_")}
    # The agent of Systems Manager may leave it out. Logins and plugins are root's, whoever's HOME the files mean.
    home = environment.setdefault("HOME", "/root")
    environment["DOCKER_CONFIG"] = (
        parameters.get("docker_config") or environment.get("DOCKER_CONFIG") or f"{home}/.docker"
    )
    return Docker(environment)
