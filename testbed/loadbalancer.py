"""The official AWS Load Balancer Controller, installed as its Helm chart does it, with its own role's rights only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from testbed import paths, processes
from testbed.build import Binaries
from testbed.cluster import MANIFESTS, kubectl
from testbed.pki import write_private

PROCESS: Final = "load-balancer"
_KUBECONFIG: Final = paths.PKI / "load-balancer.kubeconfig"
_ACCOUNT: Final = "aws-load-balancer-controller"
#: A testbed may be left up for long, and the token is of no use once it is down.
_TOKEN_SECONDS: Final = 365 * 24 * 3600
#: Services of AWS that the emulator lacks; the controller asks them of every load balancer unless it is told not to.
_WITHOUT: Final = ("shield", "waf", "wafv2")


def start(binaries: Binaries, cluster_name: str, region: str, vpc: str, environment: Mapping[str, str]) -> None:
    """Installs the controller and starts it unless it is running.

    Args:
        binaries: has the controller, its kinds of objects and its role.
        cluster_name: goes into names and tags in AWS.
        region: the region of AWS.
        vpc: the id of the VPC that the cluster is in.
        environment: the variables that lead to the emulator.
    """
    if processes.running(PROCESS):
        return
    kubectl("apply", "--server-side", "-f", str(binaries.load_balancer_manifests))
    kubectl("apply", "--server-side", "-f", str(MANIFESTS / "load-balancer.yml"))
    kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd", "--all")
    _write_kubeconfig(_KUBECONFIG)
    flags = [
        f"--kubeconfig={_KUBECONFIG}",
        f"--cluster-name={cluster_name}",
        f"--aws-region={region}",
        f"--aws-vpc-id={vpc}",
        "--enable-leader-election=false",
        *(f"--enable-{name}=false" for name in _WITHOUT),
        "--metrics-bind-addr=0",
        "--health-probe-bind-addr=0",
    ]
    processes.start(PROCESS, [binaries.load_balancer, *flags], environment)


def _write_kubeconfig(path: Path) -> None:
    """The testbed's kubeconfig, for the controller's service account."""
    token = kubectl("create", "token", _ACCOUNT, "--namespace=kube-system", f"--duration={_TOKEN_SECONDS}s").strip()
    content = json.loads(paths.KUBECONFIG.read_text())
    for user in content["users"]:
        user["user"] = {"token": token}
    write_private(path, json.dumps(content).encode())
