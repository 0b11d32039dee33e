"""The programs that a node consists of, and how each is started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from testbed import build, paths, targets
from testbed.node import link as links
from testbed.node.configuration import FOLDER, QUEUE, real_node
from testbed.node.link import Link

#: What is built for a node, beside what every testbed has.
TARGETS = (targets.CONTAINERD, targets.CNI, targets.NETWORK_POLICIES, targets.COREDNS, targets.STUDIOS)
#: Where the link of this checkout is kept; it goes away with the testbed.
_LINK = paths.STATE / "link.json"
#: The labels that a kubelet gives its node by itself.
_KUBELETS_OWN = {"kubernetes.io/arch", "kubernetes.io/hostname", "kubernetes.io/os"}


def kept_link() -> Link:
    """The link of this checkout's node."""
    return links.kept_link(_LINK)


@dataclass(frozen=True)
class Parts:
    """The built programs.

    Args:
        kubernetes: kubelet and kube-proxy, in one program.
        containerd: the folder of containerd, its shim and ctr.
        cni: the folder of the CNI plugins.
        network_policies: the engine of NetworkPolicies.
        coredns: CoreDNS, which runs in a pod.
    """

    kubernetes: Path
    containerd: Path
    cni: Path
    network_policies: Path
    coredns: Path

    @classmethod
    def built(cls) -> Parts:
        """All of them, built if need be."""
        return cls(
            kubernetes=build.ensure(targets.KUBERNETES) / "kubernetes",
            containerd=build.ensure(targets.CONTAINERD),
            cni=build.ensure(targets.CNI),
            network_policies=build.ensure(targets.NETWORK_POLICIES) / "networkpolicies",
            coredns=build.ensure(targets.COREDNS) / "coredns",
        )

    def environment(self) -> dict[str, str]:
        """An environment with these programs first in PATH: the machine may have a containerd of its own."""
        return {"PATH": f"{self.containerd}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}

    def commands(self, link: Link) -> Mapping[str, Sequence[str]]:
        """The command lines by the names of the parts, in the order of their starts."""
        name = real_node()["metadata"]["name"]
        labels = {key: value for key, value in real_node()["metadata"]["labels"].items() if key not in _KUBELETS_OWN}
        return {
            "containerd": [str(self.containerd / "containerd"), f"--config={FOLDER / 'containerd.toml'}"],
            "kubelet": [
                str(self.kubernetes),
                "kubelet",
                f"--config={FOLDER / 'kubelet.json'}",
                f"--kubeconfig={FOLDER / 'kubelet.kubeconfig'}",
                f"--hostname-override={name}",
                f"--node-ip={link.node}",
                f"--node-labels={','.join(f'{key}={value}' for key, value in labels.items())}",
            ],
            "kube-proxy": [str(self.kubernetes), "kube-proxy", f"--config={FOLDER / 'kube-proxy.json'}"],
            "network-policies": [
                str(self.network_policies),
                str(FOLDER / "network-policies.kubeconfig"),
                name,
                str(QUEUE),
            ],
        }
