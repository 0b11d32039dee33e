"""Why pods of the proxy or the server don't become ready, for the reader of Pulumi's error.

The Kubernetes provider says that it waited in vain; of a pod that no node takes, or an image that is missing, it says
little or nothing, depending on its version and on the kind of the workload.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import pulumi
from pulumi_kubernetes import meta

from components.error_hooks import explained
from components.pods import name_of
from live.cluster import Cluster
from live.platform import PlatformApi, PlatformError
from live.rollout import stuck_pods, wait_for_rollout
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
        # The kubeconfig leads nowhere any more: the error itself stands.
        return None
    except PlatformError as unanswered:
        return str(unanswered)


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


def name_once_rolled_out(
    metadata: pulumi.Output[meta.v1.outputs.ObjectMeta],
    cluster: Cluster | None,
    namespace: str,
    kind: str,
    timeout_seconds: int,
) -> pulumi.Output[str]:
    """The name of a workload, known once all its pods run what it says now.

    The Kubernetes provider 4.25 takes the status that a StatefulSet had before an update for that of after it, and
    ends well although the new pods don't start.

    Args:
        metadata: the workload's.
        cluster: where it is; None where it isn't known how to reach it, and the provider's word has to do.
        namespace: where it is.
        kind: `StatefulSet` or `Deployment`.
        timeout_seconds: how long the rollout may take.
    """

    async def wait(known: meta.v1.outputs.ObjectMeta) -> str:
        name = name_of(known)
        if cluster is not None and not pulumi.runtime.is_dry_run():
            await asyncio.to_thread(_wait, cluster, namespace, f"{kind}/{name}", timeout_seconds)
        return name

    return metadata.apply(wait)


def _wait(cluster: Cluster, namespace: str, target: str, timeout_seconds: int) -> None:
    try:
        wait_for_rollout(PlatformApi(cluster, namespace), target, timeout_seconds)
    except (PlatformError, SettingsError) as error:
        raise pulumi.RunError(str(error)) from None
