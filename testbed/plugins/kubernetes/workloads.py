"""When a Deployment or a StatefulSet has rolled out, and in plain words why not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Protocol

from testbed.plugins.kubernetes.client import ApiError, Cluster
from testbed.plugins.kubernetes.kinds import Object
from testbed.plugins.kubernetes.metadata import annotation, name_of, namespace_of, pluck

_REVISION: Final = "deployment.kubernetes.io/revision"


class Awaited(Protocol):
    """How to wait for one kind."""

    def is_ready(self, live: Object) -> bool:
        """Whether the wait is over."""

    def explain(self, live: Object) -> list[str]:
        """Why it isn't, one line for each cause."""


class DeploymentRollout:
    """A Deployment: observed, available, and all of its replicas on the newest ReplicaSet."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def is_ready(self, live: Object) -> bool:
        """As :meth:`Awaited.is_ready`."""
        if not _is_observed(live) or not annotation(live, _REVISION):
            return False
        return _condition(live, "Available").get("status") == "True" and self._rolled_out(live)

    def explain(self, live: Object) -> list[str]:
        """As :meth:`Awaited.explain`."""
        reasons = [
            f"[{condition.get('reason')}] {condition.get('message')}"
            for condition, failing in (
                (_condition(live, "Progressing"), "False"),
                (_condition(live, "Available"), "False"),
                (_condition(live, "ReplicaFailure"), "True"),
            )
            if condition.get("status") == failing
        ]
        if _condition(live, "Available").get("status") != "True":
            reasons.append("Minimum number of live Pods was not attained")
        else:
            reasons.append(
                "Attempted to roll forward to new ReplicaSet, but minimum number of Pods did not become live"
            )
        return [*reasons, *_pod_reasons(self._cluster, live)]

    def _rolled_out(self, live: Object) -> bool:
        wanted = pluck(live, "spec", "replicas")
        updated, total, available = (
            pluck(live, "status", key) or 0 for key in ("updatedReplicas", "replicas", "availableReplicas")
        )
        return bool(updated >= wanted and total <= updated <= available)


class StatefulSetRollout:
    """A StatefulSet: observed, on its update revision, and all of its replicas ready."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def is_ready(self, live: Object) -> bool:
        """As :meth:`Awaited.is_ready`."""
        return (
            _is_observed(live) and self._ready_replicas(live) >= pluck(live, "spec", "replicas") and _on_revision(live)
        )

    def explain(self, live: Object) -> list[str]:
        """As :meth:`Awaited.explain`."""
        reasons = []
        ready, wanted = self._ready_replicas(live), pluck(live, "spec", "replicas")
        if ready < wanted:
            reasons.append(f"{ready} out of {wanted} replicas succeeded readiness checks")
        if not _on_revision(live):
            current, update = (pluck(live, "status", key) for key in ("currentRevision", "updateRevision"))
            reasons.append(f'StatefulSet controller failed to advance from revision "{current}" to revision "{update}"')
        return [*reasons, *_pod_reasons(self._cluster, live)]

    @staticmethod
    def _ready_replicas(live: Object) -> int:
        return pluck(live, "status", "readyReplicas") or 0


AWAITED: Final[dict[tuple[str, str], Callable[[Cluster], Awaited]]] = {
    ("apps/v1", "Deployment"): DeploymentRollout,
    ("apps/v1", "StatefulSet"): StatefulSetRollout,
}


def _is_observed(live: Object) -> bool:
    return bool((pluck(live, "status", "observedGeneration") or 0) >= live["metadata"]["generation"])


def _on_revision(live: Object) -> bool:
    if pluck(live, "spec", "updateStrategy", "type") == "OnDelete":
        return True
    partition = pluck(live, "spec", "updateStrategy", "rollingUpdate", "partition") or 0
    wanted, updated = pluck(live, "spec", "replicas"), pluck(live, "status", "updatedReplicas") or 0
    if partition:
        return bool(updated >= wanted - partition)
    return bool(pluck(live, "status", "currentRevision") == pluck(live, "status", "updateRevision"))


def _condition(live: Object, type: str) -> Object:
    conditions = pluck(live, "status", "conditions") or ()
    return next((condition for condition in conditions if condition.get("type") == type), {})


def _pod_reasons(cluster: Cluster, workload: Object) -> Iterator[str]:
    labels = pluck(workload, "spec", "selector", "matchLabels") or {}
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    namespace = namespace_of(workload)
    for pod in _visible(cluster, "Pod", namespace, labels=selector):
        where = f"[Pod {namespace}/{name_of(pod)}]"
        scheduled = _condition(pod, "PodScheduled")
        if scheduled.get("status") == "False":
            yield f"{where}: {scheduled.get('reason')}: {scheduled.get('message')}"
        yield from (f"{where}: {reason}" for reason in _container_reasons(pod))
    yield from _warnings_about(cluster, workload)


def _container_reasons(pod: Object) -> Iterator[str]:
    for statuses in ("initContainerStatuses", "containerStatuses"):
        for status in pluck(pod, "status", statuses) or ():
            states = (pluck(status, "state", "waiting"), pluck(status, "state", "terminated"))
            problem = next((state for state in states if state and state.get("reason") != "Completed"), None)
            if problem:
                message = " ".join(str(problem.get("message", "")).split())
                yield (
                    f"containers with unready status: [{status.get('name')}] -- [{problem.get('reason')}] {message}"
                ).rstrip()


def _warnings_about(cluster: Cluster, live: Object) -> Iterator[str]:
    """What controllers complained of: often nothing else says why an object doesn't become ready."""
    fields = f"involvedObject.uid={live['metadata']['uid']},type=Warning"
    for event in _visible(cluster, "Event", namespace_of(live), fields=fields):
        yield f"[{event.get('reason')}] {' '.join(str(event.get('message', '')).split())}"


def _visible(cluster: Cluster, kind: str, namespace: str, **selectors: str) -> list[Object]:
    """The objects that one may list: an explanation with less in it is better than none."""
    try:
        return cluster.find("v1", kind, namespace, **selectors)
    except ApiError:
        return []
