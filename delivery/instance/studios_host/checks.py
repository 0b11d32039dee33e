"""What has to be right on the host before a file is written."""

from __future__ import annotations

import errno
import os
import re
import socket
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from studios_host.compose import Compose
from studios_host.docker import Container, Docker
from studios_host.errors import RefusedError
from studios_host.project import Project

BASES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
"""The names that Docker Compose reads by itself, in the order in which it looks."""


def names_are_free(folder: Path, names: Sequence[str], installed: Collection[str]) -> None:
    """Refuses names that the owner has given already.

    Raises:
        RefusedError: with the path.
    """
    for name in names:
        path = folder / name
        if (path.exists() or path.is_symlink()) and name not in installed:
            advice = "write another name in composeOverride" if name.endswith((".yml", ".yaml")) else "move it away"
            raise RefusedError(f"{path} exists and is not of this deployment; {advice}")


def main_file(compose: Compose, name: str) -> None:
    """Refuses another compose file than the one that Platform was started from.

    Raises:
        RefusedError: with the files that it was started from.
    """
    wanted = os.path.realpath(os.path.join(compose.project.working_dir, name))
    if wanted not in [os.path.realpath(path) for path in compose.source.config_files]:
        raise RefusedError(
            f"Platform was started from {compose.source}, and not from {name}; write the name in composeFile"
        )


def is_read_by_hand(compose: Compose, override: str, ours: Collection[str]) -> str:
    """Returns what the owner has to add to commands by hand: empty where Docker Compose reads our file by itself.

    Raises:
        RefusedError: our file would hide the owner's, or would be left out.
    """
    folder = Path(compose.project.working_dir)
    files = [os.path.realpath(path) for path in compose.source.config_files]
    named = _compose_file(folder)
    if named is not None:
        if os.path.realpath(folder / override) in named:
            return ""
        plain = named == files
    else:
        base = next((name for name in BASES if (folder / name).exists()), "")
        theirs = [name for name in OVERRIDES if (folder / name).exists() and name not in (*ours, override)]
        if override in OVERRIDES and theirs:
            raise RefusedError(
                f"{folder / theirs[0]} is the owner's, and docker compose reads only one file of that kind by itself; "
                "write another name in composeOverride, for example docker-compose.studios.yml"
            )
        plain = files == [os.path.realpath(folder / name) for name in (base, *theirs[:1])]
        if plain and not theirs and override in OVERRIDES:
            return ""
    shown = " ".join(f"-f {os.path.relpath(path, folder)}" for path in compose.source.config_files)
    if override in OVERRIDES:
        raise RefusedError(
            f"Platform was started from {compose.source}, so that docker compose does not read {override} by itself; "
            "write composeOverride: docker-compose.studios.yml, and name that file behind the others where they are "
            "named: in COMPOSE_FILE of .env, or with -f"
        )
    if named is not None:
        return f"add :{override} to COMPOSE_FILE in {folder / '.env'}"
    return f"by hand, name all files: docker compose {shown} -f {override} up -d"


def _compose_file(folder: Path) -> list[str] | None:
    """The files that COMPOSE_FILE in .env names."""
    try:
        text = (folder / ".env").read_text(errors="replace")
    except OSError:
        return None
    found = re.findall(r"^\s*(?:export\s+)?COMPOSE_FILE\s*=\s*[\"']?([^\"'\n#]+)", text, re.MULTILINE)
    if not found:
        return None
    separators = re.findall(r"^\s*COMPOSE_PATH_SEPARATOR\s*=\s*[\"']?([^\"'\n])", text, re.MULTILINE)
    paths = found[-1].strip().split(separators[-1] if separators else ":")
    return [os.path.realpath(folder / path) for path in paths]


