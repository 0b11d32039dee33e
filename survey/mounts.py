"""Where Platform's containers see tower.yml and the RSA key."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from live.ownership import Path, list_item, managed_fields, owners_of
from settings.environment import tower_yml_entries
from settings.errors import Problem
from settings.model import Settings
from survey.install import Install, pod_of


def mount_problems(install: Install, settings: Settings, field_manager: str | None) -> Iterator[Problem]:
    """A tower.yml that no container of backend reads, and a key that would hide a mount, or be hidden by one."""
    if tower_yml_entries(settings):
        yield from _tower_yml_problems(install, settings)
    for deployment, name in (
        (settings.cron_deployment, settings.cron_container),
        (settings.backend_deployment, settings.backend_container),
    ):
        container = install.container(deployment, name)
        if container is not None:
            yield from _key_problems(install.deployments[deployment], container, settings, field_manager)


def is_platforms_own(volume: Mapping[str, Any], deployment: Mapping[str, Any], folder: str) -> bool:
    """Whether Platform needs a volume for itself: it is not a Secret, or not mounted at the key's folder."""
    pod = pod_of(deployment)
    mounts = [
        mount["mountPath"].rstrip("/")
        for each in [*pod.get("containers", []), *pod.get("initContainers", [])]
        for mount in each.get("volumeMounts", [])
        if mount["name"] == volume["name"]
    ]
    return "secret" not in volume or any(path != folder for path in mounts)


def hides_platforms_own(deployment: Mapping[str, Any], mount: Mapping[str, Any]) -> bool:
    """Whether another volume in the place of this mount would take something of Platform's away: it is not a Secret."""
    volumes = {each["name"]: each for each in pod_of(deployment).get("volumes", [])}
    return mount["name"] in volumes and "secret" not in volumes[mount["name"]]


def _tower_yml_problems(install: Install, settings: Settings) -> Iterator[Problem]:
    deployment, name = settings.backend_deployment, settings.backend_container
    container = install.container(deployment, name)
    if container is None:
        return
    files = list(_files_of_config_maps(pod_of(install.deployments[deployment]), container))
    expected = (settings.tower_yml_config_map, settings.tower_yml_key)
    if any((config_map, key) in (expected, (expected[0], None)) for config_map, key, _ in files):
        return
    where = f"container {name} of Deployment {deployment}"
    there = [
        f"ConfigMap {config_map}{f' (key {key})' if key else ''} at {path}"
        for config_map, key, path in sorted(files, key=lambda each: each[2])
    ]
    mounted = f"it mounts {', '.join(there)}" if there else "it mounts none"
    if any(config_map == expected[0] for config_map, _, _ in files):
        message = f"is not mounted in {where}; {mounted}: write the right one in towerYmlKey"
        yield Problem("towerYmlKey", expected[1], message)
        return
    message = f"is not mounted in {where}, so that Platform does not read it; {mounted}"
    yield Problem("towerYmlConfigMap", expected[0], f"{message}: write the right one in towerYmlConfigMap")


def _files_of_config_maps(
    pod: Mapping[str, Any], container: Mapping[str, Any]
) -> Iterator[tuple[str, str | None, str]]:
    """ConfigMap, key and path of what a container mounts of ConfigMaps; no key stands for all of them."""
    volumes = {each["name"]: each for each in pod.get("volumes", [])}
    for mount in container.get("volumeMounts", []):
        volume = volumes.get(mount["name"], {})
        sources = [volume, *volume.get("projected", {}).get("sources", [])]
        for source in (each["configMap"] for each in sources if "configMap" in each):
            keys = {each["path"]: each["key"] for each in source.get("items", [])}
            if part := mount.get("subPath", ""):
                # Without items each key is a file of its name.
                if not keys or part in keys:
                    yield source["name"], keys.get(part, part), mount["mountPath"]
            elif keys:
                for path, key in keys.items():
                    yield source["name"], key, posixpath.join(mount["mountPath"], path)
            else:
                yield source["name"], None, mount["mountPath"]


def _key_problems(
    deployment: Mapping[str, Any], container: Mapping[str, Any], settings: Settings, field_manager: str | None
) -> Iterator[Problem]:
    target = f"Deployment/{deployment['metadata']['name']}"
    folder = posixpath.dirname(settings.pem_path)
    volume = next(
        (each for each in pod_of(deployment).get("volumes", []) if each["name"] == settings.cert_volume), None
    )
    at_pod = ("f:spec", "f:template", "f:spec")
    # After a change of pemPath, or an update that ended half-way, it is still mounted where it was to be before.
    ours = _is_ours_only(deployment, (*at_pod, "f:volumes", list_item(name=settings.cert_volume)), field_manager)
    if volume is not None and not ours and is_platforms_own(volume, deployment, folder):
        kind = next((key for key in volume if key != "name"), "nothing")
        yield Problem(
            "certVolume",
            settings.cert_volume,
            f"is a volume of Platform's own in {target} ({kind}); write another name in certVolume",
        )
    if _is_ours(deployment, container, folder, field_manager):
        return
    for mount in container.get("volumeMounts", []):
        path = posixpath.normpath(mount["mountPath"])
        if ours and mount["name"] == settings.cert_volume:
            continue
        if path == folder:
            if not hides_platforms_own(deployment, mount):
                continue
            lies = f"lies in {folder}, where {target} mounts the volume {mount['name']} of Platform's own"
        elif _contains(path, folder):
            lies = f"lies below {path}, where {target} mounts the volume {mount['name']}"
        elif _contains(folder, path):
            lies = f"lies in a folder in which {target} mounts the volume {mount['name']} at {path}"
        else:
            continue
        yield Problem("pemPath", settings.pem_path, f"{lies}; write another path in pemPath")


def _is_ours(
    deployment: Mapping[str, Any], container: Mapping[str, Any], folder: str, field_manager: str | None
) -> bool:
    """Whether this stack has mounted the key there before, and Platform runs with it."""
    at: Path = ("f:spec", "f:template", "f:spec", "f:containers", list_item(name=container["name"]))
    path = (*at, "f:volumeMounts", list_item(mountPath=folder))
    return any(owner["manager"] == field_manager for owner in owners_of(managed_fields(deployment), path))


def _is_ours_only(deployment: Mapping[str, Any], path: Path, field_manager: str | None) -> bool:
    return {owner["manager"] for owner in owners_of(managed_fields(deployment), path)} == {field_manager}


def _contains(folder: str, path: str) -> bool:
    return path.startswith(f"{folder.rstrip('/')}/")
