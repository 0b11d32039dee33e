"""Pods are ready, of the configured image, and stay up; or it is told which is not, and why."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from typing import Any

import pytest

from live.api import ApiError, NotFoundError
from pipeline.verify import pods
from pipeline.verify.configuration import config_maps_hold_settings
from pipeline.verify.findings import CannotAskError, Finding, good
from tests.unit.pipeline.verify.subject import deployment

PROXY, SERVER = ("cr.seqera.io/enterprise/studios/proxy:0.9.0", "cr.seqera.io/enterprise/studios/server:0.9.0")


def pod(name: str, image: str, **status: Any) -> dict[str, Any]:
    container = {"name": "c", "ready": True, "restartCount": 0, "state": {"running": {}}, **status}
    return {
        "metadata": {"name": name},
        "spec": {"containers": [{"name": "c", "image": image}, {"name": "injected", "image": "mesh:1"}]},
        "status": {"phase": "Running", "containerStatuses": [container]},
    }


class Api:
    """A namespace with the four workloads; of the proxy's pods, the first may be another one."""

    host = "https://cluster.example"

    def __init__(self, first: dict[str, Any] | None = None, **proxy: Any) -> None:
        self.first = first or pod("connect-proxy-1", PROXY)
        self.proxy = {"replicas": 2, "ready": 2, "updated": 2, **proxy}

    def get(self, path: str) -> dict[str, Any]:
        name = path.rpartition("/")[2]
        counts = self.proxy if name == "connect-proxy" else {"replicas": 1, "ready": 1, "updated": 1}
        return {
            "spec": {"replicas": counts["replicas"], "selector": {"matchLabels": {"app": name}}},
            "status": {"readyReplicas": counts["ready"], "updatedReplicas": counts["updated"]},
        }

    def list(self, path: str, selectors: Mapping[str, str] | None = None, *, names_only: bool = False) -> Any:
        app = (selectors or {})["labelSelector"].removeprefix("app=")
        if app == "connect-proxy":
            leaving = pod("connect-proxy-0", "old", ready=False)
            leaving["metadata"]["deletionTimestamp"] = "2026-11-25T20:00:00Z"
            return [leaving, self.first, pod("connect-proxy-2", PROXY)]
        return [pod(f"{app}-0", SERVER if app == "connect-server" else "any")]


def found(monkeypatch: pytest.MonkeyPatch, api: Any, check: Any = pods.connect_pods, **settings: Any) -> Finding:
    monkeypatch.setattr("pipeline.verify.deployment.api_of", lambda *_: api)
    finding: Finding = check(deployment(serverReplicas=1, **settings))
    return finding


JUST_NOW = "just now"


def now(**ago: int) -> str:
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_pods_that_are_ready_are_counted_without_those_that_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(monkeypatch, Api()) == good("ready: connect-proxy 2, connect-server 1; no restart in 10 min")
    assert found(monkeypatch, Api(), pods.platform_pods) == good("ready: cron 1, backend 1; no restart in 10 min")


@pytest.mark.parametrize(
    ("first", "text"),
    [
        (
            pod("p", PROXY, ready=False, state={"waiting": {"reason": "ImagePullBackOff", "message": "no such tag"}}),
            "p is not running: ImagePullBackOff: no such tag",
        ),
        (
            pod(
                "p",
                PROXY,
                ready=False,
                state={"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}},
                lastState={"terminated": {"exitCode": 1, "message": "starting\nERROR Redis: WRONGPASS\n"}},
            ),
            "p is not running: CrashLoopBackOff: back-off 40s; it said: ERROR Redis: WRONGPASS",
        ),
        (
            pod(
                "p",
                PROXY,
                restartCount=3,
                lastState={"terminated": {"exitCode": 137, "finishedAt": JUST_NOW}},
            ),
            "p restarted 3 times, the last time just now: exit code 137",
        ),
        (
            pod("p", PROXY, restartCount=1, lastState={"terminated": {"exitCode": 1, "finishedAt": JUST_NOW}}),
            "p restarted once, just now: exit code 1",
        ),
        (pod("p", PROXY, ready=False), "p is not ready"),
        (
            pod("p", "mirror.example/proxy:0.8.0"),
            f"p runs mirror.example/proxy:0.8.0, and the settings say {PROXY}",
        ),
        (
            {**pod("p", PROXY), "status": {"phase": "Pending"}},
            "p is Pending",
        ),
    ],
)
def test_a_pod_that_is_not_as_it_should_be_is_told(
    monkeypatch: pytest.MonkeyPatch, first: dict[str, Any], text: str
) -> None:
    # Of the test's own time: it may be long after the tests were collected.
    first = json.loads(json.dumps(first).replace(JUST_NOW, now(minutes=2)))
    finding = found(monkeypatch, Api(first))
    assert (finding.holds, finding.text) == (False, text)
    assert finding.mend


def test_a_restart_of_long_ago_is_none_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = {"terminated": {"exitCode": 1, "finishedAt": now(minutes=30)}}
    assert found(monkeypatch, Api(pod("p", PROXY, restartCount=1, lastState=ended))).holds


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ({"replicas": 3}, "connect-proxy: 2 of 3 pods are ready, 2 exist"),
        ({"updated": 1}, "connect-proxy: 2 of 2 pods are ready, 2 exist"),
        ({"replicas": 0}, "connect-proxy is scaled to 0"),
    ],
)
def test_a_workload_that_is_not_complete_is_told(
    monkeypatch: pytest.MonkeyPatch, counts: dict[str, Any], text: str
) -> None:
    assert found(monkeypatch, Api(**counts)).text == text


def test_replicas_that_are_not_the_stack_s_are_told_with_the_command_that_sets_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    finding = found(monkeypatch, Api(), proxyReplicas=3)
    assert finding.text == "connect-proxy is scaled to 2, and the settings say 3"
    assert finding.mend == "kubectl -n platform scale deployments/connect-proxy --replicas=3"
    assert not finding.stops
    none = found(monkeypatch, Api(replicas=0), proxyReplicas=3)
    assert none.mend == "kubectl -n platform scale deployments/connect-proxy --replicas=3"


def test_replicas_of_an_autoscaler_are_any(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(monkeypatch, Api(), proxyReplicas="auto").holds


class Failing:
    """An API server that does not answer."""

    host = "https://cluster.example"

    def __init__(self, error: Exception) -> None:
        self.error = error

    def get(self, path: str) -> Any:
        raise self.error

    def list(self, path: str, *_: Any, **__: Any) -> Any:
        raise self.error


def test_a_workload_that_is_gone_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    finding = found(monkeypatch, Failing(NotFoundError("x")))
    assert (finding.text, finding.mend) == (
        "deployments/connect-proxy is not in platform",
        "pulumi up --refresh -s prod",
    )


@pytest.mark.parametrize(
    "check", [pods.cluster_answers, pods.connect_pods, pods.platform_pods, config_maps_hold_settings]
)
def test_a_cluster_that_can_not_be_reached_is_a_finding(monkeypatch: pytest.MonkeyPatch, check: Any) -> None:
    error = ApiError("kubeconfig", "the cluster at https://cluster.example does not answer")
    with pytest.raises(CannotAskError, match=r"^the cluster at https://cluster\.example does not answer$") as caught:
        found(monkeypatch, Failing(error), check)
    assert caught.value.unknown
    assert "docs/verify.md names the rights" in caught.value.mend
