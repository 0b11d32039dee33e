"""The pods of a namespace as local processes, where kwok only says that they run.

Each pod has an address of its own on loopback. Its first container runs: the stand-in program in the role that the
image has, or the real Redis; with the environment and the files that the pod's spec gives it, and nothing else. What
becomes of it goes into the pod's status. User, read-only root, limits and network policies are not kept.
"""

from __future__ import annotations

import logging
import re
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from testbed import build
from testbed.errors import TestbedError
from testbed.traffic.addresses import Network, Routes
from testbed.traffic.cluster import Api
from testbed.traffic.container import Spec
from testbed.traffic.dns_server import Ask, DnsServer
from testbed.traffic.names import Answer, RecordSet, canonical
from testbed.traffic.running import Running, place

log = logging.getLogger(__name__)
Object = Mapping[str, Any]

_INTERVAL = 0.5
#: The end of an image's name → the role of the stand-in program.
_ROLES = {"proxy": "connect-proxy", "server": "connect-server", "backend": "backend", "frontend": "frontend"}
_REDIS = "redis"
_RELEASE = re.compile(r":v(\d+\.\d+\.\d+)$")
_TTL = 5


class Pods:
    """Runs them until it is closed.

    Args:
        kubeconfig: of the cluster's administrator.
        namespace: the namespace of the pods.
        network: the addresses.
        names: answers for names outside of the cluster, as DNS does for pods.
        ports: what stands for ports outside of the cluster.
        ca_file: the authority that the programs trust.
        folder: for files and logs.

    Raises:
        TestbedError: there is no Redis on this machine.
    """

    def __init__(
        self,
        kubeconfig: Path,
        namespace: str,
        network: Network,
        names: Ask,
        ports: Mapping[int, int],
        ca_file: Path,
        folder: Path,
    ) -> None:
        self._redis = shutil.which("redis-server")
        if self._redis is None:
            raise TestbedError(
                "Redis is missing, which Connect's pods need; install it, for example Debian's redis-server"
            )
        self._program = build.studios()
        self._namespace, self._network, self._names, self._folder = namespace, network, names, folder
        self._ports, self._ca_file = ports, ca_file
        self._api = Api(kubeconfig, namespace)
        self._running: dict[str, Running] = {}
        self._told: dict[str, Any] = {}
        self._services: list[Object] = []
        self.dns = DnsServer(network.further_name_server(), 0, self._answer)
        self._ended = threading.Event()
        self._step()
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()

    def _keep(self) -> None:
        while not self._ended.wait(_INTERVAL):
            try:
                self._step()
            except Exception:
                if not self._ended.is_set():
                    log.exception("the pods of %s can't be followed now", self._namespace)

    def _step(self) -> None:
        pods = {pod["metadata"]["uid"]: pod for pod in self._api.list("pods") if _runs(pod)}
        self._services = list(self._api.list("services"))
        for uid in [uid for uid in self._running if uid not in pods]:
            self._running.pop(uid).stop()
        for uid, pod in pods.items():
            if uid not in self._running:
                running = self._container(pod)
                if running is None:
                    continue
                self._running[uid] = running
            self._running[uid].step()
            self._tell(pod, self._running[uid])

    def _container(self, pod: Object) -> Running | None:
        container = pod["spec"]["containers"][0]
        name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]
        address = self._network.pod(pod["status"]["podIP"])
        root = self._folder / f"{name}-{uid[:8]}"
        command = self._command(container["image"], address)
        if command is None:
            return None
        resolver = f"{self.dns.address}:{self.dns.port}"
        variables = {
            "STUDIOS_PLACE": place(address, name, resolver, root, self._ports),
            "SSL_CERT_FILE": str(self._ca_file),
        }
        spec = Spec(pod, container, self._api.get, address)
        return Running(pod, container, command, variables, address, root, spec, self._ports)

    def _command(self, image: str, address: str) -> list[str] | None:
        path = image.partition("@")[0].rpartition("/")[2].partition(":")[0]
        if path == _REDIS:
            return [str(self._redis), "--bind", address, "--protected-mode", "no", "--save", ""]
        role = next((role for end, role in _ROLES.items() if path.endswith(end)), None)
        if role is None:
            return None
        release = _RELEASE.search(image)
        return [str(self._program), role, *(["-release", release[1]] if role == "backend" and release else [])]

    def _tell(self, pod: Object, running: Running) -> None:
        status = {"containerStatuses": [running.status(), *pod["status"].get("containerStatuses", [])[1:]]}
        ready = "True" if running.ready else "False"
        conditions = [{"type": kind, "status": ready} for kind in ("Ready", "ContainersReady")]
        wanted = {**status, "conditions": conditions}
        uid = pod["metadata"]["uid"]
        if self._told.get(uid) != wanted:
            self._api.patch_status(pod["metadata"]["name"], wanted)
            self._told[uid] = wanted

    def _endpoints(self, service: Object) -> list[Running]:
        selector = service["spec"].get("selector") or {}
        early = service["spec"].get("publishNotReadyAddresses", False)
        return [
            each
            for each in list(self._running.values())
            if selector
            and selector.items() <= (each.pod["metadata"].get("labels") or {}).items()
            and (each.ready or early)
        ]

    def routes(self) -> Routes:
        """What stands for the pods' addresses and for the ports of the nodes."""
        exact = {
            f"{each.pod['status']['podIP']}:{port['containerPort']}": (
                f"{each.address}:{each.port(port['containerPort'])}",
            )
            for each in list(self._running.values())
            for port in each.container.get("ports", [])
        }
        nodes = {}
        for service in self._services:
            endpoints = self._endpoints(service)
            for port in service["spec"].get("ports", []):
                target = port.get("targetPort", port["port"])
                if port.get("nodePort"):
                    nodes[int(port["nodePort"])] = tuple(f"{each.address}:{each.port(target)}" for each in endpoints)
        return Routes(exact, nodes)

    def _answer(self, name: str, type_: str) -> Answer:
        """Names of the cluster as its DNS has them, all others as the internet has."""
        wanted = canonical(name)
        for service in self._services:
            addresses = self._addresses(service, wanted)
            if addresses is not None:
                found = [RecordSet(wanted, "A", _TTL, tuple(addresses))] if addresses and type_ == "A" else []
                return Answer(code="NOERROR" if addresses else "NXDOMAIN", records=found)
        return self._names(name, type_)

    def _addresses(self, service: Object, wanted: str) -> list[str] | None:
        """The addresses that a name of the service has; None for other names."""
        name, endpoints = service["metadata"]["name"], self._endpoints(service)
        for end in (
            f"{name}.",
            f"{name}.{self._namespace}.",
            f"{name}.{self._namespace}.svc.",
            _full(name, self._namespace),
        ):
            if wanted == end:
                return [each.address for each in endpoints]
            if wanted.endswith(f".{end}") and service["spec"].get("clusterIP") == "None":
                pod = wanted.removesuffix(f".{end}")
                return [each.address for each in endpoints if each.pod["metadata"]["name"] == pod]
        return None

    def logs(self) -> dict[str, str]:
        """The name of each pod → what its program has printed."""
        return {
            each.pod["metadata"]["name"]: each.log.read_text(errors="replace")
            for each in list(self._running.values())
            if each.log.exists()
        }

    def close(self) -> None:
        """Ends all of them."""
        self._ended.set()
        self._thread.join(30)
        for running in self._running.values():
            running.stop()
        self._running.clear()
        self.dns.close()


def _full(service: str, namespace: str) -> str:
    return f"{service}.{namespace}.svc.cluster.local."


def _runs(pod: Object) -> bool:
    return bool(
        pod.get("status", {}).get("podIP")
        and pod["status"].get("phase") == "Running"
        and not pod["metadata"].get("deletionTimestamp")
    )
