"""The traffic of one emulator: its names, its load balancers, and how a client here finds both."""

from __future__ import annotations

import json
import logging
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from testbed import build, targets
from testbed.errors import TestbedError
from testbed.pki import Authority
from testbed.traffic import addresses
from testbed.traffic.account import Account
from testbed.traffic.addresses import Network, Routes
from testbed.traffic.certificates import ServedCertificates
from testbed.traffic.dataplane import DataPlane
from testbed.traffic.dns_server import DnsServer
from testbed.traffic.names import Answer, Names, name_servers
from testbed.traffic.plan import Planner

log = logging.getLogger(__name__)
#: What is added to a port below 1024, which takes rights to listen on; and to all others, so that there is one rule.
PORT_OFFSET = 40000
_DNS, _PORTS = 53, (80, 443, 2222)
#: How old an answer may be, in seconds, and how often the account is looked at for changes.
_NAMES_AGE, _INTERVAL = 0.5, 3.0


def bind(port: int) -> int:
    """The port on loopback that stands for a port of a load balancer."""
    return port + PORT_OFFSET if port + PORT_OFFSET < 65536 else port


@dataclass(frozen=True)
class Ground:
    """Where load balancers and names are served.

    Args:
        network: the addresses.
        bind: the port there that stands for a port of a load balancer.
        certificates: what the load balancers show.
        enter: the command line that leads to where the load balancers listen; empty for this host.
    """

    network: Network
    bind: Callable[[int], int]
    certificates: ServedCertificates
    enter: Sequence[str] = ()

    @classmethod
    def loopback(cls, folder: Path) -> Ground:
        """A part of loopback that no other testbed has, with an authority of its own in the folder."""
        return cls(addresses.take(), bind, ServedCertificates(Authority(folder)))


class Traffic:
    """DNS and load balancers, running until they are closed.

    Args:
        environment: what `python -m testbed env` prints.
        folder: where the certificate of an authority of its own is written.
        routes: what stands for targets that exist elsewhere; asked at each change.
        ground: where they are served; None for loopback.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        folder: Path,
        routes: Callable[[], Routes] = lambda: Routes(),
        ground: Ground | None = None,
    ) -> None:
        ground = ground or Ground.loopback(folder)
        self._emulator = environment["AWS_ENDPOINT_URL"]
        self._account = Account(environment)
        self._routes = routes
        self._bind = ground.bind
        self.network = ground.network
        self.ca_file = ground.certificates.authority.certificate
        self._planner = Planner(self._account, self.network, ground.certificates, ground.bind)
        self._lock = threading.Lock()
        self._applied: dict[str, Any] = {}
        self._planned: set[str] = set()
        self._reached: set[str] = set()
        self._names: Names | None = None
        self._names_of = 0.0
        command = [*ground.enter, str(build.ensure(targets.DATAPLANE) / "dataplane")]
        self._plane = DataPlane(command, self._report)
        self.dns = DnsServer(self.network.name_server, self._bind(_DNS), self.answer)
        self._ended = threading.Event()
        self.refresh()
        self._follower = threading.Thread(target=self._follow, daemon=True)
        self._follower.start()

    @property
    def resolver(self) -> str:
        """``ADDRESS:PORT`` of the DNS server."""
        return f"{self.dns.address}:{self.dns.port}"

    @property
    def ports(self) -> dict[int, int]:
        """Port of a host → where it is served."""
        return {port: self._bind(port) for port in (_DNS, *_PORTS)}

    @property
    def connect_to(self) -> Sequence[str]:
        """Where to connect instead, in the form of curl's option of this name: every host, at another port."""
        return [f":{port}::{other}" for port, other in self.ports.items() if port != other]

    def answer(self, name: str, type_: str) -> Answer:
        """What DNS answers."""
        with self._lock:
            if self._names is None or time.monotonic() - self._names_of > _NAMES_AGE:
                self._names, self._names_of = self._read_names(), time.monotonic()
            names = self._names
        return names.answer(name, type_)

    def _read_names(self) -> Names:
        zones = self._account.zones()
        servers = name_servers(zones)
        described = self._account.balancer_names()
        if not self._planned.issuperset(each["LoadBalancerArn"] for each in described):
            # Whoever follows a record to a new load balancer finds it in service, as `up` has waited for that.
            self._apply(self._plan())
        balancers = {
            f"{prefix}{each['DNSName'].lower()}.": self.network.balancer(each["LoadBalancerArn"])
            for each in described
            for prefix in ("", "dualstack.")
        }

        def outside(name: str) -> list[str] | None:
            if name in servers:
                return [self.network.name_server]
            return [balancers[name]] if name in balancers else None

        return Names(zones, outside)

    def refresh(self) -> list[str]:
        """Does at once what AWS says now, with each target checked; returns what can't be done."""
        with self._lock:
            self._names = None
            return self._apply(self._plan())

    def _plan(self) -> dict[str, Any]:
        """What AWS says now; it is read again where something was taken away between two of the calls."""
        routes, attempts = self._routes(), 5
        while True:
            attempts -= 1
            try:
                return self._planner.plan(routes)
            except ClientError as error:
                if not attempts or not error.response["Error"]["Code"].endswith(("NotFound", "NotFoundException")):
                    raise

    def _apply(self, plan: dict[str, Any]) -> list[str]:
        self._reached.update(
            each["Arn"] for each in plan["Groups"] if any(target["CheckAddresses"] for target in each["Targets"])
        )
        problems = self._plane.apply(plan)
        for problem in problems:
            log.warning("%s", problem)
        self._applied, self._planned = plan, {each["Arn"] for each in plan["Balancers"]}
        return problems

    def _follow(self) -> None:
        while not self._ended.wait(_INTERVAL):
            try:
                with self._lock:
                    plan = self._plan()
                    if plan != self._applied:
                        self._apply(plan)
            except TestbedError:
                log.exception("no traffic any more")
                return
            except Exception:
                if not self._ended.is_set():
                    log.exception("the account can't be read now")

    def _report(self, health: dict[str, Any]) -> None:
        """Tells the emulator of a target's state.

        An account can have several installs, each with a traffic of its own: a target group that this one has never
        had a way to is another's, who measures its targets.
        """
        if health["group"] not in self._reached:
            return
        request = urllib.request.Request(  # noqa: S310 (the URL is the emulator's)
            f"{self._emulator}/_testbed/target-health", json.dumps(health).encode(), method="PUT"
        )
        with urllib.request.urlopen(request, timeout=10):  # noqa: S310 (the URL is the emulator's)
            pass

    def close(self) -> None:
        """Ends it."""
        self._ended.set()
        self._follower.join(30)
        self._plane.close()
        self.dns.close()
        self.network.close()
