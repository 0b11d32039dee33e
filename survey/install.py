"""The objects of Platform's namespace, as the API server has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from live.api import ApiError, ClusterApi, NotFoundError
from live.fields import Object
from settings.errors import Problem, SettingsError
from settings.model import Settings
from settings.remedies import Write


@dataclass(frozen=True)
class Install:
    """The namespace's objects by kind and name; of Secrets and StatefulSets, their metadata only."""

    namespace: str
    deployments: Mapping[str, Object]
    config_maps: Mapping[str, Object]
    secrets: Mapping[str, Object]
    services: Mapping[str, Object]
    ingresses: Mapping[str, Object]
    stateful_sets: Mapping[str, Object]
    network_policies: Mapping[str, Object] = field(default_factory=dict)
    disruption_budgets: Mapping[str, Object] = field(default_factory=dict)
    quotas: Mapping[str, Object] = field(default_factory=dict)
    all_ingresses: Sequence[Object] = ()
    """Those of every namespace, as far as they may be read."""

    def by_kind(self) -> dict[str, Mapping[str, Object]]:
        """The objects by the words of kubectl."""
        return {
            "Deployment": self.deployments,
            "ConfigMap": self.config_maps,
            "Secret": self.secrets,
            "Service": self.services,
            "Ingress": self.ingresses,
            "StatefulSet": self.stateful_sets,
            "NetworkPolicy": self.network_policies,
            "PodDisruptionBudget": self.disruption_budgets,
        }

    def everything(self) -> list[Object]:
        """All objects that were read."""
        return [each for objects in self.by_kind().values() for each in objects.values()]

    def containers(self, deployment: str) -> list[Object]:
        """The containers of a Deployment's pods; none where the Deployment does not exist."""
        found = self.deployments.get(deployment)
        containers: list[Object] = [] if found is None else pod_of(found).get("containers", [])
        return containers

    def container(self, deployment: str, name: str) -> Object | None:
        """One of them, if it exists."""
        return next((each for each in self.containers(deployment) if each["name"] == name), None)

    def data(self, config_map: str) -> Mapping[str, str]:
        """What a ConfigMap holds; nothing where it does not exist."""
        found: Mapping[str, str] = self.config_maps.get(config_map, {}).get("data", {})
        return found


def resource_of(kind: str) -> str:
    """A kind as the API has it in a path, and a Role in its rules."""
    irregular = {"Ingress": "ingresses", "NetworkPolicy": "networkpolicies"}
    return irregular.get(kind, f"{kind.lower()}s")


def pod_of(deployment: Mapping[str, Any]) -> Mapping[str, Any]:
    """The pods' specification in a Deployment."""
    found: Mapping[str, Any] = deployment.get("spec", {}).get("template", {}).get("spec", {})
    return found


def config_maps_read(container: Mapping[str, Any]) -> list[str]:
    """The ConfigMaps that a container takes its environment from as a whole, in order, with the names as they are."""
    return [name for name, prefix in prefixed_config_maps(container) if not prefix]


