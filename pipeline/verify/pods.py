"""Kubernetes: are the pods ready, of the configured images, and do they stay up?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.verify.cluster import WAY, told
from pipeline.verify.deployment import Deployment
from pipeline.verify.findings import RECENT_MINUTES, CannotAskError, Finding, bad, good, is_recent, restarted
from settings.errors import SettingsError

Object = Mapping[str, Any]


@dataclass(frozen=True)
class ExpectedWorkload:
    """A Deployment or StatefulSet, and what one of its containers is to run; without an image, any will do.

    So will any number of pods without ``replicas``.
    """

    kind: str
    name: str
    container: str | None = None
    image: str | None = None
    replicas: int | None = None

    @property
    def path(self) -> str:
        """Its place in the API, below its namespace."""
        return f"{self.kind}/{self.name}"


def cluster_answers(deployment: Deployment) -> Finding:
    """The cluster can be reached, and has Platform's namespace."""
    from live.api import NotFoundError

    namespace, api = deployment.settings.namespace, deployment.cluster
    try:
        api.list(f"/api/v1/namespaces/{namespace}/pods", names_only=True)
    except NotFoundError:
        return bad(f"the cluster has no namespace {namespace}", "check kubeconfig and kubeContext, or eksCluster")
    except SettingsError as error:
        raise CannotAskError(told(error), WAY, unknown=True) from None
    return good(f"{api.host}, namespace {namespace}")


def connect_pods(deployment: Deployment) -> Finding:
    """The pods of the proxy and the server are ready and run the configured images."""
    settings = deployment.settings
    replicas = settings.proxy_replicas
    return _ready(
        deployment,
        [
            ExpectedWorkload(
                "deployments",
                settings.proxy_name,
                image=settings.proxy_image,
                replicas=replicas if isinstance(replicas, int) else None,
            ),
            ExpectedWorkload(
                "statefulsets", settings.server_name, image=settings.server_image, replicas=settings.server_replicas
            ),
        ],
    )


def platform_pods(deployment: Deployment) -> Finding:
    """The pods of Platform's backend and cron are ready."""
    settings = deployment.settings
    return _ready(
        deployment,
        [
            ExpectedWorkload("deployments", settings.cron_deployment),
            ExpectedWorkload("deployments", settings.backend_deployment),
        ],
    )


def _ready(deployment: Deployment, workloads: Sequence[ExpectedWorkload]) -> Finding:
    from live.api import NotFoundError

    api, namespace = deployment.cluster, deployment.settings.namespace
    counts = []
    for workload in workloads:
        try:
            found = api.get(f"/apis/apps/v1/namespaces/{namespace}/{workload.path}")
            selectors = dict(found["spec"]["selector"].get("matchLabels", {}))
            pods = [
                pod
                for pod in api.list(f"/api/v1/namespaces/{namespace}/pods", {"labelSelector": _selector(selectors)})
                if not pod["metadata"].get("deletionTimestamp")
            ]
        except NotFoundError:
            return bad(f"{workload.path} is not in {namespace}", f"pulumi up --refresh -s {deployment.stack}")
        except SettingsError as error:
            raise CannotAskError(told(error), WAY, unknown=True) from None
        if problem := _problem(workload, found, pods, namespace):
            return problem
        counts.append(f"{workload.name} {len(pods)}")
    return good(f"ready: {', '.join(counts)}; no restart in {RECENT_MINUTES} min")


def _selector(labels: Mapping[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in labels.items())


def _problem(workload: ExpectedWorkload, found: Object, pods: Sequence[Object], namespace: str) -> Finding | None:
    for pod in pods:
        if problem := _problem_of_pod(workload, pod, namespace):
            return problem
    wanted = int(found["spec"].get("replicas", 1))
    ready = int(found.get("status", {}).get("readyReplicas") or 0)
    updated = int(found.get("status", {}).get("updatedReplicas") or 0)
    if wanted == 0:
        replicas = workload.replicas or 1
        return bad(
            f"{workload.name} is scaled to 0",
            f"kubectl -n {namespace} scale {workload.path} --replicas={replicas}",
        )
    if min(ready, updated) < wanted or len(pods) != wanted:
        return bad(
            f"{workload.name}: {ready} of {wanted} pods are ready, {len(pods)} exist",
            f"kubectl -n {namespace} describe {workload.path}; a rollout may still go on",
        )
    if workload.replicas is not None and wanted != workload.replicas:
        return bad(
            f"{workload.name} is scaled to {wanted}, and the settings say {workload.replicas}",
            f"kubectl -n {namespace} scale {workload.path} --replicas={workload.replicas}",
            stops=False,
        )
    return None


def _problem_of_pod(workload: ExpectedWorkload, pod: Object, namespace: str) -> Finding | None:
    name = pod["metadata"]["name"]
    for status in pod.get("status", {}).get("containerStatuses", []):
        state = status.get("state", {})
        waiting, last = state.get("waiting"), status.get("lastState", {}).get("terminated")
        if waiting:
            reason = f"{waiting.get('reason', 'waiting')}: {waiting.get('message') or 'no reason given'}"
            said = f"; it said: {_last_line(last)}" if last and last.get("message") else ""
            return bad(f"{name} is not running: {reason}{said}", f"kubectl -n {namespace} logs {name} --previous")
        if last and is_recent(last.get("finishedAt")):
            said = _last_line(last) or f"exit code {last.get('exitCode')}"
            return bad(
                f"{name} restarted {restarted(int(status.get('restartCount', 0)))}: {said}",
                f"kubectl -n {namespace} logs {name} --previous",
            )
        if not status.get("ready"):
            return bad(f"{name} is not ready", f"kubectl -n {namespace} describe pod {name}")
    for container in pod["spec"]["containers"]:
        if workload.image and container["image"] != workload.image and container["name"] == _main(workload, pod):
            return bad(
                f"{name} runs {container['image']}, and the settings say {workload.image}",
                "pulumi up; look for who changes images on the way, such as an admission webhook",
            )
    if not pod.get("status", {}).get("containerStatuses"):
        return bad(
            f"{name} is {pod.get('status', {}).get('phase', 'not started')}",
            f"kubectl -n {namespace} describe pod {name}",
        )
    return None


def _main(workload: ExpectedWorkload, pod: Object) -> str:
    """The name of the container that counts; what others inject stands behind the pod's own."""
    return str(workload.container or pod["spec"]["containers"][0]["name"])


def _last_line(terminated: Object) -> str:
    lines = str(terminated.get("message") or "").strip().splitlines()
    return lines[-1] if lines else ""
