"""The containers of Compose's projects on a machine, as Docker knows them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from testbed.docker.engine import Machine


@dataclass(frozen=True)
class Container:
    """One container of the install, as Docker knows it."""

    id: str
    name: str
    project: str
    service: str
    image: str
    #: Moment of the last start; a restart changes it, also one by Docker itself.
    started_at: str
    status: str
    #: ``healthy``, ``unhealthy``, ``starting``, or "" without a check.
    health: str
    restarts: int
    exit_code: int
    environment: Mapping[str, str]
    labels: Mapping[str, str]
    #: Path in the container → path on the machine.
    mounts: Mapping[str, str]

    @property
    def identity(self) -> tuple[str, str]:
        """What stays the same as long as the container is not touched."""
        return self.id, self.started_at


def containers_of(machine: Machine) -> list[Container]:
    """Every container of a project of Compose."""
    ids = machine.docker("ps", "--all", "--quiet", "--filter", "label=com.docker.compose.service").split()
    if not ids:
        return []
    # One that ends meanwhile is left out, as if it had been asked for a moment later.
    text = machine.docker("inspect", *ids, check=False)
    return [_container(found) for found in json.loads(text or "[]")]


def _container(found: dict[str, object]) -> Container:
    about = json.loads(json.dumps(found))
    labels, state = about["Config"]["Labels"], about["State"]
    return Container(
        id=about["Id"],
        name=about["Name"].removeprefix("/"),
        project=labels["com.docker.compose.project"],
        service=labels["com.docker.compose.service"],
        image=about["Config"]["Image"],
        started_at=state["StartedAt"],
        status=state["Status"],
        health=state.get("Health", {}).get("Status", ""),
        restarts=about["RestartCount"],
        exit_code=state["ExitCode"],
        # One without a value takes a variable of the image away.
        environment=dict(variable.split("=", 1) for variable in about["Config"]["Env"] or [] if "=" in variable),
        labels=labels,
        mounts={mount["Destination"]: mount["Source"] for mount in about["Mounts"]},
    )


def remove_projects(machine: Machine, projects: set[str]) -> bool:
    """Removes containers, networks and volumes of Compose's projects; returns whether all is gone.

    One after the other: Docker 20.10 may lock itself up for good where several containers leave a network at once.
    """
    gone = True
    for project in projects:
        wanted = f"label=com.docker.compose.project={project}"
        for ids, words in (
            (machine.docker("ps", "--all", "--quiet", "--filter", wanted), ("rm", "--force", "--volumes")),
            (machine.docker("volume", "ls", "--quiet", "--filter", wanted), ("volume", "rm")),
        ):
            for each in ids.split():
                machine.docker(*words, each)
        for network in machine.docker("network", "ls", "--quiet", "--filter", wanted).split():
            gone = _remove_network(machine, network) and gone
    return gone


def _remove_network(machine: Machine, network: str) -> bool:
    """A container that was removed between two of its restarts may leave its end of the network behind.

    Docker 20.10 may lose track of that end, and keeps the network then until it is started again.
    """
    left = machine.docker("network", "inspect", "--format", "{{range .Containers}}{{.Name}} {{end}}", network)
    for container in left.split():
        machine.docker("network", "disconnect", "--force", network, container, check=False)
    machine.docker("network", "rm", network, check=False)
    return not machine.docker("network", "ls", "--quiet", "--filter", f"id={network}")
