"""Why pods of the proxy or the server don't become ready, for whoever reads Pulumi's error.

The Kubernetes provider says that it waited in vain; of a pod that no node takes, or an image that is missing, it says
little or nothing, depending on its version and on the kind of the workload.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import pulumi

from components.error_hooks import explained
from live.cluster import Cluster
from live.platform import PlatformApi
from live.rollout import stuck_pods
from settings.errors import SettingsError

_OF_WAITING: Final = ("timed out", "ready", "readiness")
"""What the provider's errors about workloads that don't get ready have in common, in lower case."""


def stuck_pods_explained(
    name: str, cluster: Cluster | None, namespace: str, labels: Mapping[str, str], resource: pulumi.Resource
) -> pulumi.ResourceHookBinding | None:
    """A resource option of a workload that prints what keeps its pods from being ready where it waited in vain.

    Args:
        name: the hook's name, of which a stack has no two.
        cluster: where the pods are; None where it isn't known how to reach it, and nothing is added.
        namespace: the pods' namespace.
        labels: the pods' labels.
        resource: whom the text is printed for.
    """
    if cluster is None:
        return None

    async def explain(failure: pulumi.ErrorHookArgs) -> str | None:
        return await asyncio.to_thread(_explanation, failure.errors[0], cluster, namespace, labels)

    return explained(name, explain, resource)


def _explanation(error: str, cluster: Cluster, namespace: str, labels: Mapping[str, str]) -> str | None:
    try:
        return not_ready(error, PlatformApi(cluster, namespace), labels)
    except SettingsError:
        # The cluster can't be reached any more: the error itself stands.
        return None


def not_ready(error: str, api: PlatformApi, labels: Mapping[str, str]) -> str | None:
    """What to add to an error of the Kubernetes provider; None where it is not about waiting, or no pod is stuck."""
    if not any(word in error.lower() for word in _OF_WAITING):
        return None
    reasons = list(dict.fromkeys(stuck_pods(api, labels)))
    if not reasons:
        return None
    lines = "\n".join(f"  {reason}" for reason in reasons)
    return (
        f"Not ready in {api.namespace}:\n{lines}\nPut that right and run pulumi up again: it goes on where it stopped"
    )
