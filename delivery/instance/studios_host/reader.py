"""Who may read our files of variables: they hold secrets, and whoever calls docker compose by hand reads them, too."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from studios_host.compose import Compose
from studios_host.docker import Docker

_SOCKET = "/var/run/docker.sock"


def reader_of(folder: Path, owner: Compose, services: Sequence[str]) -> tuple[tuple[int, int], int]:
    """Owner and mode of the owner's own files of variables: of several, those of the least open one.

    Docker Compose reads every one of them, so that whoever calls it can read that one, too. Without such a file they
    are those of the compose file, but not for every user of the host.
    """
    told = [owner.over().environment_files(service) for service in services]
    named = [Path(path) for paths in told for path in paths or ()]
    found = [path.stat() for path in (_beside(folder) if None in told else named) if path.is_file()]
    if found:
        about = min(found, key=lambda each: (each.st_mode & 0o007, each.st_mode & 0o070))
        return (about.st_uid, about.st_gid), about.st_mode & 0o777
    about = os.stat(owner.source.config_files[0])
    if about.st_mode & 0o007:
        return (about.st_uid, _group_of_docker(owner.docker)), 0o640
    return (about.st_uid, about.st_gid), about.st_mode & 0o777


def _beside(folder: Path) -> list[Path]:
    """Where tower.env is, for a Docker Compose that cannot tell: an old copy may be deeper than the one that counts."""
    patterns = ("tower.env", "*/tower.env", "*/*/tower.env")
    return next((found for pattern in patterns if (found := sorted(folder.glob(pattern)))), [])


def _group_of_docker(docker: Docker) -> int:
    """The group that may call Docker: who calls docker compose is root, or in it."""
    try:
        return os.stat(docker.environment.get("DOCKER_HOST", "").partition("unix://")[2] or _SOCKET).st_gid
    except OSError:
        return 0
