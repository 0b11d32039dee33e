"""Addresses on loopback for what has an address of its own elsewhere: load balancers, pods, name servers.

All of 127.0.0.0/8 is this machine's on Linux. A testbed takes one 127.N.0.0/16 of it, so that two don't meet.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

from testbed.errors import TestbedError

#: Held for as long as the network is, on the first address of the network: nothing else listens there.
_LOCK_PORT = 1053
_FIRST, _LAST = 64, 254
_BALANCERS = 255


@dataclass
class Network:
    """A 127.N.0.0/16 that nothing else uses; ``close`` gives it back."""

    second: int
    lock: socket.socket
    _balancers: dict[str, str] = field(default_factory=dict)
    _name_servers: int = 2

    @property
    def prefix(self) -> str:
        """The first three numbers of the load balancers' addresses."""
        return f"127.{self.second}.{_BALANCERS}"

    @property
    def name_server(self) -> str:
        """Where the DNS server listens."""
        return f"{self.prefix}.2"

    def further_name_server(self) -> str:
        """Where another DNS server listens, such as one that answers for the names of a cluster, too."""
        self._name_servers += 1
        return f"{self.prefix}.{self._name_servers}"

    def balancer(self, arn: str) -> str:
        """The address of a load balancer: one of its own, and the same for as long as the network is held."""
        if arn not in self._balancers:
            self._balancers[arn] = f"{self.prefix}.{10 + len(self._balancers)}"
        return self._balancers[arn]

    def pod(self, address: str) -> str:
        """The address that stands for a pod's: its last two numbers are the same."""
        low = int(ipaddress.IPv4Address(address)) & 0xFFFF
        return f"127.{self.second}.{low >> 8}.{low & 0xFF}"

    def close(self) -> None:
        """Lets others have it."""
        self.lock.close()


def take() -> Network:
    """A network that no other testbed of this machine has.

    Raises:
        TestbedError: all are taken.
    """
    for second in range(_FIRST, _LAST + 1):
        lock = socket.socket()
        try:
            lock.bind((f"127.{second}.0.1", _LOCK_PORT))
            lock.listen(1)
        except OSError:
            lock.close()
            continue
        return Network(second, lock)
    raise TestbedError("no part of 127.0.0.0/8 is left for load balancers and pods; end testbeds that you don't use")


@dataclass(frozen=True)
class Routes:
    """What on this machine stands for addresses that exist elsewhere.

    Args:
        exact: ``ADDRESS:PORT`` → where that is served, as ``ADDRESS:PORT``.
        ports: a port of every node → likewise.
    """

    exact: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ports: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    def of(self, address: str | None, port: int) -> tuple[str, ...]:
        """Where an address and port are served; none where nothing stands for it."""
        if f"{address}:{port}" in self.exact:
            return self.exact[f"{address}:{port}"]
        if port in self.ports:
            return self.ports[port]
        return (f"{address}:{port}",) if address and ipaddress.ip_address(address).is_loopback else ()
