"""The traffic of a real node: its pods run, so that nothing stands for them.

The load balancers listen in the node's network, from where its pods and its ports are reached, as they have addresses
in the VPC of an EKS cluster. The host has a route there.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import psutil

from testbed import paths, processes
from testbed.node.life import PROCESS
from testbed.node.link import BALANCERS, Link, ip
from testbed.node.parts import kept_link
from testbed.pki import Authority
from testbed.traffic import addresses
from testbed.traffic.addresses import Network, Routes
from testbed.traffic.certificates import ServedCertificates
from testbed.traffic.traffic import Ground

_NODE_PORTS = range(30000, 32768)


@dataclass
class NodeNetwork(Network):
    """The addresses of load balancers in the node's network; names are answered at the host's end of the link."""

    link: Link = field(kw_only=True)

    @property
    def prefix(self) -> str:
        """The first three numbers of the load balancers' addresses."""
        return f"{BALANCERS.partition('.0.')[0]}.{self.second}"

    @property
    def name_server(self) -> str:
        """Where the DNS server listens: CoreDNS asks there."""
        return self.link.host

    @property
    def _block(self) -> str:
        return f"{self.prefix}.0/24"

    def open(self) -> None:
        """Lets the host find the load balancers."""
        ip("route", "replace", self._block, "via", self.link.node, "dev", self.link.device)

    def close(self) -> None:
        """Lets others have it."""
        if self.link.device in psutil.net_if_addrs():
            ip("route", "delete", self._block)
        super().close()


@dataclass(frozen=True)
class NodeRoutes(Routes):
    """Targets are where AWS says, but for the ports of a node, which has one address in its network."""

    node: str = ""

    def of(self, address: str | None, port: int) -> tuple[str, ...]:
        """Where an address and port are served."""
        return (f"{self.node if port in _NODE_PORTS else address}:{port}",) if address else ()


def routes() -> NodeRoutes:
    """Those of this checkout's node."""
    return NodeRoutes(node=kept_link().node)


def ground() -> Ground:
    """The network of this checkout's node, which is running; its images trust the testbed's authority."""
    taken = addresses.take()
    network = NodeNetwork(taken.second, taken.lock, link=kept_link())
    network.open()
    (pid,) = (record.process.pid for record in processes.records() if record.name == PROCESS and record.process)
    (first,) = psutil.Process(pid).children()
    enter = ["nsenter", f"--net=/proc/{first.pid}/ns/net"]
    return Ground(network, int, ServedCertificates(Authority(paths.PKI, keep=True)), enter)
