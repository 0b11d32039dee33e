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
    """A namespace with one Deployment whose new pod doesn't become ready."""

    namespace = "platform-stage"

    def __init__(self, pods: list[dict[str, Any]] | None) -> None:
        self.pods = pods

    def get(self, _target: str) -> dict[str, Any]:
        return STUCK

    def list(self, resource: str, **_selectors: str) -> list[dict[str, Any]] | None:
        return self.pods if resource == "pods" else []


def complaint(pods: list[dict[str, Any]] | None) -> str:
    with pytest.raises(PlatformError) as caught:
        wait_for_rollout(cast("PlatformApi", Api(pods)), "backend", 0)
    return str(caught.value)


def test_the_reason_of_a_waiting_container_is_told() -> None:
    state = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
    pod = {"metadata": {"name": "backend-1"}, "status": {"containerStatuses": [{"name": "backend", "state": state}]}}
    assert complaint([pod]) == (
        "Deployment/backend did not become ready in 0 seconds: "
        "pod backend-1: container backend: ImagePullBackOff: no such image. "
        "Put that right and run the command again: it goes on where it stopped"
    )


def test_a_user_who_may_not_list_pods_reads_that_nothing_is_known_of_them() -> None:
    assert (
        "its pods may not be listed, so nothing is known of them (right to list pods in platform-stage)"
        in complaint(None)
    )
