"""Brings the node up on a running control plane, and says when pods can run on it."""

from __future__ import annotations

import json
from pathlib import Path

from testbed import paths, processes
from testbed.cluster import kubectl
from testbed.errors import TestbedError
from testbed.node import requirements
from testbed.node.configuration import endpoints_of_api_server, real_node
from testbed.node.parts import Parts, kept_link

#: The name of the process, as the testbed shows it.
PROCESS = "node"
_MANIFESTS = Path(__file__).resolve().parent / "manifests"
#: The first pods wait for their images to be unpacked.
_SECONDS = 120


def start(api_port: int) -> None:
    """Starts the node unless it is running, and returns when it is Ready and its pods find each other's names.

    Args:
        api_port: where the API server listens on loopback.

    Raises:
        TestbedError: this machine can't have a real node, or it did not become Ready.
    """
    if reason := requirements.missing():
        raise TestbedError(reason)
    Parts.built()
    kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(endpoints_of_api_server(kept_link())))
    kubectl("apply", "--server-side", "-f", str(_MANIFESTS))
    processes.start(PROCESS, [paths.PYTHON, "-m", "testbed.node", str(api_port)])
    processes.wait_until(PROCESS, _ready, _SECONDS)
    kubectl("-n", "kube-system", "rollout", "status", "deployment/coredns", f"--timeout={_SECONDS}s")


def _ready() -> bool:
    found = kubectl("get", "node", real_node()["metadata"]["name"], "--ignore-not-found", "-o", "json")
    conditions = json.loads(found)["status"].get("conditions", []) if found else []
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
