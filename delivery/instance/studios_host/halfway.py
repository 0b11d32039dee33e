"""What a run leaves that is killed while Docker Compose replaces a container, and how the next run makes an end of it.

Docker Compose makes the new container by a temporary name, ends and removes the old one, gives the new one its name,
and starts it. After a kill both may be there, or only the new one, which nothing starts any more.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from studios_host.docker import Container, Docker

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


def _is_old(container: Container, new: Container) -> bool:
    number = "container-number"
    return (
        container.id != new.id
        and container.service == new.service
        and container.label(number) == new.label(number)
        and not container.is_of_run
    )
