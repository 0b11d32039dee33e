"""The ports of this checkout's testbed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from testbed import paths, processes
from testbed.cluster import Cluster

NOT_UP = "the testbed is not up; `make demo` starts it with Studios on it, `.venv/bin/python -m testbed up` without"
PORTS = paths.STATE / "ports.json"


@dataclass(frozen=True)
class Ports:
    """The ports of this checkout's testbed, chosen once and kept until it is taken away."""

    emulator: int
    api: int
    etcd: int
    etcd_peer: int
    controller: int
    scheduler: int

    @property
    def emulator_url(self) -> str:
        """The address of the AWS emulator."""
        return f"http://127.0.0.1:{self.emulator}"

    @property
    def cluster(self) -> Cluster:
        """The control plane on these ports."""
        return Cluster(self.api, self.etcd, self.etcd_peer, self.controller, self.scheduler)


def find_ports() -> Ports | None:
    """Those that were chosen; None where the testbed is not up."""
    try:
        return Ports(**json.loads(PORTS.read_text()))
    except FileNotFoundError:
        return None


def choose_ports() -> Ports:
    """Chooses free ones, and keeps them."""
    ports = Ports(*processes.free_ports(6))
    PORTS.write_text(json.dumps(asdict(ports)))
    return ports
