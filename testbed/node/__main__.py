"""The node's end on the host: ``python -m testbed.node API_PORT`` starts the node, and serves what it needs.

However this process ends, the kernel ends the node with it; a control group that is left is taken away by the next run.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict

import psutil

from testbed import cgroups, paths
from testbed.images.registry import server
from testbed.node.configuration import FOLDER, Configuration, cgroup
from testbed.node.link import API_PORT, REGISTRY_PORT, Link
from testbed.node.parts import Parts, kept_link
from testbed.node.stock import images
from testbed.relay import serve_relay

#: The node dies with this process, and every process in it with the node's first.
_NAMESPACES = [
    *("setpriv", "--pdeathsig", "KILL"),
    *("unshare", "--mount", "--net", "--pid", "--uts", "--ipc", "--fork", "--kill-child", "--mount-proc"),
]


def main() -> int:
    """Runs until the node ends or this process is told to."""
    api_port = int(sys.argv[1])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    link, parts = kept_link(), Parts.built()
    Configuration(link, parts.cni).write()
    with _control_group(), _node(link, parts) as node:
        registry = server(link.host, REGISTRY_PORT, images())
        threading.Thread(target=registry.serve_forever, daemon=True).start()
        # The API server listens on loopback, where a node can't reach it.
        listener = socket.create_server((link.host, API_PORT))
        threading.Thread(target=serve_relay, args=(listener, api_port), daemon=True).start()
        node.wait()
        return 1


@contextlib.contextmanager
def _control_group() -> Iterator[None]:
    cgroups.remove(cgroup())
    cgroups.create(cgroup())
    try:
        yield
    finally:
        cgroups.remove(cgroup())


@contextlib.contextmanager
def _node(link: Link, parts: Parts) -> Iterator[subprocess.Popen[str]]:
    link.remove()
    command = [*_NAMESPACES, str(paths.PYTHON), "-m", "testbed.node.inside"]
    node = subprocess.Popen(command, stdin=subprocess.PIPE, text=True, cwd=paths.CHECKOUT)
    try:
        _wait_for_network_namespace(node)
        link.connect(node.pid)
        told = {
            "link": asdict(link),
            "folder": str(FOLDER),
            "logs": str(paths.LOGS),
            "commands": parts.commands(link),
            "environment": parts.environment(),
        }
        if node.stdin:
            node.stdin.write(json.dumps(told))
            node.stdin.close()
        yield node
    finally:
        # The first process is gone once all others of its namespace are, and unshare is when the first process is.
        if node.poll() is None:
            unshare = psutil.Process(node.pid)
            for process in unshare.children() or [unshare]:
                process.kill()
        node.wait()


def _wait_for_network_namespace(node: subprocess.Popen[str]) -> None:
    ours = os.readlink("/proc/self/ns/net")
    while node.poll() is None:
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/{node.pid}/ns/net") != ours:
                return
        time.sleep(0.01)
    sys.exit(f"the node's namespaces could not be made: unshare ended with {node.returncode}")


if __name__ == "__main__":
    sys.exit(main())
