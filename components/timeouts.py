"""How long the provider waits for an object of Kubernetes."""

from __future__ import annotations

import pulumi

from components.pods import SHUTDOWN_SECONDS, PodSettings


def rollout_timeouts(settings: PodSettings, *, one_by_one: bool) -> pulumi.CustomTimeouts:
    """How long a workload may take; its update as :func:`rollout_seconds` says."""
    create, update = settings.ready_seconds, rollout_seconds(settings, one_by_one=one_by_one)
    delete = create + settings.drain_seconds + SHUTDOWN_SECONDS
    return timeouts(create, update, delete)


def timeouts(create: int, update: int | None = None, delete: int | None = None) -> pulumi.CustomTimeouts:
    """How many seconds a resource may take; a change of it as long as its creation, where nothing else is said."""
    return pulumi.CustomTimeouts(
        create=f"{create}s",
        update=f"{create if update is None else update}s",
        delete=f"{create if delete is None else delete}s",
    )


def gone_soon(parent: pulumi.Resource) -> pulumi.ResourceOptions:
    """The options of an object that ends at once: where the API server is lost, its provider waits no ten minutes."""
    return pulumi.ResourceOptions(parent=parent, custom_timeouts=pulumi.CustomTimeouts(delete="90s"))


def rollout_seconds(settings: PodSettings, *, one_by_one: bool) -> int:
    """How long an update may take: the new pods to become ready, and before that the old ones to end.

    With `one_by_one`, each new pod waits until an old one has ended, as in a StatefulSet.
    """
    end = settings.drain_seconds + SHUTDOWN_SECONDS
    return settings.ready_seconds + end * (settings.replicas if one_by_one else 1)
