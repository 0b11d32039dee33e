"""The Kubernetes of the testbed: etcd, API server, controllers and scheduler as they are, and kwok for the nodes.

Everything listens on loopback. kwok's nodes and containers do not exist: it reports them Running and Ready, so whatever
depends on a container really doing something can be seen on a real node only (``testbed.node``).
"""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testbed import paths, processes, targets
from testbed.build import Binaries
from testbed.errors import TestbedError
from testbed.kubeconfig import kubeconfig
from testbed.node.configuration import CLIENTS as NODE_CLIENTS
from testbed.pki import Authority, Pair, service_account_key, write_private

MANIFESTS = paths.TESTBED / "kubernetes"
SERVICE_NETWORK = "10.96.0.0/16"
#: Where pods find the API server: the first address of that network.
SERVICE_ADDRESS = "10.96.0.1"
POD_NETWORK = "10.244.0.0/16"
#: The user, and its group, that the testbed itself and a person at its shell are.
ADMIN = ("testbed-admin", ("system:masters",))


@dataclass(frozen=True)
class Cluster:
    """A control plane on given ports."""

    api_port: int
    etcd_port: int
    etcd_peer_port: int
    controller_port: int
    scheduler_port: int

    @property
    def endpoint(self) -> str:
        """The API server's address."""
        return f"https://127.0.0.1:{self.api_port}"

    @property
    def ca(self) -> str:
        """The PEM of the authority that signed the API server's certificate."""
        return (paths.PKI / "ca.crt").read_text()

    def prepare(self, token_webhook: str) -> None:
        """Writes certificates and kubeconfigs, once; ``token_webhook`` is the address of the token review."""
        if paths.KUBECONFIG.exists():
            return
        authority = Authority(paths.PKI, keep=True)
        service_account_key(paths.PKI / "service-accounts.key")
        authority.server("kube-apiserver", ["127.0.0.1", "localhost", "kubernetes.default.svc", SERVICE_ADDRESS])
        for name, (user, groups) in NODE_CLIENTS.items():
            authority.client(name, user, groups)
        write_private(
            paths.PKI / "token-webhook.kubeconfig", json.dumps(_kubeconfig(token_webhook, None, None)).encode()
        )
        for name in ("kube-controller-manager", "kube-scheduler"):
            self._write_kubeconfig(paths.PKI / f"{name}.kubeconfig", authority.client(name, f"system:{name}"))
        self._write_kubeconfig(paths.PKI / "kwok.kubeconfig", authority.client("kwok", "kwok", ["system:masters"]))
        self._write_kubeconfig(paths.KUBECONFIG, authority.client("admin", *ADMIN))

    def _write_kubeconfig(self, path: Path, client: Pair) -> None:
        write_private(path, json.dumps(_kubeconfig(self.endpoint, paths.PKI / "ca.crt", client), indent=2).encode())

    def start(self, binaries: Binaries) -> None:
        """Starts what isn't running of the control plane; there are no nodes yet."""
        self._start_etcd(binaries)
        self._start_api_server(binaries)
        self._start_controllers(binaries)

    def start_kwok(self, binaries: Binaries) -> None:
        """Starts kwok unless it is running, and returns when its nodes are Ready."""
        self._start_kwok(binaries)
        nodes = (MANIFESTS / "nodes.yml").read_text().replace("${KUBERNETES_VERSION}", targets.KUBERNETES_VERSION)
        kubectl("apply", "--server-side", "-f", "-", stdin=nodes)
        processes.wait_until("kwok", self._nodes_ready)

    def _start_etcd(self, binaries: Binaries) -> None:
        client, peer = f"http://127.0.0.1:{self.etcd_port}", f"http://127.0.0.1:{self.etcd_peer_port}"
        flags = [
            f"--data-dir={paths.STATE / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--log-level=warn",
            "--unsafe-no-fsync",  # the data need not survive a power cut
        ]
        processes.start("etcd", [*binaries.etcd, *flags])
        processes.wait_until("etcd", lambda: processes.listening(self.etcd_port))

    def _start_api_server(self, binaries: Binaries) -> None:
        self.start_further_api_server(binaries, "kube-apiserver", self.api_port)
        processes.wait_until("kube-apiserver", self.ready)

    def start_further_api_server(self, binaries: Binaries, name: str, port: int) -> None:
        """Starts an API server on the same etcd; it is one like the first, and nothing in the testbed depends on it."""
        flags = [
            f"--etcd-servers=http://127.0.0.1:{self.etcd_port}",
            "--bind-address=127.0.0.1",
            f"--secure-port={port}",
            f"--tls-cert-file={paths.PKI / 'kube-apiserver.crt'}",
            f"--tls-private-key-file={paths.PKI / 'kube-apiserver.key'}",
            f"--client-ca-file={paths.PKI / 'ca.crt'}",
            f"--service-account-key-file={paths.PKI / 'service-accounts.key'}",
            f"--service-account-signing-key-file={paths.PKI / 'service-accounts.key'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-cluster-ip-range={SERVICE_NETWORK}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=PodSecurity,NodeRestriction",
            f"--authentication-token-webhook-config-file={paths.PKI / 'token-webhook.kubeconfig'}",
            "--authentication-token-webhook-version=v1",
            "--anonymous-auth=false",
            # What asks a kubelet for logs, and has it run commands.
            f"--kubelet-client-certificate={paths.PKI / 'admin.crt'}",
            f"--kubelet-client-key={paths.PKI / 'admin.key'}",
            "--kubelet-preferred-address-types=InternalIP",
            # The address of a loopback server is not one that pods could reach, and the reconciler refuses it.
            "--endpoint-reconciler-type=none",
            "--profiling=false",
        ]
        # Its heap is small here: a share of its time goes into collecting that.
        processes.start(name, [*binaries.kube_apiserver, *flags], {"GOGC": "400"})

    def _start_controllers(self, binaries: Binaries) -> None:
        for name, port in (("kube-controller-manager", self.controller_port), ("kube-scheduler", self.scheduler_port)):
            kubeconfig = paths.PKI / f"{name}.kubeconfig"
            flags = [
                f"--kubeconfig={kubeconfig}",
                f"--authentication-kubeconfig={kubeconfig}",
                f"--authorization-kubeconfig={kubeconfig}",
                "--bind-address=127.0.0.1",
                f"--secure-port={port}",
                "--leader-elect=false",  # there is one of each, and an election costs 15 s after a restart
            ]
            if name == "kube-controller-manager":
                flags += [
                    f"--service-account-private-key-file={paths.PKI / 'service-accounts.key'}",
                    f"--root-ca-file={paths.PKI / 'ca.crt'}",
                    "--use-service-account-credentials",
                    # A machine that slept for a while must not find every pod evicted.
                    "--node-monitor-grace-period=10m",
                ]
            processes.start(name, [*binaries.kubernetes, name, *flags])

    def _start_kwok(self, binaries: Binaries) -> None:
        start_kwok_for(binaries, "kwok", "--manage-all-nodes=true", f"--cidr={POD_NETWORK}")

    def ready(self) -> bool:
        """Whether the API server says that it serves."""
        return self.is_ready(self.api_port)

    def is_ready(self, port: int) -> bool:
        """Whether the API server on that port says that it serves."""
        context = ssl.create_default_context(cafile=str(paths.PKI / "ca.crt"))
        context.load_cert_chain(paths.PKI / "admin.crt", paths.PKI / "admin.key")
        try:
            with urllib.request.urlopen(f"https://127.0.0.1:{port}/readyz", context=context, timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _nodes_ready(self) -> bool:
        nodes = json.loads(kubectl("get", "nodes", "-o", "json"))["items"]
        conditions = [c for node in nodes for c in node.get("status", {}).get("conditions", [])]
        ready = [c for c in conditions if c["type"] == "Ready" and c["status"] == "True"]
        return bool(nodes) and len(ready) == len(nodes)


def _kubeconfig(server: str, ca: Path | None, client: Pair | None) -> dict[str, Any]:
    cluster: dict[str, Any] = {"server": server}
    user: dict[str, Any] = {}
    if ca:
        cluster["certificate-authority"] = str(ca)
    if client:
        user = {"client-certificate": str(client.certificate), "client-key": str(client.key)}
    return kubeconfig(cluster, user)


def start_kwok_for(binaries: Binaries, name: str, *flags: str) -> None:
    """Starts a kwok, as a process of this name, for the nodes and with the addresses that the flags say."""
    processes.start(
        name,
        [
            binaries.kwok,
            f"--kubeconfig={paths.PKI / 'kwok.kubeconfig'}",
            *(f"--config={stage}" for stage in (*binaries.kwok_stages, MANIFESTS / "pods.yml")),
            "--node-ip=127.0.0.1",
            "--node-lease-duration-seconds=40",  # without leases the nodes are taken for lost
            *flags,
        ],
        {"KWOK_WORKDIR": str(paths.STATE / name)},
    )


def kubectl(*arguments: str, stdin: str | None = None) -> str:
    """Runs kubectl as the testbed's administrator and returns what it printed.

    Raises:
        TestbedError: it failed; the message is kubectl's own.
    """
    finished = subprocess.run(
        [paths.PYTHON.parent / "kubectl", f"--kubeconfig={paths.KUBECONFIG}", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        env={**os.environ, "HOME": str(paths.STATE)},  # its cache of the API's kinds goes away with the testbed
        check=False,
    )
    if finished.returncode:
        raise TestbedError(f"kubectl {' '.join(arguments)}: {finished.stderr.strip()}")
    return finished.stdout