def prefixed_config_maps(container: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The same with the prefix that each one's variables get; mostly ""."""
    sources = container.get("envFrom", [])
    return [
        (each["configMapRef"]["name"], each.get("prefix", ""))
        for each in sources
        if "name" in each.get("configMapRef", {})
    ]


def read_install(api: ClusterApi, namespace: str) -> Install:
    """Reads the namespace.

    Raises:
        SettingsError: it does not exist, or is being deleted; or the cluster cannot be read.
    """
    core, apps, net, policy = (
        f"{group}/namespaces/{namespace}"
        for group in ("/api/v1", "/apis/apps/v1", "/apis/networking.k8s.io/v1", "/apis/policy/v1")
    )

    def optional(path: str, *, names_only: bool = False) -> list[Object]:
        # Who may not list them is told where it matters, by what makes them.
        try:
            return api.list(path, names_only=names_only)
        except ApiError:
            return []

    with ThreadPoolExecutor(max_workers=11) as pool:
        exists = pool.submit(_require_namespace, api, namespace)
        lists = [
            pool.submit(api.list, f"{apps}/deployments"),
            pool.submit(api.list, f"{core}/configmaps"),
            pool.submit(api.list, f"{core}/secrets", names_only=True),
            pool.submit(api.list, f"{core}/services"),
            pool.submit(api.list, f"{net}/ingresses"),
            pool.submit(api.list, f"{apps}/statefulsets", names_only=True),
        ]
        lists += [
            pool.submit(optional, f"{net}/networkpolicies", names_only=True),
            pool.submit(optional, f"{policy}/poddisruptionbudgets", names_only=True),
            pool.submit(optional, f"{core}/resourcequotas"),
        ]
        everywhere = pool.submit(optional, "/apis/networking.k8s.io/v1/ingresses")
        exists.result()
        by_name = [{item["metadata"]["name"]: item for item in future.result()} for future in lists]
        if not all(map(_has_pods, by_name[0].values())):
            raise api.misunderstood(f"{apps}/deployments")
        ingresses = everywhere.result() or [*by_name[4].values()]
        return Install(namespace, *by_name, ingresses)  # type: ignore[arg-type, call-arg]


def _has_pods(deployment: Object) -> bool:
    """Whether a Deployment's containers are as those of Kubernetes."""
    try:
        return all(isinstance(each["name"], str) for each in pod_of(deployment).get("containers", []))
    except (KeyError, TypeError, AttributeError):
        return False


def missing(key: str, name: str, kind: str, names: Sequence[str], where: str = "") -> Problem:
    """A name that nothing has, with the names that there are."""
    there = f"there are {', '.join(sorted(names))}" if names else "there is none"
    return Problem(key, name, f"is not a {kind}{where}; {there}: write the right one in {key}")


def another_namespace(api: ClusterApi, install: Install, settings: Settings) -> Problem | None:
    """That neither Deployment of Platform's is in the namespace, with the namespaces that have both; else None."""
    wanted = {settings.backend_deployment, settings.cron_deployment}
    if wanted & install.deployments.keys():
        return None
    try:
        everywhere = [each["metadata"] for each in api.list("/apis/apps/v1/deployments", names_only=True)]
    except SettingsError:
        # Who may read one namespace often may not read the others.
        everywhere = []
    by_namespace: dict[str, set[str]] = {}
    for each in everywhere:
        by_namespace.setdefault(each["namespace"], set()).add(each["name"])
    fitting = sorted(name for name, names in by_namespace.items() if wanted <= names)
    others = f" (there are {', '.join(sorted(install.deployments))})" if install.deployments else ""
    instead = f": {' or '.join(str(Write('namespace', name)) for name in fitting)}" if fitting else ""
    return Problem(
        "namespace",
        install.namespace,
        f"has neither Deployment {settings.backend_deployment} nor Deployment {settings.cron_deployment}{others}; "
        f"write the namespace that Platform runs in{instead}; "
        "or write the names of both Deployments in backendDeployment and cronDeployment",
    )


def _require_namespace(api: ClusterApi, namespace: str) -> None:
    try:
        found = api.get(f"/api/v1/namespaces/{namespace}")
    except NotFoundError:
        raise SettingsError([_missing_namespace(api, namespace)]) from None
    if "deletionTimestamp" in found["metadata"] or found.get("status", {}).get("phase") == "Terminating":
        raise SettingsError(
            [
                Problem(
                    "namespace",
                    namespace,
                    "is being deleted, and nothing can be made in it; write the namespace that Platform runs in, "
                    "or wait until this one is gone and install Platform again",
                )
            ]
        )


def _missing_namespace(api: ClusterApi, namespace: str) -> Problem:
    try:
        names = [each["metadata"]["name"] for each in api.list("/api/v1/namespaces", names_only=True)]
    except SettingsError:
        # Who may read one namespace often may not list them.
        return Problem("namespace", namespace, "is not a Namespace; write the right one in namespace")
    return missing("namespace", namespace, "Namespace", names)
