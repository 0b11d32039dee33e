"""Finds what the settings name in the Platform install, and refuses what is missing with the names that do exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from live.api import ClusterApi, NotFoundError
from live.cluster import Cluster
from live.fields import Object
from live.tower_yml_text import TowerYmlError, read_entry
from live.workspaces_entry import was_here
from settings.errors import Problem, SettingsError
from settings.model import Settings
from settings.workspaces import reads_tower_yml
from survey import conflicts
from survey.secrets import existing_secret_problems
from survey.taken_names import taken_names

GROUP_ANNOTATION = "alb.ingress.kubernetes.io/group.name"


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A Deployment of the Platform install, and the container in it that reads the settings of Studios."""

    deployment: str
    container: str
    replicas: int
    config_maps: tuple[str, ...]
    """The ConfigMaps that the container takes its environment from, in order."""


@dataclass(frozen=True, kw_only=True)
class PlatformInstall:
    """The Platform install as it is now."""

    namespace: str
    backend: Workload
    cron: Workload
    backend_environment: Mapping[str, str] = field(repr=False)
    """What the backend ConfigMap holds."""
    tower_yml: str | None = field(repr=False)
    """The text of tower.yml; None where this Platform takes nothing of Studios from it."""
    services: tuple[str, ...]
    ingress_groups: Mapping[str, str | None]
    """The namespace's Ingresses, and the load balancer group of each."""


def survey_platform(cluster: Cluster, settings: Settings, *, field_manager: str | None = None) -> PlatformInstall:
    """Reads the Platform install, and checks that everything the settings name is there.

    Args:
        cluster: the way to it.
        settings: the stack's settings.
        field_manager: the name under which this stack owns what it adds and makes; what has that owner is no
            conflict. None for a stack that has nothing yet and only asks what is there.

    Raises:
        SettingsError: something is missing, or has another value and another owner, or a name is taken; or the
            cluster cannot be read.
    """
    api = ClusterApi(cluster)
    found = _read(api, settings.namespace)
    problems = [
        *_workload_problems(found, settings),
        *_config_map_problems(found, settings),
        *_secret_problems(found, settings),
        *existing_secret_problems(api, settings, found.secrets),
        *(taken_names(settings, found.by_kind(), field_manager) if field_manager else []),
    ]
    if not problems:
        problems = conflicts.conflicts(
            settings,
            config_map=found.config_maps[settings.backend_config_map],
            deployments=found.deployments,
            tower_yml=_unrecorded_tower_yml(found, settings, field_manager),
            field_manager=field_manager,
        )
    if problems:
        raise SettingsError(problems)
    return PlatformInstall(
        namespace=settings.namespace,
        backend=_workload(found, settings.backend_deployment, settings.backend_container),
        cron=_workload(found, settings.cron_deployment, settings.cron_container),
        backend_environment=found.config_maps[settings.backend_config_map].get("data") or {},
        tower_yml=_tower_yml(found, settings),
        services=tuple(found.services),
        ingress_groups={
            name: (ingress["metadata"].get("annotations") or {}).get(GROUP_ANNOTATION)
            for name, ingress in found.ingresses.items()
        },
    )


@dataclass(frozen=True)
class _Found:
    """The namespace's objects by kind and name; of Secrets, no more than the names."""

    deployments: Mapping[str, Object]
    config_maps: Mapping[str, Object]
    secrets: Mapping[str, Object]
    services: Mapping[str, Object]
    ingresses: Mapping[str, Object]
    stateful_sets: Mapping[str, Object]

    def by_kind(self) -> dict[str, Mapping[str, Object]]:
        """The same by the words of kubectl."""
        return {
            "Deployment": self.deployments,
            "ConfigMap": self.config_maps,
            "Secret": self.secrets,
            "Service": self.services,
            "Ingress": self.ingresses,
            "StatefulSet": self.stateful_sets,
        }


def _read(api: ClusterApi, namespace: str) -> _Found:
    core, apps, net = (
        f"{group}/namespaces/{namespace}" for group in ("/api/v1", "/apis/apps/v1", "/apis/networking.k8s.io/v1")
    )
    with ThreadPoolExecutor(max_workers=7) as pool:
        exists = pool.submit(_require_namespace, api, namespace)
        lists = [
            pool.submit(api.list, f"{apps}/deployments"),
            pool.submit(api.list, f"{core}/configmaps"),
            pool.submit(api.list, f"{core}/secrets", names_only=True),
            pool.submit(api.list, f"{core}/services"),
            pool.submit(api.list, f"{net}/ingresses"),
            pool.submit(api.list, f"{apps}/statefulsets", names_only=True),
        ]
        exists.result()
        return _Found(*({item["metadata"]["name"]: item for item in future.result()} for future in lists))


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
        return Problem("namespace", namespace, "is no Namespace; write the right one in namespace")
    return _missing("namespace", namespace, "Namespace", names)


