"""What a test sees of the node: the processes of its containers, its ports, and who reaches what."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from testbed import processes
from testbed.node import life
from testbed.node.configuration import cgroup
from testbed.node.parts import kept_link
from tests.engine.install import Install


def until(what: str, look: Callable[[], Any], seconds: float = 60) -> Any:
    """The first true answer of ``look``."""
    deadline = time.monotonic() + seconds
    while not (answer := look()):
        assert time.monotonic() < deadline, f"{what}: not after {seconds:.0f} s"
        time.sleep(0.1)
    return answer


def ready(pod: dict[str, Any]) -> bool:
    """Whether a pod serves, and is not to end."""
    conditions = {each["type"]: each["status"] for each in pod["status"].get("conditions", [])}
    return conditions.get("Ready") == "True" and "deletionTimestamp" not in pod["metadata"]


@dataclass(frozen=True)
class Process:
    """The first process of a container, as the kernel has it."""

    pid: int

    @classmethod
    def of(cls, pod: dict[str, Any]) -> Process:
        """That of the pod's one container."""
        container = pod["status"]["containerStatuses"][0]["containerID"].removeprefix("containerd://")
        found = [each.pid for each in psutil.process_iter() if _is_in(each.pid, container)]
        assert found, f"container {container} has no process on the node"
        return cls(min(found))

    @property
    def status(self) -> dict[str, str]:
        """What the kernel says of it, by the names of ``/proc/PID/status``."""
        lines = (line.partition(":") for line in Path(f"/proc/{self.pid}/status").read_text().splitlines())
        return {name: value.strip() for name, _, value in lines}

    @property
    def root(self) -> Path:
        """Its file system, as it sees it: what is mounted read-only there is so here."""
        return Path(f"/proc/{self.pid}/root")


@dataclass(frozen=True)
class Network:
    """A network namespace, that of a pod or of the node, kept by an open file while containers end."""

    file: int

    @classmethod
    @contextmanager
    def of(cls, pod: dict[str, Any]) -> Iterator[Network]:
        """That of a pod with a container that runs."""
        with cls._of_process(Process.of(pod).pid) as network:
            yield network

    @classmethod
    @contextmanager
    def of_node(cls) -> Iterator[Network]:
        """That of the node."""
        (record,) = (each for each in processes.records() if each.name == life.PROCESS)
        (unshare,) = psutil.Process(record.pid).children()
        with cls._of_process(unshare.pid) as network:
            yield network

    @classmethod
    @contextmanager
    def _of_process(cls, pid: int) -> Iterator[Network]:
        file = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
        try:
            yield cls(file)
        finally:
            os.close(file)

    def run(self, *command: str) -> None:
        """Runs a command of the host's in it."""
        entered = ["nsenter", f"--net=/proc/self/fd/{self.file}", *command]
        subprocess.run(entered, pass_fds=[self.file], check=True)

    def refuse_connections(self, *, refuse: bool) -> None:
        """Has every new connection from outside refused, or no longer: as by a program that doesn't listen."""
        what = ["-i", "eth0", "-p", "tcp", "--syn", "-j", "REJECT", "--reject-with", "tcp-reset"]
        self.run("iptables", "-I" if refuse else "-D", "INPUT", *what)


@contextmanager
def further_addresses(pod: dict[str, Any], *addresses: str) -> Iterator[None]:
    """Has a pod reached at further addresses, none of them of the network of pods."""
    with Network.of(pod) as own, Network.of_node() as node:
        for address in addresses:
            own.run("ip", "address", "add", f"{address}/32", "dev", "lo")
            node.run("ip", "route", "add", address, "via", pod["status"]["podIP"])
        try:
            yield
        finally:
            for address in addresses:
                node.run("ip", "route", "delete", address)
                own.run("ip", "address", "delete", f"{address}/32", "dev", "lo")


def _is_in(pid: int, container: str) -> bool:
    try:
        groups = Path(f"/proc/{pid}/cgroup").read_text()
    except OSError:
        return False
    return f"/{cgroup()}/" in groups and container in groups


def node_port(install: Install, service: str) -> int:
    """The port of every node at which a Service is reached."""
    port: int = install.get("service", service)["spec"]["ports"][0]["nodePort"]
    return port


def connect(port: int, timeout: float = 5) -> http.client.HTTPConnection:
    """A connection to a node port, as a load balancer makes it."""
    return http.client.HTTPConnection(kept_link().node, port, timeout=timeout)


@dataclass
class Client:
    """Asks again and again, each time over a connection of its own, and keeps what went wrong."""

    answered: int = 0
    refused: list[str] = field(default_factory=list)


@contextmanager
def asking(port: int, path: str, host: str, per_second: float = 20) -> Iterator[Client]:
    """A client that asks in the background, that often in a second."""
    client, done = Client(), threading.Event()

    def ask() -> None:
        connection = connect(port)
        try:
            connection.request("GET", path, headers={"Host": host, "Connection": "close"})
            answer = connection.getresponse()
            answer.read()
            if answer.status == 200:
                client.answered += 1
            else:
                client.refused.append(f"status {answer.status}")
        except OSError as error:
            client.refused.append(repr(error))
        finally:
            connection.close()

    def run() -> None:
        threads = []
        while not done.wait(1 / per_second):
            thread = threading.Thread(target=ask, daemon=True)
            thread.start()
            threads.append(thread)
        for thread in threads:
            thread.join()

    runner = threading.Thread(target=run, daemon=True)
    runner.start()
    try:
        yield client
    finally:
        done.set()
        runner.join()


@dataclass
class Watch:
    """The pods of some workloads over time: for each look, the names of the ready and of all."""

    looks: list[dict[str, tuple[set[str], set[str]]]] = field(default_factory=list)

    def ready(self, app: str) -> list[int]:
        """How many pods of a workload were ready, at each look."""
        return [len(look[app][0]) for look in self.looks]

    def first_look_without(self, app: str, names: set[str]) -> int:
        """The number of the look at which the first pod that isn't among these was there."""
        return next(number for number, look in enumerate(self.looks) if look[app][1] - names)

    def first_ready_look_without(self, app: str, names: set[str]) -> int:
        """The number of the look at which the first pod that isn't among these was ready."""
        return next(number for number, look in enumerate(self.looks) if look[app][0] - names)


@contextmanager
def watching(install: Install, *apps: str) -> Iterator[Watch]:
    """Looks at the pods of these workloads, several times in a second; a look that fails is raised in the end."""
    watch, done = Watch(), threading.Event()
    failed: list[Exception] = []

    def look() -> dict[str, tuple[set[str], set[str]]]:
        selector = f"app in ({','.join(apps)})"
        pods = json.loads(install.kubectl("get", "pods", "-l", selector, "-o", "json"))["items"]
        return {
            app: (
                {pod["metadata"]["name"] for pod in pods if pod["metadata"]["labels"]["app"] == app and ready(pod)},
                {pod["metadata"]["name"] for pod in pods if pod["metadata"]["labels"]["app"] == app},
            )
            for app in apps
        }

    def run() -> None:
        try:
            while not done.is_set():
                watch.looks.append(look())
                time.sleep(0.3)
        except Exception as error:
            failed.append(error)

    runner = threading.Thread(target=run, daemon=True)
    runner.start()
    try:
        yield watch
    finally:
        done.set()
        runner.join()
    if failed:
        raise AssertionError(f"looking at the pods of {', '.join(apps)} ended early") from failed[0]
