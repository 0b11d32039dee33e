"""When the Kubernetes stand-in considers an object ready, and what it says when it isn't."""

from __future__ import annotations

import threading
from typing import Any, cast

import pytest

from testbed.plugins.kubernetes.client import ApiError, Cluster
from testbed.plugins.kubernetes.network import IngressEndpoints, ServiceEndpoints
from testbed.plugins.kubernetes.readiness import await_ready
from testbed.plugins.kubernetes.waiting import AwaitError, Waiter, timeout_of
from testbed.plugins.kubernetes.workloads import DeploymentRollout, StatefulSetRollout
from testbed.plugins.provider import ProviderError


class Objects:
    """A cluster of fixed objects, by kind."""

    def __init__(self, **objects: list[dict[str, Any]]) -> None:
        self._objects = objects

    def find(self, api_version: str, kind: str, namespace: str | None, **selectors: str) -> list[dict[str, Any]]:
        return self._objects.get(kind, [])

    def get(self, api_version: str, kind: str, namespace: str | None, name: str) -> dict[str, Any]:
        if not self._objects.get(kind):
            raise ApiError(404, "NotFound", f"{name} not found")
        return self._objects[kind][0]


def cluster(**objects: list[dict[str, Any]]) -> Cluster:
    return cast(Cluster, Objects(**objects))


def waiter(**objects: list[dict[str, Any]]) -> Waiter:
    return Waiter(cluster(**objects), threading.Event())


def deployment(
    available: str = "True", updated: int = 2, total: int = 2, ready: int = 2, observed: int = 3
) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "web",
            "namespace": "team",
            "uid": "u",
            "generation": 3,
            "annotations": {"deployment.kubernetes.io/revision": "2"},
        },
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}},
        "status": {
            "observedGeneration": observed,
            "updatedReplicas": updated,
            "replicas": total,
            "availableReplicas": ready,
            "conditions": [{"type": "Available", "status": available, "reason": "Min", "message": "too few"}],
        },
    }


def test_a_deployment_is_ready_when_all_replicas_are_new_and_available() -> None:
    assert DeploymentRollout(cluster()).is_ready(deployment())


@pytest.mark.parametrize(
    "live",
    [
        deployment(observed=2),
        deployment(available="False"),
        deployment(updated=1),
        deployment(total=3),
        deployment(ready=1),
    ],
    ids=["not observed", "not available", "not all updated", "old replicas left", "not all available"],
)
def test_a_deployment_in_the_middle_of_a_rollout_is_not_ready(live: dict[str, Any]) -> None:
    assert not DeploymentRollout(cluster()).is_ready(live)


def test_a_stuck_rollout_is_explained_by_the_state_of_its_pods() -> None:
    pods = [
        {
            "metadata": {"name": "web-1", "namespace": "team"},
            "status": {
                "containerStatuses": [
                    {"name": "c", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off\n pulling"}}}
                ]
            },
        },
        {
            "metadata": {"name": "web-2", "namespace": "team"},
            "status": {
                "conditions": [
                    {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/4 nodes"}
                ]
            },
        },
    ]
    assert DeploymentRollout(cluster(Pod=pods)).explain(deployment(available="False")) == [
        "[Min] too few",
        "Minimum number of live Pods was not attained",
        "[Pod team/web-1]: containers with unready status: [c] -- [ImagePullBackOff] Back-off pulling",
        "[Pod team/web-2]: Unschedulable: 0/4 nodes",
    ]


def stateful_set(ready: int = 2, current: str = "r2") -> dict[str, Any]:
    return {
        "metadata": {"name": "db", "namespace": "team", "uid": "u", "generation": 1},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "db"}}},
        "status": {
            "observedGeneration": 1,
            "readyReplicas": ready,
            "currentRevision": current,
            "updateRevision": "r2",
        },
    }


def test_a_stateful_set_is_ready_on_its_new_revision_with_all_replicas() -> None:
    rollout = StatefulSetRollout(cluster())
    assert rollout.is_ready(stateful_set())
    assert not rollout.is_ready(stateful_set(ready=1))
    assert not rollout.is_ready(stateful_set(current="r1"))


def test_a_stuck_stateful_set_says_how_far_it_came_and_what_its_controller_complains_of() -> None:
    events = [{"reason": "FailedCreate", "message": "pods is forbidden"}]
    assert StatefulSetRollout(cluster(Event=events)).explain(stateful_set(ready=1, current="r1")) == [
        "1 out of 2 replicas succeeded readiness checks",
        'StatefulSet controller failed to advance from revision "r1" to revision "r2"',
        "[FailedCreate] pods is forbidden",
    ]


def service(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "s", "namespace": "team"}, "spec": {"selector": {"app": "web"}, **spec}}


def endpoint_slice(*ready: bool) -> dict[str, Any]:
    return {"endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": each}} for each in ready]}


def test_a_service_waits_for_the_endpoints_that_are_starting() -> None:
    assert ServiceEndpoints(cluster(EndpointSlice=[endpoint_slice(True)])).is_ready(service())
    assert not ServiceEndpoints(cluster(EndpointSlice=[endpoint_slice(True, False)])).is_ready(service())
    assert not ServiceEndpoints(cluster()).is_ready(service())


