"""The file with which a client finds its cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def kubeconfig(cluster: Mapping[str, Any], user: Mapping[str, Any]) -> dict[str, Any]:
    """A kubeconfig for one user of one cluster.

    Args:
        cluster: its server, and who vouches for that.
        user: the credentials.
    """
    name = "testbed"
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": dict(cluster)}],
        "users": [{"name": name, "user": dict(user)}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
