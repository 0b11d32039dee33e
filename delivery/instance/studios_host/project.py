"""Which Docker Compose project Platform runs as: the labels on its containers say it, not the folder's name."""

from __future__ import annotations

import os.path
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from studios_host.docker import Container, Docker
from studios_host.errors import RefusedError


@dataclass(frozen=True)
class Source:
    """What a container was started from: the owner's compose files in their order, and the files of `--env-file`."""

    config_files: tuple[str, ...]
    environment_files: tuple[str, ...]

    def __str__(self) -> str:
        return ", ".join([*self.config_files, *self.environment_files])

    def missing(self) -> list[str]:
        """Those of its files that are not there."""
        return [path for path in (*self.config_files, *self.environment_files) if not os.path.isfile(path)]


@dataclass(frozen=True)
class Project:
    """The project that runs in a folder, with its containers, the newest first."""

    name: str
    working_dir: str
    containers: tuple[Container, ...]

    def of(self, service: str) -> list[Container]:
        """The containers of a service."""
        return [container for container in self.containers if container.service == service]

    def names(self, services: Iterable[str]) -> list[str]:
        """The names of the containers of these services."""
        return [container.name for service in services for container in self.of(service)]


def find_project(containers: Iterable[Container], folder: str, services: Collection[str]) -> Project | None:
    """Returns the project that runs these services in the folder, or None where they run nowhere on this host.

    Raises:
        RefusedError: several projects run there, or only elsewhere.
    """
    everything = [each for each in containers if not each.is_of_run]
    running = [each for each in everything if each.service in services]
    here = [each for each in running if same_path(each.working_dir, folder)]
    names = sorted({each.project for each in here})
    if len(names) > 1:
        raise RefusedError(
            f"{folder} runs as {len(names)} projects of Docker Compose, {' and '.join(names)}; "
            "take away the one that is not Platform: docker compose -p NAME down"
        )
    if not here:
        if running:
            others = sorted({f"{each.service} of project {each.project} in {each.working_dir}" for each in running})
            raise RefusedError(
                f"no container of {' or '.join(sorted(services))} was started from {folder}, "
                f"and this host runs {', '.join(others)}; write that folder in composeFolder"
            )
        return None
    newest = sorted((each for each in everything if each.project == names[0]), key=lambda each: each.created)[::-1]
    return Project(names[0], here[0].working_dir, tuple(newest))


def project_of(docker: Docker, project: Project) -> tuple[Container, ...]:
    """The containers that the project has now, the newest first."""
    return tuple(sorted(containers_of(docker, project.name), key=lambda each: each.created)[::-1])


def containers_of(docker: Docker, name: str) -> list[Container]:
    """The containers that the project of this name has now, without those of `docker compose run`."""
    return [each for each in docker.containers(f"com.docker.compose.project={name}") if not each.is_of_run]


def sources(project: Project, ours: Collection[str]) -> tuple[Source, ...]:
    """What the containers were started from, the newest first, without the files of this deployment at these paths.

    A container keeps what it was made from while the owner starts others with one file more.
    """
    mine = {os.path.realpath(path) for path in ours}

    def owners(container: Container) -> Source:
        files = tuple(path for path in container.config_files if os.path.realpath(path) not in mine)
        return Source(files, container.environment_files)

    return tuple(dict.fromkeys(owners(container) for container in project.containers))


def same_path(one: str, other: str) -> bool:
    """Whether both lead to the same place."""
    return bool(one) and os.path.realpath(one) == os.path.realpath(other)
