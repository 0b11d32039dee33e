"""An API server beside the testbed's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from testbed import build, paths, processes
from testbed.errors import TestbedError
from testbed.ports import NOT_UP, find_ports


@dataclass(frozen=True)
class FurtherApiServer:
    """An API server beside the testbed's own, on the same objects, that a test may stop and start as it likes.

    Args:
        name: of the process.
        port: where it listens.
    """

    name: str
    port: int

    @property
    def url(self) -> str:
        """Its address."""
        return f"https://127.0.0.1:{self.port}"

    def kubeconfig(self) -> str:
        """The testbed's kubeconfig, leading here."""
        content = json.loads(paths.KUBECONFIG.read_text())
        for each in content["clusters"]:
            each["cluster"]["server"] = self.url
        return json.dumps(content)

    def start(self) -> None:
        """Starts it, and returns once it serves."""
        ports = find_ports()
        if not ports:
            raise TestbedError(NOT_UP)
        ports.cluster.start_further_api_server(build.binaries(), self.name, self.port)
        processes.wait_until(self.name, lambda: ports.cluster.is_ready(self.port))

    def stop(self) -> None:
        """Ends it."""
        processes.stop([self.name])


@contextmanager
def further_api_server(label: str) -> Iterator[FurtherApiServer]:
    """Brings up an API server of one's own, and takes it away in the end."""
    server = FurtherApiServer(f"kube-apiserver-{label}", processes.free_ports(1)[0])
    server.start()
    try:
        yield server
    finally:
        server.stop()
