"""The files that the node's parts are configured by."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from testbed import cgroups, paths
from testbed.kubeconfig import kubeconfig
from testbed.node.link import API_PORT, Link

FOLDER = paths.STATE / "node"
POD_NETWORK = "10.244.0.0/24"
#: Where CoreDNS' Service is, within the API server's network of Services.
CLUSTER_DNS = "10.96.0.10"
#: The queue in which netfilter asks whether a connection is allowed.
QUEUE = 100
PAUSE_IMAGE = "registry.k8s.io/pause:3.10.2"
#: Clients of the API server: whom each part of the node is, and in which groups.
CLIENTS = {
    "kubelet": ("system:node:node-a", ("system:nodes",)),
    "kube-proxy": ("system:kube-proxy", ()),
    "network-policies": ("network-policies", ("system:masters",)),
}
CONTAINERD_SOCKET = "/run/containerd/containerd.sock"
#: What a kubelet wants to find in the kernel. These are parameters of the whole machine, so it finds them in files that
#: lie over the kernel's, and leaves the machine as it is.
KERNEL = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}
_ADDRESS_OF_EVERY_CLUSTER = "kubernetes.default.svc"


def cgroup() -> str:
    """The name of the control group of this testbed's node: one checkout can have several testbeds."""
    return cgroups.name_of(paths.STATE)


def real_node() -> dict[str, Any]:
    """The first of the nodes that kwok would make: the real one stands in its place, with its name and its labels."""
    node: dict[str, Any] = next(YAML(typ="safe", pure=True).load_all(paths.TESTBED / "kubernetes" / "nodes.yml"))
    return node


@dataclass(frozen=True)
class Configuration:
    """The files, all of them in one folder.

    Args:
        link: between the host and the node.
        cni: the folder of the CNI plugins.
    """

    link: Link
    cni: Path

    def write(self) -> None:
        """Writes them, and makes the folders that hold what the node's parts keep."""
        for folder in ("kubelet", "containerd"):
            (FOLDER / folder).mkdir(parents=True, exist_ok=True)
        for name, value in KERNEL.items():
            self._text(f"kernel/{name}", f"{value}\n")
        self._text("containerd.toml", self._containerd())
        # Names outside of the cluster are the host's to answer, once there is traffic.
        self._text("resolv.conf", f"nameserver {self.link.host}\n")
        # For every registry: the node reaches none but the testbed's own.
        self._text("registries/_default/hosts.toml", f'server = "{self.link.registry}"\n')
        self._json("cni/10-pods.conflist", self._network())
        self._json("kubelet.json", self._kubelet())
        self._json("kube-proxy.json", self._kube_proxy())
        for name in CLIENTS:
            self._json(f"{name}.kubeconfig", self._kubeconfig(name))

    def _text(self, name: str, text: str) -> None:
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def _json(self, name: str, content: dict[str, Any]) -> None:
        self._text(name, json.dumps(content, indent=2))

    def _kubeconfig(self, name: str) -> dict[str, Any]:
        cluster = {
            "server": self.link.api_server,
            "certificate-authority": str(paths.PKI / "ca.crt"),
            # The certificate is not for the relay's address, which is chosen later.
            "tls-server-name": _ADDRESS_OF_EVERY_CLUSTER,
        }
        user = {
            "client-certificate": str(paths.PKI / f"{name}.crt"),
            "client-key": str(paths.PKI / f"{name}.key"),
        }
        return kubeconfig(cluster, user)

    def _containerd(self) -> str:
        return f"""\
version = 3
root = "/var/lib/containerd"
state = "/run/containerd"

[grpc]
  address = "{CONTAINERD_SOCKET}"

[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "{PAUSE_IMAGE}"

[plugins."io.containerd.cri.v1.images".registry]
  config_path = "{FOLDER / "registries"}"

[plugins."io.containerd.cri.v1.runtime"]
  disable_apparmor = true
  # Without CAP_SYS_RESOURCE no process can be made less likely to be killed than its parent.
  restrict_oom_score_adj = true

[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = ["{self.cni}"]
  conf_dir = "{FOLDER / "cni"}"
  use_internal_loopback = true
"""

    def _network(self) -> dict[str, Any]:
        # Point to point, so that what goes from pod to pod passes the node's netfilter as well.
        ranges = [[{"subnet": POD_NETWORK}]]
        routes = [{"dst": "0.0.0.0/0"}]
        ipam = {"type": "host-local", "ranges": ranges, "routes": routes, "dataDir": "/run/cni"}
        return {
            "cniVersion": "1.0.0",
            "name": "pods",
            "plugins": [{"type": "ptp", "mtu": 1500, "ipam": ipam}],
        }

    def _kubelet(self) -> dict[str, Any]:
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": self.link.node,
            "authentication": {
                "anonymous": {"enabled": False},
                "x509": {"clientCAFile": str(paths.PKI / "ca.crt")},
                "webhook": {"enabled": False},
            },
            "authorization": {"mode": "AlwaysAllow"},
            "providerID": real_node()["spec"]["providerID"],
            "clusterDomain": "cluster.local",
            "clusterDNS": [CLUSTER_DNS],
            "resolvConf": str(FOLDER / "resolv.conf"),
            "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{cgroup()}",
            "failCgroupV1": False,
            "failSwapOn": False,
            "protectKernelDefaults": True,
            "oomScoreAdj": 0,
            # The machine's own fill level is not at stake here.
            "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
            "imageGCHighThresholdPercent": 100,
            # Several pods start at once; an image that isn't there is asked for again soon.
            "serializeImagePulls": False,
            # How full a pod's folders are is looked at once a minute by default.
            "volumeStatsAggPeriod": "10s",
            "volumePluginDir": "/run/volume-plugins",
            "enableServer": True,
        }

    def _kube_proxy(self) -> dict[str, Any]:
        return {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "clientConnection": {"kubeconfig": str(FOLDER / "kube-proxy.kubeconfig")},
            "hostnameOverride": real_node()["metadata"]["name"],
            "mode": "iptables",
            "iptables": {"localhostNodePorts": False, "minSyncPeriod": "0s"},
            "clusterCIDR": POD_NETWORK,
            "detectLocalMode": "ClusterCIDR",
            "nodePortAddresses": [f"{self.link.node}/32"],
            "healthzBindAddress": "127.0.0.1:10256",
            "metricsBindAddress": "127.0.0.1:10249",
            "oomScoreAdj": 0,
            # Limits of the whole machine, which are not the node's to set.
            "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        }


def endpoints_of_api_server(link: Link) -> dict[str, Any]:
    """What the Service ``kubernetes`` leads to: the API server itself publishes no address on loopback."""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"kubernetes.io/service-name": "kubernetes"},
        },
        "addressType": "IPv4",
        "ports": [{"name": "https", "port": API_PORT, "protocol": "TCP"}],
        "endpoints": [{"addresses": [link.host], "conditions": {"ready": True}}],
    }
