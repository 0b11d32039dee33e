"""The pair of network devices between the host and the node, and the addresses on it."""

from __future__ import annotations

import ipaddress
import json
import random
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from testbed.errors import TestbedError

#: Half of what is set aside for tests of networks (RFC 2544): neither the internet nor a private network has them.
ADDRESSES = ipaddress.ip_network("198.18.0.0/16")
#: The other half: load balancers have addresses of it, and listen in the node's network.
BALANCERS = "198.19.0.0/16"
#: Where the host's end offers what the node needs of it.
API_PORT, REGISTRY_PORT = 6443, 5000


@dataclass(frozen=True)
class Link:
    """The two ends of the pair.

    Args:
        host: the address of the host's end.
        node: the address of the node's end, at which NodePorts are reached.
        device: the name of the host's end; the node's is ``eth0``.
    """

    host: str
    node: str
    device: str

    @property
    def api_server(self) -> str:
        """The API server, as the node reaches it."""
        return f"https://{self.host}:{API_PORT}"

    @property
    def registry(self) -> str:
        """The registry of images, as the node reaches it."""
        return f"http://{self.host}:{REGISTRY_PORT}"

    def connect(self, pid: int) -> None:
        """Makes the pair, its one end in the network namespace of the process ``pid`` and without an address there."""
        ip("link", "add", self.device, "type", "veth", "peer", "name", "eth0", "netns", str(pid))
        ip("address", "add", f"{self.host}/30", "dev", self.device)
        ip("link", "set", self.device, "up")

    def remove(self) -> None:
        """Takes the pair away, if a node that was killed has left it; it goes with the namespace of its other end."""
        if self.device in psutil.net_if_addrs():
            ip("link", "delete", self.device)


def ip(*words: str) -> None:
    """Runs ``ip``.

    Raises:
        TestbedError: it failed; the message is its own.
    """
    finished = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if finished.returncode:
        raise TestbedError(f"ip {' '.join(words)}: {finished.stderr.strip()}")


def kept_link(path: Path) -> Link:
    """The link that is kept in a file: chosen at the first call, so that no other node of this machine has it."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(_choose())))
    return Link(**json.loads(path.read_text()))


def _choose() -> Link:
    taken = {address.address for each in psutil.net_if_addrs().values() for address in each}
    while True:
        offset = random.randrange(0, ADDRESSES.num_addresses, 4)  # noqa: S311 (it only has to be another)
        host, node = (str(ADDRESSES[offset + place]) for place in (1, 2))
        if host not in taken:
            return Link(host, node, f"studios{offset // 4:x}")