@pytest.mark.parametrize("spec", [{"clusterIP": "None"}, {"selector": {}}, {"type": "ExternalName"}])
def test_a_service_that_routes_to_no_pods_itself_is_ready_at_once(spec: dict[str, Any]) -> None:
    assert ServiceEndpoints(cluster()).is_ready(service(**spec))


def ingress(*addresses: dict[str, str]) -> dict[str, Any]:
    backend = {"service": {"name": "proxy", "port": {"number": 80}}}
    return {
        "metadata": {"name": "i", "namespace": "team", "uid": "u"},
        "spec": {"rules": [{"host": "*.example.com", "http": {"paths": [{"path": "/", "backend": backend}]}}]},
        "status": {"loadBalancer": {"ingress": list(addresses)}},
    }


def test_an_ingress_needs_an_address_and_the_endpoints_of_its_paths() -> None:
    ready = ingress({"hostname": "lb.example.com"})
    assert IngressEndpoints(cluster(EndpointSlice=[endpoint_slice(True)])).is_ready(ready)
    assert not IngressEndpoints(cluster(EndpointSlice=[endpoint_slice(True)])).is_ready(ingress())
    assert not IngressEndpoints(cluster()).is_ready(ready)


def test_an_ingress_without_address_says_so_and_nothing_of_what_its_controller_complains_of() -> None:
    events = [{"reason": "FailedBuildModel", "message": "unknown annotation"}]
    assert IngressEndpoints(cluster(Event=events)).explain(ingress()) == [
        'Ingress has at least one rule with an unavailable target endpoint: "*.example.com/" -> "proxy"',
        "Ingress .status.loadBalancer field was not updated with a hostname/IP address.",
    ]


def test_the_time_to_wait_is_the_custom_timeout_then_the_annotation_then_ten_minutes() -> None:
    annotated = {"metadata": {"annotations": {"pulumi.com/timeoutSeconds": "5"}}}
    assert timeout_of(annotated, 7.0) == 7.0
    assert timeout_of(annotated, 0) == 5.0
    assert timeout_of({}, 0) == 600.0


def test_waiting_ends_with_the_reasons_when_the_time_is_up() -> None:
    live = deployment(updated=1)
    with pytest.raises(AwaitError, match=r"^'web' timed out waiting to be Ready$") as caught:
        await_ready(waiter(Deployment=[live]), {}, live, timeout=0.01)
    assert caught.value.reasons == [
        "Attempted to roll forward to new ReplicaSet, but minimum number of Pods did not become live"
    ]


def test_waiting_ends_when_the_object_is_deleted() -> None:
    with pytest.raises(AwaitError, match=r"^'web' was deleted while waiting"):
        await_ready(waiter(), {}, deployment(updated=1), timeout=1)


def test_waiting_ends_when_the_engine_goes_away() -> None:
    live = deployment(updated=1)
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(AwaitError, match=r'^Resource operation was cancelled for "web"$'):
        await_ready(Waiter(cluster(Deployment=[live]), cancelled), {}, live, timeout=60)


def test_skip_await_and_kinds_with_nothing_to_wait_for_return_at_once() -> None:
    live = deployment(updated=1)
    skip = {"metadata": {"annotations": {"pulumi.com/skipAwait": "true"}}}
    assert await_ready(waiter(), skip, live, timeout=60) is live
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
    assert await_ready(waiter(), {}, config_map, timeout=60) is config_map


@pytest.mark.parametrize(
    "wanted",
    [
        "condition=Available",
        "condition=available=True",
        "jsonpath={.status.conditions[0].status}=True",
        "jsonpath={.metadata.uid}",
        '["condition=Available", "jsonpath=.metadata.generation=3"]',
    ],
)
def test_wait_for_conditions_replace_the_built_in_ones(wanted: str) -> None:
    live = deployment(updated=0)
    inputs = {"metadata": {"annotations": {"pulumi.com/waitFor": wanted}}}
    assert await_ready(waiter(Deployment=[live]), inputs, live, timeout=0.01) is live


def test_a_wait_for_condition_that_does_not_hold_is_named() -> None:
    live = deployment()
    inputs = {"metadata": {"annotations": {"pulumi.com/waitFor": "condition=Gone"}}}
    with pytest.raises(AwaitError) as caught:
        await_ready(waiter(Deployment=[live]), inputs, live, timeout=0.01)
    assert caught.value.reasons == ["waiting for condition=Gone"]


@pytest.mark.parametrize("wanted", ["Available", "jsonpath={.items[?(@.a)]}", "[]"])
def test_a_wait_for_annotation_that_is_not_understood_is_refused(wanted: str) -> None:
    inputs = {"metadata": {"annotations": {"pulumi.com/waitFor": wanted}}}
    with pytest.raises(ProviderError, match=r"^pulumi.com/waitFor: "):
        await_ready(waiter(), inputs, deployment(), timeout=1)


def test_deletion_waits_for_the_object_and_ignores_a_new_one_of_the_same_name() -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "uid": "old"}}
    waiter(Deployment=[deployment()]).gone(target, timeout=0.01)
    waiter().gone(target, timeout=0.01)


def test_an_object_that_does_not_go_away_is_explained_by_its_finalizers() -> None:
    live = deployment()
    live["metadata"] |= {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["example.com/lb"]}
    with pytest.raises(AwaitError, match=r"^'web' timed out waiting to be deleted$") as caught:
        waiter(Deployment=[live]).gone(live, timeout=0.01)
    assert caught.value.reasons == ["finalizer example.com/lb has not been removed"]
