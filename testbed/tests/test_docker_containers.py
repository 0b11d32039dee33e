"""Taking a Platform on Docker away."""

from __future__ import annotations

from typing import cast

import pytest

from testbed.docker.containers import remove_projects
from testbed.docker.engine import Machine


class Docker:
    """A machine with one network, which has an end of a container left; ``keeps`` it although that was disconnected."""

    def __init__(self, *, keeps: bool) -> None:
        self.keeps, self.networks, self.called = keeps, ["0a1b"], list[str]()

    def docker(self, *words: str, check: bool = True) -> str:
        del check
        self.called.append(" ".join(words))
        if words[:2] == ("network", "rm") and not self.keeps:
            self.networks = []
        if words[:2] == ("network", "ls"):
            return "\n".join(self.networks)
        return "seqera-db-1 " if words[:2] == ("network", "inspect") else ""


@pytest.mark.parametrize("keeps", [False, True])
def test_a_network_that_docker_keeps_is_told_so_that_the_machine_is_started_again(keeps: bool) -> None:
    docker = Docker(keeps=keeps)
    assert remove_projects(cast("Machine", docker), {"seqera"}) is not keeps
    assert "network disconnect --force 0a1b seqera-db-1" in docker.called