def is_running(project: Project, services: Sequence[str], *, known: bool) -> None:
    """Refuses a Platform that does not run; what this deployment started may be mended by it.

    Raises:
        RefusedError: with the service.
    """
    for service in services:
        found = project.of(service)
        states = {
            each.health if each.status == "running" and each.health == "unhealthy" else each.status for each in found
        }
        wrong = sorted(states - ({"running", "restarting", "unhealthy"} if known else {"running"}))
        if not found or wrong:
            state = wrong[0] if wrong else "not there"
            raise RefusedError(
                f"{service} does not run: it is {state}; bring Platform up first (docker compose up -d), and try again"
            )


def services_are_free(owners: Mapping[str, Any], project: Project, services: Sequence[str], *, known: bool) -> None:
    """Refuses services of our names that the owner has already.

    Raises:
        RefusedError: with the service.
    """
    for service in services:
        if service in owners["services"]:
            raise RefusedError(
                f"Platform's compose file has a service {service} already; take it out there and stop it "
                f"(docker compose rm --stop {service}), or write another name in proxyName or serverName"
            )
        if not known and project.of(service):
            raise RefusedError(
                f"{project.of(service)[0].name} exists, and is not of this deployment; "
                f"remove it: docker rm --force {project.of(service)[0].name}"
            )


def ports_are_free(docker: Docker, project: Project, service: str, model: Mapping[str, Any]) -> None:
    """Refuses a port of the host that something else has.

    Raises:
        RefusedError: with the port.
    """
    ours = {port for container in project.of(service) if container.status == "running" for port in container.published}
    wanted = {str(port["published"]) for port in model["services"][service].get("ports") or [] if port.get("published")}
    taken = docker.published_ports()
    for port in sorted(wanted - ours):
        if port in taken:
            raise RefusedError(f"port {port} is taken by the container {taken[port]}; write another one in proxyPort")
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("", int(port)))
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    raise RefusedError(
                        f"port {port} is taken by another program on this host; write another one in proxyPort"
                    ) from None


def images_are_there(docker: Docker, model: Mapping[str, Any], services: Sequence[str]) -> None:
    """Pulls the images that this host lacks.

    Raises:
        RefusedError: one cannot be pulled.
    """
    for service in services:
        about = model["services"][service]
        if docker.image(about["image"]) is not None:
            continue
        words = ["pull", "--quiet", *(["--platform", about["platform"]] if about.get("platform") else [])]
        done = docker.run([*words, about["image"]])
        if done.code:
            registry = about["image"].partition("/")[0]
            config = docker.environment.get("DOCKER_CONFIG", "")
            raise RefusedError(
                f"the image {about['image']} of {service} cannot be pulled: {done.reason}. "
                f"Log in as root (docker login {registry}), which writes {config}/config.json, "
                "or name the folder of another login in dockerConfig"
            )


def key_is_readable(
    docker: Docker, project: Project, model: Mapping[str, Any], services: Sequence[str], uid: int
) -> None:
    """Refuses a `containerUid` that is not the user of backend and cron.

    Raises:
        RefusedError: with the user that it has to be.
    """
    for service in services:
        for container in project.of(service):
            found = _user(docker, container, model["services"][service])
            if found not in (None, 0, uid):
                raise RefusedError(
                    f"{service} runs as user {found}, which could not read the RSA key of user {uid}; "
                    f"write containerUid: {found}"
                )


def _user(docker: Docker, container: Container, service: Mapping[str, Any]) -> int | None:
    """The number of the user: of the process where it runs, else as far as it is written as a number."""
    pid = container.state.get("Pid")
    if container.status == "running" and pid:
        try:
            status = Path(f"/proc/{pid}/status").read_text()
            return int(re.findall(r"^Uid:\s+(\d+)", status, re.MULTILINE)[0])
        except (OSError, IndexError):
            pass
    image = docker.image(service["image"]) if service.get("image") else None
    user = str(service.get("user") or ((image or {}).get("Config") or {}).get("User") or "0").partition(":")[0]
    return int(user) if user.isdigit() else None
