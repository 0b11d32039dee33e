"""The first process of the node's namespaces: it makes them ready, starts the node's parts, and takes leave with them.

Whatever it starts ends with it, since the kernel ends every process of a process namespace once its first one is gone.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from testbed.node.configuration import CONTAINERD_SOCKET, KERNEL, POD_NETWORK, QUEUE, real_node
from testbed.node.link import BALANCERS, Link, ip

_IPTABLES = {
    "nat": [
        # The host knows no way to a pod.
        ["-A", "POSTROUTING", "-s", POD_NETWORK, "-o", "eth0", "-j", "MASQUERADE"],
    ],
    "mangle": [
        # What kube-network-policies would write itself on a kernel that knows nftables' queues: each connection is
        # judged once, and what the node's own root sends, such as a kubelet's probes, is not.
        ["-A", "POSTROUTING", "-m", "conntrack", "--ctstate", "ESTABLISHED,RELATED", "-j", "ACCEPT"],
        ["-A", "POSTROUTING", "-m", "owner", "--uid-owner", "0", "-j", "ACCEPT"],
        ["-A", "POSTROUTING", "-s", POD_NETWORK, "-j", "NFQUEUE", "--queue-num", str(QUEUE)],
        ["-A", "POSTROUTING", "-d", POD_NETWORK, "-j", "NFQUEUE", "--queue-num", str(QUEUE)],
    ],
}


def main() -> int:
    """Runs the node until one of its parts ends."""
    # Whoever started this writes it once the link is there.
    told = json.load(sys.stdin)
    _mount(Path(told["folder"]))
    _configure_network(Link(**told["link"]))
    parts: dict[str, int] = {}
    for name, command in told["commands"].items():
        parts[name] = _start(command, told["environment"], Path(told["logs"]) / f"{name}.log")
        if name == "containerd":
            _wait_for(CONTAINERD_SOCKET)
    return _reap({pid: name for name, pid in parts.items()})


def _mount(folder: Path) -> None:
    """Puts what lies in the node's folder where its parts have theirs by default."""
    for place in ("/run", "/var/log", "/var/lib"):
        _run("mount", "-t", "tmpfs", "-o", "mode=755", "node", place)
    for part in ("containerd", "kubelet"):
        (Path("/var/lib") / part).mkdir()
        _run("mount", "--bind", str(folder / part), f"/var/lib/{part}")
    for name in KERNEL:
        _run("mount", "--bind", str(folder / "kernel" / name), f"/proc/sys/{name}")


def _configure_network(link: Link) -> None:
    socket.sethostname(real_node()["metadata"]["name"])
    ip("link", "set", "lo", "up")
    ip("address", "add", f"{link.node}/30", "dev", "eth0")
    ip("link", "set", "eth0", "up")
    ip("route", "add", "default", "via", link.host)
    ip("route", "add", "local", BALANCERS, "dev", "lo")
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    # Nothing leaves the machine, even if the host passes on what it gets.
    for chain in ("OUTPUT", "FORWARD"):
        _run("iptables", "-A", chain, "-o", "eth0", "!", "-d", link.host, "-j", "REJECT")
    for table, rules in _IPTABLES.items():
        for rule in rules:
            _run("iptables", "-t", table, *rule)


def _run(*command: str) -> None:
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        sys.exit(f"{' '.join(command)}: {finished.stderr.strip()}")


def _start(command: Sequence[str], environment: Mapping[str, str], log_path: Path) -> int:
    with log_path.open("ab") as log:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **environment}
        ).pid


def _wait_for(path: str) -> None:
    deadline = time.monotonic() + 60
    while not Path(path).exists():
        if time.monotonic() > deadline:
            sys.exit(f"{path} is not there after a minute")
        time.sleep(0.05)


def _reap(parts: Mapping[int, str]) -> int:
    """Takes in every process that has lost its parent, as the first process has to, until one of the parts ends."""
    while True:
        pid, status = os.wait()
        if pid in parts:
            code = os.waitstatus_to_exitcode(status)
            print(f"{parts[pid]} ended with {code}: its log says why", file=sys.stderr)  # noqa: T201
            return 1


if __name__ == "__main__":
    sys.exit(main())
