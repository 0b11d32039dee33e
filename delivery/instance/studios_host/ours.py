"""What is of this deployment and what is the owner's, among containers and variables that have the same names."""

from __future__ import annotations

import os
from pathlib import Path

from settings.host_names import PEM, PLATFORM_ENV, PLATFORM_PREFIXES, STUDIOS_LABEL
from studios_host.bundle import variables
from studios_host.docker import Container
from studios_host.place import Place
from studios_host.state import State


def compose_files(place: Place, state: State) -> set[str]:
    """The paths of this deployment's compose files, without those that the owner has written anew."""
    names = {*state.files, state.parameters.get("override", "")}
    ours = [name for name in names if name.endswith((".yml", ".yaml")) and not place.is_foreign(name)]
    return {os.path.realpath(path) for path in (*(place.folder / name for name in ours), place.override_copy)}


def is_ours(place: Place, state: State, container: Container) -> bool:
    """Whether this deployment made a container of Connect: its compose file says it, or the label.

    The owner may have copied the services, with the label, into a file of their own.
    """
    if {os.path.realpath(path) for path in container.config_files} & compose_files(place, state):
        return True
    if STUDIOS_LABEL not in container.labels:
        return False
    if not all(place.is_foreign(path) for path in container.config_files):
        # A file of ours that is gone by now.
        return True
    return all(STUDIOS_LABEL not in Path(path).read_text(errors="replace") for path in container.config_files)


def variables_before(place: Place) -> set[str]:
    """The names of the variables that this deployment has set for backend and cron, as far as its files tell."""
    files = [path for path in (place.files / PLATFORM_ENV, place.folder / PLATFORM_ENV) if path.is_file()]
    return {name for path in files for name in variables(path.read_bytes())}


def is_key_of_ours(key: str, names: set[str]) -> bool:
    """Whether this deployment may have made a difference in this key of backend or cron; `names` are of variables."""
    name = key.partition("environment: ")[2]
    return key == f"volumes: /{PEM}" or (bool(name) and (name in names or name.startswith(PLATFORM_PREFIXES)))
