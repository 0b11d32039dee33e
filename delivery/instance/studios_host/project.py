"""Which Docker Compose project Platform runs as: the labels on its containers say it, not the folder's name."""

from __future__ import annotations

import os.path
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from studios_host.docker import Container
from studios_host.errors import RefusedError


@dataclass(frozen=True)
class Source:
    """What a container was started from: the owner's compose files in their order, and the files of `--env-file`."""

    config_files: tuple[str, ...]
    environment_files: tuple[str, ...]

    def __str__(self) -> str:
        return ", ".join([*self.config_files, *self.environment_files])


@dataclass(frozen=True)
class Project:
    """The project that runs in a folder.

    `sources` are the different ones that its containers were started from, the newest first. A container keeps the one
    that it was made from while the owner starts others with one file more.
    """

    name: str
    working_dir: str
    sources: tuple[Source, ...]
    containers: tuple[Container, ...]

    def of(self, service: str) -> list[Container]:
        """The containers of a service."""
        return [container for container in self.containers if container.service == service]


def find_project(
    containers: Iterable[Container], folder: str, services: Collection[str], ours: Collection[str]
) -> Project | None:
    """Returns the project that runs these services in the folder, or None where they run nowhere on this host.

    `ours` are the names of compose files that this deployment wrote into the folder.

    Raises:
        RefusedError: several projects run there, or only elsewhere.
    """
    everything = [each for each in containers if not each.is_of_run]
    running = [each for each in everything if each.service in services]
    here = [each for each in running if _same(each.working_dir, folder)]
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
    sources = dict.fromkeys(Source(_owners(each, ours), each.environment_files) for each in newest)
    return Project(names[0], here[0].working_dir, tuple(sources), tuple(newest))


def _owners(container: Container, ours: Collection[str]) -> tuple[str, ...]:
    mine = {os.path.realpath(os.path.join(container.working_dir, name)) for name in ours}
    return tuple(path for path in container.config_files if os.path.realpath(path) not in mine)


def _same(one: str, other: str) -> bool:
    return bool(one) and os.path.realpath(one) == os.path.realpath(other)
