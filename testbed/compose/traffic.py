"""The way from a client on loopback to the containers of an instance, through what AWS has before it.

``python -m testbed.compose.traffic MACHINE INSTANCE CONNECT_URL`` runs until it is ended.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from testbed import paths
from testbed.compose.host import FILES
from testbed.docker.engine import Machine
from testbed.docker.site import FRONTEND_PORT, PROXY_PORT
from testbed.emulator.client import client
from testbed.pki import write_private
from testbed.traffic.addresses import Routes
from testbed.traffic.site import SESSION, Session, verify_variables
from testbed.traffic.traffic import Traffic

FOLDER = paths.STATE / "compose-traffic"
#: The variables for `python -m pipeline verify`, as JSON; written once traffic flows.
VARIABLES = FOLDER / "verify.json"
_SESSION_LOG = FOLDER / "session.log"


def session_is_open() -> bool:
    """Whether the session's program has found its way through the load balancer and the proxy."""
    return _SESSION_LOG.exists() and "tunnel open" in _SESSION_LOG.read_text()


class ComposeTraffic:
    """Names, load balancers, and a session, for one instance; until it is closed.

    Args:
        environment: what `python -m testbed env` prints.
        machine: that the instance is.
        instance_id: its id.
        connect_url: of the proxy: a session is opened there as soon as it is possible.
        folder: for logs and files.
    """

    def __init__(
        self, environment: Mapping[str, str], machine: Machine, instance_id: str, connect_url: str, folder: Path
    ) -> None:
        described = client("ec2", environment).describe_instances(InstanceIds=[instance_id])
        address = described["Reservations"][0]["Instances"][0]["PrivateIpAddress"]
        routes = Routes(
            exact={f"{address}:{port}": (f"127.0.0.1:{machine.reach(port)}",) for port in (FRONTEND_PORT, PROXY_PORT)}
        )
        self._connect_url = connect_url
        self.traffic = Traffic(environment, folder, lambda: routes)
        self.session = Session(self.traffic, connect_url, SESSION, folder / _SESSION_LOG.name)

    def verify_variables(self) -> dict[str, str]:
        """The variables with which `python -m pipeline verify` finds its way here."""
        lines = dict(line.partition("=")[::2] for line in (FILES / "tower.env").read_text().splitlines())
        return verify_variables(self.traffic, self._connect_url, lines["TOWER_JWT_SECRET"])

    def close(self) -> None:
        """Ends all of it."""
        self.session.close()
        self.traffic.close()


def main(machine: str, instance_id: str, connect_url: str) -> int:
    """Runs the traffic of one instance."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ended.set())
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in (VARIABLES, _SESSION_LOG):
        path.unlink(missing_ok=True)
    made = ComposeTraffic(os.environ, Machine(machine), instance_id, connect_url, FOLDER)
    write_private(VARIABLES.with_suffix(".partial"), json.dumps(made.verify_variables()).encode()).replace(VARIABLES)
    ended.wait()
    made.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