def _missing(key: str, name: str, kind: str, names: Sequence[str], where: str = "") -> Problem:
    there = f"there are {', '.join(sorted(names))}" if names else "there is none"
    return Problem(key, name, f"is no {kind}{where}; {there}: write the right one in {key}")


def _workload_problems(found: _Found, settings: Settings) -> Iterator[Problem]:
    for deployment_key, deployment, container_key, container in (
        ("backendDeployment", settings.backend_deployment, "backendContainer", settings.backend_container),
        ("cronDeployment", settings.cron_deployment, "cronContainer", settings.cron_container),
    ):
        if deployment not in found.deployments:
            where = f" in namespace {settings.namespace}"
            yield _missing(deployment_key, deployment, "Deployment", list(found.deployments), where)
            continue
        names = [each["name"] for each in _containers(found.deployments[deployment])]
        if container not in names:
            yield _missing(container_key, container, "container", names, f" of Deployment {deployment}")


def _config_map_problems(found: _Found, settings: Settings) -> Iterator[Problem]:
    where = f" in namespace {settings.namespace}"
    read = _read_by_backend(found, settings)
    name = settings.backend_config_map
    if read is not None and name not in read:
        instead = (
            f"backend reads {', '.join(read)}; write: pulumi config set backendConfigMap {read[0]}"
            if read
            else f"the container {settings.backend_container} of Deployment {settings.backend_deployment} "
            "takes its environment from none, and needs an envFrom with one"
        )
        yield Problem("backendConfigMap", name, f"is not the ConfigMap that backend reads: {instead}")
    elif name not in found.config_maps:
        yield _missing("backendConfigMap", name, "ConfigMap", list(found.config_maps), where)
    if not reads_tower_yml(settings.platform_version):
        return
    if settings.tower_yml_config_map not in found.config_maps:
        yield _missing("towerYmlConfigMap", settings.tower_yml_config_map, "ConfigMap", list(found.config_maps), where)
        return
    data = found.config_maps[settings.tower_yml_config_map].get("data") or {}
    if settings.tower_yml_key not in data:
        in_map = f" of ConfigMap {settings.tower_yml_config_map}"
        yield _missing("towerYmlKey", settings.tower_yml_key, "key", list(data), in_map)
        return
    try:
        read_entry(data[settings.tower_yml_key])
    except TowerYmlError as error:
        yield Problem("towerYmlKey", settings.tower_yml_key, f"in ConfigMap {settings.tower_yml_config_map} {error}")


def _secret_problems(found: _Found, settings: Settings) -> Iterator[Problem]:
    wanted = [(f"imagePullSecrets[{i}]", name) for i, name in enumerate(settings.image_pull_secrets)]
    if settings.redis_tls_secret is not None:
        wanted.append(("redisTlsSecret", settings.redis_tls_secret))
    for key, name in wanted:
        if name not in found.secrets:
            yield _missing(key, name, "Secret", list(found.secrets), f" in namespace {settings.namespace}")


def _containers(deployment: Mapping[str, Any]) -> list[Object]:
    containers: list[Object] = deployment["spec"]["template"].get("spec", {}).get("containers", [])
    return containers


def _read_by_backend(found: _Found, settings: Settings) -> tuple[str, ...] | None:
    """The ConfigMaps in backend's envFrom; None where backend itself is missing."""
    deployment = found.deployments.get(settings.backend_deployment)
    names = [each["name"] for each in _containers(deployment)] if deployment else []
    if settings.backend_container not in names:
        return None
    return _workload(found, settings.backend_deployment, settings.backend_container).config_maps


def _workload(found: _Found, deployment: str, container: str) -> Workload:
    spec = found.deployments[deployment]["spec"]
    (sources,) = (
        each.get("envFrom") or [] for each in _containers(found.deployments[deployment]) if each["name"] == container
    )
    return Workload(
        deployment=deployment,
        container=container,
        replicas=spec.get("replicas", 1),
        config_maps=tuple(source["configMapRef"]["name"] for source in sources if "configMapRef" in source),
    )


def _unrecorded_tower_yml(found: _Found, settings: Settings, field_manager: str | None) -> Object | None:
    """The ConfigMap of tower.yml, unless this stack may have written what it says, and so has a record of it."""
    everything = (each for objects in found.by_kind().values() for each in objects.values())
    if not reads_tower_yml(settings.platform_version) or was_here(field_manager, everything):
        return None
    return found.config_maps[settings.tower_yml_config_map]


def _tower_yml(found: _Found, settings: Settings) -> str | None:
    if not reads_tower_yml(settings.platform_version):
        return None
    text: str = found.config_maps[settings.tower_yml_config_map]["data"][settings.tower_yml_key]
    return text
