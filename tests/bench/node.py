"""What takes time on a node that runs its pods, beside the waits that the cluster imposes, and beside Helm."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from live.api import ClusterApi
from live.cluster import Cluster
from testbed import lifecycle, paths
from tests.bench import rows
from tests.bench.chart import Helm, chart_of
from tests.bench.programs import Project
from tests.bench.rows import Measured
from tests.engine.install import Install
from tests.engine.stack import Stack
from tests.real.on_the_node import asking, node_port, ready

_SERVERS, _PROXIES = "connect-server", "connect-proxy"
_PLATFORM = ("cron", "backend")


@dataclass
class Seen:
    """When a pod was first seen, was ready, was to end, and was gone; ``first`` if it was there at the first look."""

    app: str
    there: float
    first: bool
    ready: float | None = None
    ending: float | None = None
    gone: float | None = None


@dataclass
class Timeline:
    """What became of the pods of a namespace, by their names."""

    pods: dict[str, Seen] = field(default_factory=dict)

    def look(self, found: list[dict[str, Any]]) -> None:
        """Takes in which pods there are now."""
        now, first = time.monotonic(), not self.pods
        for pod in found:
            name = pod["metadata"]["name"]
            # A pod of a StatefulSet has the name of the one before it.
            seen = self.pods.setdefault(
                pod["metadata"]["uid"], Seen(pod["metadata"]["labels"].get("app", name), now, first)
            )
            if ready(pod):
                seen.ready = seen.ready or now
            if "deletionTimestamp" in pod["metadata"]:
                seen.ending = seen.ending or now
        left = {pod["metadata"]["uid"] for pod in found}
        for uid, seen in self.pods.items():
            if uid not in left:
                seen.gone = seen.gone or now

    def starts(self, app: str) -> float:
        """How long the new pods of a workload took, from the first one that was there to the last that was ready."""
        new = [seen for seen in self.pods.values() if seen.app == app and not seen.first]
        return max((seen.ready or seen.there for seen in new), default=0) - min((s.there for s in new), default=0)

    def ends(self, app: str) -> float:
        """How long its pods took to end, from the first one that was told to."""
        ended = [seen for seen in self.pods.values() if seen.app == app and seen.ending and seen.gone]
        return max((seen.gone or 0 for seen in ended), default=0) - min((s.ending or 0 for s in ended), default=0)


@contextmanager
def _timeline(namespace: str) -> Iterator[Timeline]:
    timeline, done = Timeline(), threading.Event()
    api = ClusterApi(Cluster(kubeconfig=str(paths.KUBECONFIG)), patient=True)

    def look() -> None:
        timeline.look(api.list(f"/api/v1/namespaces/{namespace}/pods"))

    def run() -> None:
        while not done.wait(0.2):
            look()

    look()
    runner = threading.Thread(target=run, daemon=True)
    runner.start()
    try:
        yield timeline
    finally:
        done.set()
        runner.join()


def node(rounds: int, folder: Path) -> list[Measured]:
    """Up, a rolling update and destroy of one stack with the settings that a user has by default; and Helm."""
    variables = lifecycle.environment()
    install = Install(lifecycle.NAMESPACE, variables)
    config = {**install.settings(), "platformUrl": f"https://{lifecycle.HOST}"}
    stack = Stack("bench", folder / "bench", variables, config).create()
    project, helm = Project(stack.folder, stack.name, variables), Helm(install, variables)
    # Platform runs by the time that a user deploys.
    install.kubectl("wait", "pods", "--all", "--for=condition=Ready", "--timeout=180s")
    with _timeline(install.namespace) as timeline:
        first = project.seconds("up", "--yes", "--skip-preview")
    waits = sum(timeline.starts(app) for app in (_SERVERS, *_PLATFORM, _PROXIES))
    chart = chart_of(install, folder / "chart")
    again = [project.preview() for _ in range(rounds + 1)][1:]

    with asking(node_port(install, _PROXIES), "/health", f"connect.{lifecycle.HOST}") as visitor:
        stack.set(logLevel="DEBUG").up().ok()
    with _timeline(install.namespace) as timeline, asking(node_port(install, "frontend"), "/", lifecycle.HOST) as user:
        last = project.seconds("destroy", "--yes", "--skip-preview")
    waits_of_end = sum(timeline.starts(app) for app in _PLATFORM) + timeline.ends(_SERVERS)
    stack.remove()

    with helm:
        by_helm = helm.install(chart)
        again_by_helm = [helm.install(chart) for _ in range(rounds + 1)][1:]
    return [
        rows.HELM_AGAIN.of(list(zip(again, again_by_helm, strict=True))),
        rows.HELM_FIRST.of([(first, by_helm)]),
        rows.NODE_UP.of([(first, waits)]),
        rows.NODE_DESTROY.of([(last, waits_of_end)]),
        rows.NODE_UPDATE.of([(len(visitor.refused), visitor.answered + len(visitor.refused))]),
        rows.NODE_GONE.of([(len(user.refused), user.answered + len(user.refused))]),
    ]
