"""What a user reads of pods that don't become ready."""

from typing import Any, cast

import pytest

from live.platform import PlatformApi, PlatformError
from live.rollout import wait_for_rollout

STUCK: dict[str, Any] = {
    "metadata": {"generation": 2},
    "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "backend"}}},
    "status": {"observedGeneration": 2, "updatedReplicas": 1, "replicas": 2, "availableReplicas": 1},
}


class Api:
    """A namespace with one Deployment; its new pod doesn't become ready."""

    namespace = "platform-stage"

    def __init__(self, pods: list[dict[str, Any]] | None, workload: dict[str, Any] = STUCK) -> None:
        self.pods = pods
        self.workload = workload

    def get(self, _target: str) -> dict[str, Any]:
        return self.workload

    def list(self, resource: str, **_selectors: str) -> list[dict[str, Any]] | None:
        return self.pods if resource == "pods" else []


def complaint(pods: list[dict[str, Any]] | None) -> str:
    with pytest.raises(PlatformError) as caught:
        wait_for_rollout(cast("PlatformApi", Api(pods)), "Deployment/backend", 0)
    return str(caught.value)


def test_the_reason_of_a_waiting_container_is_told() -> None:
    state = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
    pod = {"metadata": {"name": "backend-1"}, "status": {"containerStatuses": [{"name": "backend", "state": state}]}}
    assert complaint([pod]) == (
        "Deployment/backend did not become ready in 0 seconds: "
        "pod backend-1: container backend: ImagePullBackOff: no such image. "
        "Put that right and run the command again: it goes on where it stopped"
    )


@pytest.mark.parametrize(
    ("ended", "told"),
    [
        ({"exitCode": 1, "reason": "Error"}, "exit code 1 (Error)"),
        ({"exitCode": 137, "reason": "OOMKilled"}, "exit code 137 (OOMKilled)"),
        ({"exitCode": 1}, "exit code 1"),
        (
            {"exitCode": 128, "reason": "StartError", "message": "exec: connect-proxy:\n  not found"},
            "exit code 128 (StartError: exec: connect-proxy: not found)",
        ),
    ],
)
def test_how_a_container_ended_is_told_while_it_waits_to_be_started_again(ended: dict[str, Any], told: str) -> None:
    status = {
        "name": "backend",
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s restarting failed container"}},
        "lastState": {"terminated": ended},
    }
    pod = {"metadata": {"name": "backend-1"}, "status": {"containerStatuses": [status]}}
    assert complaint([pod]) == (
        "Deployment/backend did not become ready in 0 seconds: pod backend-1: container backend: "
        f"CrashLoopBackOff: back-off 40s restarting failed container; it ended with {told}. "
        "Put that right and run the command again: it goes on where it stopped"
    )


def test_how_a_container_ended_is_told_before_it_waits() -> None:
    status = {"name": "backend", "state": {"terminated": {"exitCode": 1, "reason": "Error"}}}
    pod = {"metadata": {"name": "backend-1"}, "status": {"containerStatuses": [status]}}
    assert "pod backend-1: container backend: it ended with exit code 1 (Error). Put" in complaint([pod])


def test_an_init_container_that_ended_well_stands_in_no_way() -> None:
    done = {"name": "prepare", "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}
    waits = {"name": "backend", "state": {"waiting": {"reason": "ErrImagePull", "message": "not found"}}}
    pod = {
        "metadata": {"name": "backend-1"},
        "status": {"initContainerStatuses": [done], "containerStatuses": [waits]},
    }
    assert "0 seconds: pod backend-1: container backend: ErrImagePull: not found. Put" in complaint([pod])


def test_a_user_who_may_not_list_pods_reads_that_nothing_is_known_of_them() -> None:
    assert (
        "its pods may not be listed, so nothing is known of them (right to list pods in platform-stage)"
        in complaint(None)
    )


def _server(**status: Any) -> dict[str, Any]:
    return {
        "metadata": {"generation": 2},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "connect-server"}}},
        "status": {"observedGeneration": 2, "currentRevision": "old", "updateRevision": "new", **status},
    }


@pytest.mark.parametrize(
    "status",
    [
        pytest.param({"observedGeneration": 1, "updateRevision": "old"}, id="its controller hasn't seen the update"),
        pytest.param({"readyReplicas": 2, "updatedReplicas": 1}, id="an old pod is left"),
    ],
)
def test_a_stateful_set_is_waited_for_until_its_new_revision_is_the_current_one(status: dict[str, Any]) -> None:
    with pytest.raises(PlatformError, match=r"^StatefulSet/connect-server did not become ready in 0 seconds: "):
        wait_for_rollout(cast("PlatformApi", Api([], _server(**status))), "StatefulSet/connect-server", 0)


def test_a_pod_that_is_lost_after_the_rollout_of_a_stateful_set_is_not_waited_for() -> None:
    lost = _server(currentRevision="new", replicas=2, readyReplicas=1)
    wait_for_rollout(cast("PlatformApi", Api([], lost)), "StatefulSet/connect-server", 0)
