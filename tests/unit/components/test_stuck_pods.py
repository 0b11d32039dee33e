"""What a user reads of pods of the proxy or the server that don't become ready."""

from typing import Any, cast

import pytest

from components.stuck_pods import _explanation, not_ready
from live.api import ApiError
from live.cluster import Cluster
from live.platform import PlatformApi

LABELS = {"app": "connect-proxy"}
#: The provider's own words, of version 4.25.
WAITED = "'connect-proxy' timed out waiting to be Ready"

UNSCHEDULABLE = {
    "metadata": {"name": "connect-proxy-1"},
    "status": {
        "conditions": [
            {
                "type": "PodScheduled",
                "status": "False",
                "reason": "Unschedulable",
                "message": "0/4 nodes are available: 4 node(s) didn't match Pod's node affinity/selector.",
            }
        ]
    },
}
WITHOUT_IMAGE = {
    "metadata": {"name": "connect-proxy-2"},
    "status": {
        "conditions": [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": "False"}],
        "containerStatuses": [
            {"name": "proxy", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}}
        ],
    },
}
READY = {"metadata": {"name": "connect-proxy-3"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}


class Api:
    """A namespace with these pods; None if they may not be listed."""

    namespace = "platform-stage"

    def __init__(self, pods: list[dict[str, Any]] | None) -> None:
        self.pods = pods

    def list(self, resource: str, **selectors: str) -> list[dict[str, Any]] | None:
        if resource == "events":
            return []
        assert selectors == {"labelSelector": "app=connect-proxy"}
        return self.pods


def told(pods: list[dict[str, Any]] | None, error: str = WAITED) -> str | None:
    return not_ready(error, cast("PlatformApi", Api(pods)), LABELS)


def test_a_pod_that_no_node_takes_and_one_without_its_image_are_named_with_the_reason() -> None:
    assert told([UNSCHEDULABLE, WITHOUT_IMAGE, READY]) == (
        "Not ready in platform-stage:\n"
        "  pod connect-proxy-1: Unschedulable: 0/4 nodes are available: "
        "4 node(s) didn't match Pod's node affinity/selector.\n"
        "  pod connect-proxy-2: container proxy: ImagePullBackOff: Back-off pulling image\n"
        "Put that right and run pulumi up again: it goes on where it stopped"
    )


def test_nothing_is_added_where_every_pod_is_ready() -> None:
    assert told([READY]) is None


@pytest.mark.parametrize(
    "error",
    [
        WAITED,
        "0 out of 1 replicas succeeded readiness checks",
        "Resource operation was interrupted: the Kubernetes API server reported that it never became Ready",
    ],
)
def test_the_pods_are_looked_at_whatever_the_words_of_an_error_about_waiting(error: str) -> None:
    assert told([UNSCHEDULABLE], error) is not None


@pytest.mark.parametrize(
    "error",
    [
        'deployments.apps is forbidden: User "x" cannot create resource "deployments" in API group "apps"',
        "the object has been modified; please apply your changes to the latest version",
    ],
)
def test_an_error_that_says_it_all_is_left_alone(error: str) -> None:
    assert told([UNSCHEDULABLE], error) is None


def test_a_user_who_may_not_list_pods_reads_that_nothing_is_known_of_them() -> None:
    text = told(None)
    assert text is not None
    assert "its pods may not be listed, so nothing is known of them (right to list pods in platform-stage)" in text


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            ApiError("kubeconfig", "the cluster at https://a does not answer (timed out)"),
            (
                "the cluster at https://a does not answer (timed out); once it does, run the command again: "
                "it goes on where it stopped"
            ),
        ),
        (
            ApiError("kubeconfig", "answers 500", 500, {"message": "etcd has no leader"}),
            "listing pods in platform-stage: etcd has no leader",
        ),
        (
            ApiError("kubeconfig", "does not let you read", 403, {"message": "pods is forbidden"}),
            (
                "Not ready in platform-stage:\n  its pods may not be listed, so nothing is known of them (right to "
                "list pods in platform-stage)\nPut that right and run pulumi up again: it goes on where it stopped"
            ),
        ),
    ],
    ids=["unreachable", "failing", "forbidden"],
)
def test_a_cluster_that_gives_no_pods_is_told_with_its_own_reason(
    error: ApiError, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refusing:
        def __init__(self, *_: object, **__: object) -> None: ...

        def list(self, *_: object, **__: object) -> None:
            raise error

    monkeypatch.setattr("live.platform.ClusterApi", Refusing)
    assert _explanation(WAITED, Cluster(), "platform-stage", LABELS) == told
