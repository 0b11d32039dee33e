"""What stands around the machine's containers: the registry that images come from, and HTTPS with its names.

`Site` is the small stand-in for the world outside: every name leads to the machine's outside address, where TLS ends
and a request goes to Platform's frontend, to the proxy or to the registry, by its host.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from testbed import build, paths, processes
from testbed.docker.engine import Machine
from testbed.docker.images import load
from testbed.docker.machine import OUTSIDE_ADDRESS
from testbed.images.catalog import PLATFORM_RELEASE, REGISTRY, Catalog
from testbed.images.registry import PASSWORD, USER
from testbed.pki import Authority

#: Of Connect, those that the settings choose by Platform's release, and one that is in the registry only.
CONNECT_RELEASES = ("0.9.0", "0.10.0", "0.11.1")
ONLY_IN_THE_REGISTRY = "0.8.3"
PLATFORM_RELEASES = (PLATFORM_RELEASE, "v26.1.0")
FRONTEND_PORT = 8000
PROXY_PORT = 9090
_REGISTRY_PORT = 5000


@dataclass(frozen=True)
class Site:
    """The surroundings of one machine."""

    machine: Machine

    @cached_property
    def catalog(self) -> Catalog:
        """The images, which trust this site's authority."""
        return Catalog(self.ca)

    @property
    def ca(self) -> Path:
        """The authority that signed what HTTPS shows."""
        return self.machine.folder / "pki" / "ca.crt"

    def start(self) -> None:
        """Starts machine, registry and HTTPS for ``example.com``, and loads the images, unless they are there."""
        self.machine.start()
        Authority(self.ca.parent, keep=True)
        releases = [*CONNECT_RELEASES, ONLY_IN_THE_REGISTRY]
        self._process(
            "registry",
            [
                *(paths.PYTHON, "-m", "testbed.images.registry", "--port", str(_REGISTRY_PORT), "--ca", self.ca),
                *("--connect", *releases, "--platform", *PLATFORM_RELEASES),
            ],
        )
        self.serve("example.com")
        trusted = Path("/etc/docker/certs.d") / REGISTRY
        script = 'mkdir -p "$1" && cp "$2" "$1/ca.crt"'
        self.machine.run(["sh", "-c", script, "sh", trusted, self.ca])
        images = [image for release in CONNECT_RELEASES for image in self.catalog.connect(release)]
        images += [image for release in PLATFORM_RELEASES for image in self.catalog.platform(release)]
        load(self.machine, [*images, self.catalog.database(), self.catalog.redis()])

    def serve(self, domain: str) -> None:
        """Leads HTTPS for Platform's host ``domain`` to the frontend, and what is one label below it to the proxy.

        What was served before stays so; the longest name counts.
        """
        path = self.machine.folder / "domains.json"
        domains: list[str] = json.loads(path.read_text()) if path.exists() else []
        if domain in domains and processes.running(f"{self.machine.name}-edge"):
            return
        domains = sorted({*domains, domain})
        path.write_text(json.dumps(domains))
        hosts = [REGISTRY, *domains, *(f"*.{each}" for each in domains)]
        pair = Authority(self.ca.parent, keep=True).server("edge", hosts)
        routes = [f"{each}=http://127.0.0.1:{FRONTEND_PORT}" for each in domains]
        routes += [f"*.{each}=http://127.0.0.1:{PROXY_PORT}" for each in domains]
        routes.append(f"{REGISTRY}=http://127.0.0.1:{_REGISTRY_PORT}")
        processes.stop([f"{self.machine.name}-edge"])
        edge = (build.studios(), "edge", "-address", OUTSIDE_ADDRESS)
        self._process("edge", [*edge, "-certificate", pair.certificate, "-key", pair.key, *routes])

    def stop(self) -> None:
        """Ends it all."""
        self.machine.stop()

    def log_in(self, user: str = "root", home: str = "/root") -> None:
        """Logs a user of the machine in to the registry, as its owner does once."""
        words = ["docker", "login", REGISTRY, "--username", USER, "--password-stdin"]
        self.machine.run(words, user=user, env={"HOME": home}, stdin=PASSWORD)

    def _process(self, label: str, words: Sequence[str | Path]) -> None:
        name = f"{self.machine.name}-{label}"
        processes.start(name, self.machine.command(words, folder=paths.CHECKOUT))
        port, address = (443, OUTSIDE_ADDRESS) if label == "edge" else (_REGISTRY_PORT, "127.0.0.1")
        processes.wait_until(name, lambda: self.machine.listens(port, address), 120)
