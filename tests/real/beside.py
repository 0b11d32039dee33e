"""Pods beside those of the stack, on which something goes wrong from the first test on: by the last ones it shows."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from testbed import build, processes
from testbed.cluster import kubectl, start_kwok_for
from tests.engine.install import Install
from tests.real.on_the_node import Network, ready, until

#: What only a pod of this group is told by, and by what a node of kwok's is.
BESIDE = "beside-the-stack"
_KWOK = "kwok-beside"
#: Far from the addresses of the pods that run.
_ADDRESSES_OF_KWOK = "10.245.0.0/24"


@dataclass(frozen=True)
class Unreachable:
    """A pod at which every connection is refused.

    Args:
        name: the pod's.
        network: the pod's.
        since: when the first connection was refused, in seconds since 1970.
    """

    name: str
    network: Network
    since: float


def create(
    install: Install, pods: Mapping[str, Mapping[str, Any]], labels: Mapping[str, Mapping[str, str]] | None = None
) -> None:
    """Makes pods, by their names and of what they run; some have further labels."""
    items = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "labels": {BESIDE: "", **(labels or {}).get(name, {})}},
            "spec": spec,
        }
        for name, spec in pods.items()
    ]
    install.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))


def copy_of(pod: dict[str, Any]) -> dict[str, Any]:
    """What a pod runs, for another one that no Service, policy or workload takes for its own."""
    return {key: value for key, value in pod["spec"].items() if key not in {"nodeName", "hostname", "subdomain"}}


@contextmanager
def unreachable_once_ready(install: Install, name: str) -> Iterator[Unreachable]:
    """Lets a pod become ready, and then has every connection to it refused."""
    until(f"{name} is ready", lambda: ready(install.get("pod", name)))
    with Network.of(install.get("pod", name)) as network:
        network.refuse_connections(refuse=True)
        yield Unreachable(name, network, time.time())


def _secret_at_etc(secret: str) -> dict[str, Any]:
    return {
        "volumes": [{"name": "etc", "secret": {"secretName": secret}}],
        "containers": [
            {
                "name": "backend",
                "image": "cr.seqera.io/public/busybox:1.36",
                "command": ["sleep", "600"],
                "volumeMounts": [{"name": "etc", "mountPath": "/etc", "readOnly": True}],
            }
        ],
    }


def that_cannot_start(secret: str) -> dict[str, dict[str, Any]]:
    """The pods that testbed/kubernetes/pods.yml tells of, by the names of its stages."""
    missing = {"name": "proxy", "image": "cr.seqera.io/public/busybox:no-such-1"}
    return {"pod-without-image": {"containers": [missing]}, "pod-with-a-secret-for-etc": _secret_at_etc(secret)}


def on_node(node: str, spec: dict[str, Any]) -> dict[str, Any]:
    """The same for one node only, whatever keeps others away from it."""
    selector = {"kubernetes.io/hostname": node}
    return {**spec, "nodeSelector": selector, "tolerations": [{"operator": "Exists"}]}


@contextmanager
def node_of_kwok(name: str) -> Iterator[None]:
    """A node of kwok's beside the real one, for pods that are made for it; no load balancer leads to it."""
    node = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                BESIDE: "",
                "kubernetes.io/hostname": name,
                "node.kubernetes.io/exclude-from-external-load-balancers": "true",
            },
        },
        "spec": {"taints": [{"key": BESIDE, "effect": "NoSchedule"}]},
        "status": {"allocatable": {"cpu": "4", "memory": "16Gi", "pods": "58"}},
    }
    kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(node))
    selector = f"--manage-nodes-with-label-selector={BESIDE}"
    start_kwok_for(build.binaries(), _KWOK, selector, f"--cidr={_ADDRESSES_OF_KWOK}")
    try:
        yield
    finally:
        processes.stop([_KWOK])
        kubectl("delete", "node", name)


def has_status(install: Install, name: str) -> bool:
    """Whether a pod's node has said anything of its containers."""
    return "containerStatuses" in install.get("pod", name)["status"]


def told_of(pod: dict[str, Any]) -> dict[str, Any]:
    """What the status of a pod that can't start says, without what no two pods have in common."""
    status, metadata = pod["status"], pod["metadata"]
    (container,) = status["containerStatuses"]
    own = {metadata["uid"]: "UID", metadata["name"]: "POD"}
    if identity := container.get("containerID", ""):
        own[identity.partition("://")[2]] = "CONTAINER"
    known = ("name", "image", "ready", "started", "state", "lastState")
    told = {
        "phase": status["phase"],
        "conditions": {
            each["type"]: {key: each.get(key) for key in ("status", "reason", "message")}
            for each in status["conditions"]
        },
        "container": {key: value for key, value in container.items() if key in known},
    }
    for state in told["container"]["lastState"].values():
        del state["finishedAt"]
    text = json.dumps(told)
    for value, name in own.items():
        text = text.replace(value, name)
    found: dict[str, Any] = json.loads(text)
    return found
