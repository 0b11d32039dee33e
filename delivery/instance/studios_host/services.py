"""The only services that are ever created, replaced or started: cron, backend, and the two of Connect."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

from studios_host.compose import Compose
from studios_host.differences import leaves
from studios_host.docker import Docker
from studios_host.errors import RefusedError
from studios_host.project import containers_of
from studios_host.watch import QUIET_SECONDS, watch

_SETTLE_SECONDS = 10.0
"""For which cron has to run before backend is touched, where it has no health check."""
_BACK_SECONDS = 120.0
"""For which Platform is watched when it has been put back, beyond the time that the run may take."""


def quiet_seconds() -> float:
    """How long a container without a health check has to run."""
    return float(os.environ.get("STUDIOS_QUIET", QUIET_SECONDS))


@dataclass(frozen=True)
class Start:
    """What is to be started: `anew` where backend and cron have to read a mounted file again; `gone` are taken away."""

    anew: bool
    gone: tuple[str, ...]


class Starter:
    """Starts the four services one after the other, and puts them back.

    `before` is the owner's Docker Compose with the files that the containers were made with, `after` that with the new.
    """

    def __init__(
        self,
        docker: Docker,
        before: Compose,
        after: Compose,
        platform: Sequence[str],
        studios: Sequence[str],
        deadline: float,
    ) -> None:
        self.docker, self.before, self.after = docker, before, after
        # The proxy needs the server.
        self.platform, self.studios = tuple(platform), tuple(studios)[::-1]
        self.deadline = deadline
        self.touched: list[str] = []
        self.failed_back = ""
        self._start = Start(anew=False, gone=())

    def is_done(self) -> bool:
        """Whether all four run as the new files say."""
        services = (*self.platform, *self.studios)
        project = self.after.project
        found = [container for service in services for container in project.of(service)]
        if {each.service for each in found} != set(services) or any(each.status != "running" for each in found):
            return False
        # One by one, as they are started: that a service depends on another one may count.
        return all(leaves(self.after, service, project.of(service)) for service in services)

    def start(self, start: Start) -> None:
        """Starts what is not as the new files say.

        Raises:
            RefusedError: something does not start, or does not stay up.
        """
        self._start = start
        for service in start.gone:
            self.touched.append(service)
            self._remove(service)
        quiet = quiet_seconds()
        for service in self.platform:
            if self._up(self.after, service, anew=start.anew):
                watch(self.docker, self._name, [service], min(_SETTLE_SECONDS, quiet), self.deadline)
        for service in self.studios:
            self._up(self.after, service, anew=False)
        watch(self.docker, self._name, [*self.platform, *self.studios], quiet, self.deadline)

    def back(self) -> None:
        """Makes the touched services what they were before; what goes wrong is kept in `failed_back`."""
        try:
            before = set(self.before.model()["services"])
            for service in dict.fromkeys((*self.touched, *self._start.gone)):
                if service in before:
                    self._up(self.before, service, anew=self._start.anew and service in self.platform)
                else:
                    self._remove(service)
            platform = [service for service in self.platform if service in self.touched]
            deadline = max(self.deadline, time.monotonic() + _BACK_SECONDS)
            watch(self.docker, self._name, platform, min(_SETTLE_SECONDS, quiet_seconds()), deadline)
        except RefusedError as refused:
            self.failed_back = str(refused)

    @property
    def _name(self) -> str:
        return self.after.project.name

    def _up(self, compose: Compose, service: str, *, anew: bool) -> bool:
        """Whether the service had to be started."""
        running = [
            each
            for each in containers_of(self.docker, self._name)
            if each.service == service and each.status == "running"
        ]
        kept = bool(running) and leaves(compose, service, running)
        if kept and not anew:
            return False
        self.touched.append(service)
        compose.up(service, start=True, anew=anew and kept)
        return True

    def _remove(self, service: str) -> None:
        for container in containers_of(self.docker, self._name):
            if container.service == service:
                self.docker.remove(container)
