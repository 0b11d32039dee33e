"""Whether containers that were started run: they are watched until they are healthy, or stay up for a while."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timezone

from studios_host.docker import Container, Docker
from studios_host.errors import RefusedError
from studios_host.project import containers_of

QUIET_SECONDS = 30.0
"""For which a container without a health check has to run."""
_LOOP = 3
"""Restarts that are a loop. Docker waits longer and longer before each."""
_LOG_LINES = 20
_LOG_CHARACTERS = 3000


class NotRunningError(RefusedError):
    """A container that was started does not stay up."""


def watch(docker: Docker, project: str, services: Sequence[str], quiet: float, deadline: float) -> None:
    """Returns once every container of the services is healthy, or has run for `quiet` seconds without a restart.

    `deadline` is of `time.monotonic`.

    Raises:
        NotRunningError: one ended, restarts again and again, is unhealthy, or is not up in time.
    """
    while True:
        found = [each for each in containers_of(docker, project) if each.service in services]
        waiting = [service for service in services if service not in {each.service for each in found}]
        for container in found:
            wrong = _wrong(container)
            if wrong:
                raise NotRunningError(_told(docker, container, wrong))
            if not _is_up(container, quiet):
                waiting.append(container.service)
        if not waiting:
            return
        if time.monotonic() > deadline:
            late = next((each for each in found if each.service == waiting[0]), None)
            reason = f"is not up in time, and {late.health or late.status if late else 'has no container'}"
            raise NotRunningError(_told(docker, late, reason) if late else f"{waiting[0]} {reason}")
        time.sleep(0.5)


def _wrong(container: Container) -> str:
    code = container.state.get("ExitCode")
    if container.status in ("exited", "dead"):
        return f"ended with exit code {code}"
    if int(container.raw.get("RestartCount") or 0) >= _LOOP:
        return "restarts again and again"
    if container.status == "running" and container.health == "unhealthy":
        return "is unhealthy, says its health check"
    return ""


def _is_up(container: Container, quiet: float) -> bool:
    if container.status != "running":
        return False
    if container.health:
        return container.health == "healthy"
    return _age(container) >= quiet


def _age(container: Container) -> float:
    """Seconds since it was started last."""
    started = str(container.state["StartedAt"]).partition(".")[0].rstrip("Z")
    moment = datetime.strptime(started, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    return (datetime.now(timezone.utc) - moment).total_seconds()


def _told(docker: Docker, container: Container, reason: str) -> str:
    log = docker.logs(container, _LOG_LINES)[-_LOG_CHARACTERS:]
    return f"{container.service} {reason}. Its last lines:\n{log}"
