"""Waiting until a workload's pods are those of its current template, and saying why they aren't."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from live.fields import Object
from live.platform import PlatformApi, PlatformError

_LONGEST_PAUSE_SECONDS: Final = 2.0
_ORDINARY: Final = {"ContainerCreating", "PodInitializing"}
"""What a container waits for in any start: it explains nothing."""


def wait_for_rollout(api: PlatformApi, target: str, timeout_seconds: float) -> None:
    """Returns when all pods of a workload run its current template and are ready, and no older one is left.

    Args:
        api: the namespace.
        target: the workload: `Deployment/backend`, or a StatefulSet. One that is gone is waited for no longer.
        timeout_seconds: the longest wait.

    Raises:
        PlatformError: it takes longer, or cannot happen; the message says what stands in the way.
    """
    deadline = time.monotonic() + timeout_seconds
    pause = 0.05
    while (live := api.get(target)) is not None and not _is_complete(live):
        if live["spec"].get("paused"):
            raise PlatformError(
                f"{target} is paused, so that its pods don't restart; "
                f"run: kubectl -n {api.namespace} rollout resume {target.lower()}"
            )
        if time.monotonic() >= deadline:
            reasons = list(dict.fromkeys(_reasons(api, live))) or ["no reason is given"]
            raise PlatformError(
                f"{target} did not become ready in {timeout_seconds:.0f} seconds: {'; '.join(reasons)}. "
                "Put that right and run the command again: it goes on where it stopped"
            )
        time.sleep(pause)
        pause = min(1.5 * pause, _LONGEST_PAUSE_SECONDS)


def _is_complete(live: Object) -> bool:
    status = live.get("status") or {}
    if status.get("observedGeneration", 0) < live["metadata"]["generation"]:
        return False
    if "updateRevision" in status:
        # A StatefulSet's: the new revision becomes the current one once all pods are of it, and ready. A pod that is
        # missing later, for instance with its node, is not a rollout.
        return bool(status.get("currentRevision") == status["updateRevision"])
    replicas: int = live["spec"].get("replicas", 1)
    updated: int = status.get("updatedReplicas", 0)
    return bool(updated == replicas == status.get("replicas", 0) and status.get("availableReplicas", 0) >= replicas)


def stuck_pods(api: PlatformApi, labels: Mapping[str, str]) -> Iterator[str]:
    """Which of the pods with these labels are not ready, and why, a line for each reason.

    Raises:
        PlatformError: the cluster does not answer.
    """
    pods = api.list("pods", labelSelector=",".join(f"{key}={value}" for key, value in labels.items()))
    if pods is None:
        yield f"its pods may not be listed, so nothing is known of them (right to list pods in {api.namespace})"
    for pod in pods or []:
        if not _condition(pod, "Ready"):
            yield from (f"pod {pod['metadata']['name']}: {reason}" for reason in _pod_reasons(api, pod))


def _reasons(api: PlatformApi, live: Object) -> Iterator[str]:
    yield from stuck_pods(api, live["spec"]["selector"].get("matchLabels") or {})
    for condition in (live.get("status") or {}).get("conditions") or []:
        failed = condition["type"] == "ReplicaFailure" or condition.get("reason") == "ProgressDeadlineExceeded"
        if failed and condition.get("message"):
            yield condition["message"]


def _pod_reasons(api: PlatformApi, pod: Object) -> Iterator[str]:
    status = pod.get("status") or {}
    told = False
    for each in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        stands = list(_container_reasons(each))
        if stands:
            told = True
            yield f"container {each['name']}: {'; '.join(stands)}"
    for condition in status.get("conditions") or []:
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            told = True
            yield _joined(condition.get("reason"), condition.get("message"))
    if not told:
        events = api.list("events", fieldSelector=f"involvedObject.name={pod['metadata']['name']},type=Warning") or []
        yield from (_joined(event.get("reason"), event.get("message")) for event in events[-1:])
        if not events:
            yield "its containers run and are not ready"


def _container_reasons(status: Object) -> Iterator[str]:
    state = status.get("state") or {}
    waiting: dict[str, Any] = state.get("waiting") or {}
    if waiting.get("reason") in _ORDINARY:
        return
    if waiting:
        yield _joined(waiting.get("reason"), waiting.get("message"))
    # A container that ends again and again waits for its next start, and only its last end says why.
    ended = state.get("terminated") or (waiting and (status.get("lastState") or {}).get("terminated"))
    if ended and ended.get("exitCode"):
        cause = _joined(ended.get("reason"), ended.get("message"))
        yield f"it ended with exit code {ended['exitCode']}" + (f" ({cause})" if cause else "")


def _condition(pod: Object, type_: str) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(each["type"] == type_ and each["status"] == "True" for each in conditions)


def _joined(reason: str | None, message: str | None) -> str:
    return ": ".join(" ".join(part.split()) for part in (reason, message) if part)
