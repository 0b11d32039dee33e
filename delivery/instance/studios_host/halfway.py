"""What a run leaves that is killed while Docker Compose replaces a container, and how the next run makes an end of it.

Docker Compose makes the new container by a temporary name, ends and removes the old one, gives the new one its name,
and starts it. After a kill both may be there, or only the new one, which nothing starts any more.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from studios_host.checks import not_started
from studios_host.compose import Compose
from studios_host.docker import Container, Docker
from studios_host.errors import RefusedError
from studios_host.ours import is_ours
from studios_host.owner import owner_of
from studios_host.place import Place
from studios_host.project import find_project
from studios_host.services import Starter
from studios_host.state import State

_TEMPORARY = re.compile(r"[0-9a-f]{12}_(.+)")
_NEVER_STARTED = "created"


def finish_replacing(docker: Docker, containers: Collection[Container], services: Collection[str]) -> set[str]:
    """Removes new containers beside the old ones, gives a new one without an old one its name; starts none.

    Args:
        docker: of this host.
        containers: those of the project.
        services: that a run may have replaced.

    Returns:
        The services with a container that was being replaced.

    Raises:
        RefusedError: Docker refused.
    """
    found = set()
    for container in containers:
        if container.service not in services or container.is_of_run or container.status != _NEVER_STARTED:
            continue
        found.add(container.service)
        temporary = _TEMPORARY.fullmatch(container.name)
        if temporary is None:
            continue
        if any(_is_old(each, container) for each in containers):
            docker.remove(container)
        elif all(each.name != temporary[1] for each in containers):
            docker.run(["rename", container.id, temporary[1]])
    return found


def down(containers: Collection[Container], services: Collection[str]) -> Iterator[str]:
    """Those of the services that have containers, none of which runs."""
    for service in services:
        found = [each for each in containers if each.service == service and not each.is_of_run]
        if found and not any(each.runs for each in found):
            yield service


def containers_back(docker: Docker, place: Place, state: State, names: Collection[str], deadline: float) -> None:
    """Makes the containers that a killed run had started what the files say, which were put back.

    Args:
        docker: of this host.
        place: the folder.
        state: what the killed run remembered.
        names: of variables that this deployment sets for backend and cron.
        deadline: of `time.monotonic`.

    Raises:
        RefusedError: they are not as the files say; the message says why.
    """
    platform, studios = state.platform, state.studios
    project = find_project(docker.containers(), str(place.folder), platform)
    if project is None:
        raise RefusedError("\n".join(not_started(docker, place.folder, platform)))
    owner = owner_of(docker, place, project, platform, state, names)
    starter = Starter(docker, by_known_name(place, state, owner), owner, platform, studios, deadline)
    ours = [each for each in starter.studios if all(is_ours(place, state, one) for one in project.of(each))]
    starter.touched = [*(each for each in starter.platform if each in state.running), *ours]
    starter.back()
    if starter.failed_back:
        raise RefusedError(starter.failed_back)


def by_known_name(place: Place, state: State, compose: Compose) -> Compose:
    """Docker Compose with this deployment's file by the name that the owner's commands know, where that is there."""
    override = place.folder / state.parameters.get("override", "")
    if compose.overrides == (str(place.override_copy),) and override.is_file():
        return compose.over(str(override))
    return compose


def _is_old(container: Container, new: Container) -> bool:
    number = "container-number"
    return (
        container.id != new.id
        and container.service == new.service
        and container.label(number) == new.label(number)
        and not container.is_of_run
    )
