"""Whether what the install script is about to use is what Platform was started from."""

from __future__ import annotations

import json
import os
import os.path
import re
from collections.abc import Collection, Sequence

from studios_host.docker import Docker
from studios_host.errors import RefusedError
from studios_host.project import Project, find_project

_RECREATED = re.compile(r"Container (\S+)\s+Recreate\b")


def check(
    folder: str, files: Sequence[str], services: Collection[str], ours: Collection[str], *, installed: bool
) -> None:
    """Refuses where the running containers differ from what the script would use.

    `files` are the owner's compose files that the script uses, and `ours` those that it writes, or wrote under another
    name. `installed` tells that one stands there already, from an earlier run.

    Raises:
        RefusedError: Platform runs as another project or from other files, or a container of it would be another one.
    """
    docker = Docker(os.environ)
    project = find_project(docker.containers(), folder, services, ours)
    if project is None:
        return
    _same_files(project, folder, files, installed=installed)
    words = ["compose", "--project-directory", folder, *(word for file in files for word in ("-f", file))]
    _same_name(docker, words, project)
    if not installed:
        _same_containers(docker, words, project, services)


def _same_files(project: Project, folder: str, files: Sequence[str], *, installed: bool) -> None:
    wanted = [os.path.realpath(os.path.join(folder, file)) for file in files]
    source = project.sources[0]
    for path in (*source.config_files, *source.environment_files):
        if not os.path.isfile(path):
            if installed:
                # Ours under an earlier name: containers that did not change keep the name on their label.
                continue
            raise RefusedError(
                f"Platform was started from {path}, which is not there any more; "
                "put it back, or start Platform again from the files that are there"
            )
    used = [os.path.realpath(file) for file in source.config_files if os.path.isfile(file)]
    if used != wanted or source.environment_files:
        raise RefusedError(
            f"Platform was started from {source}, and this script would use {', '.join(wanted)} only, so that Platform "
            "would lose the rest; start Platform from these files"
        )


def _same_name(docker: Docker, words: Sequence[str], project: Project) -> None:
    found = docker.run([*words, "config", "--format", "json"])
    if found.code:
        raise RefusedError(f"docker compose refuses the files of Platform: {found.reason}")
    name = json.loads(found.stdout).get("name")
    if name != project.name:
        raise RefusedError(
            f"Platform runs as project {project.name} of Docker Compose, and this script would start a second one, "
            f"{name}; write the name into the compose file: name: {project.name}"
        )


def _same_containers(docker: Docker, words: Sequence[str], project: Project, services: Collection[str]) -> None:
    tried = docker.run([*words, "--dry-run", "up", "--detach", "--no-deps", "--no-build", *services])
    if tried.code:
        raise RefusedError(f"docker compose refuses to start {' and '.join(services)}: {tried.reason}")
    recreated = set(_RECREATED.findall(tried.stdout + tried.stderr))
    for service in services:
        if recreated & {container.name for container in project.of(service)}:
            raise RefusedError(
                f"{service} runs with another configuration than its compose file says to root; start it as the file "
                f"says (docker compose up -d {service}), or write what only your shell has, such as HOME, into .env"
                f"{_unset(tried.stderr)}"
            )


def _unset(said: str) -> str:
    names = sorted(set(re.findall(r'The \\?"(\w+)\\?" variable is not set', said)))
    return f"; not set for root: {', '.join(names)}" if names else ""


def main(folder: str, files: str, services: str, ours: str, installed: str) -> None:
    """The words of the install script; the lists are of names with spaces between."""
    check(folder, files.split(), services.split(), ours.split(), installed=installed == "installed")
