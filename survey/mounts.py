"""Where Platform's containers see tower.yml and the RSA key."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from live.ownership import Path, list_item, managed_fields, owners_of
from settings.environment import tower_yml_entries
from settings.errors import Problem
from settings.host_names import TOWER_YML_PATH
from settings.model import Settings
from survey.install import Install, pod_of
from survey.key_volume import lacking_key


def mount_problems(
    install: Install, settings: Settings, field_manager: str | None, *, is_here: bool
) -> Iterator[Problem]:
    """A tower.yml that backend or cron does not read, and a key that would hide a mount, or be hidden by one."""
    if tower_yml_entries(settings):
        yield from _tower_yml_problems(install, settings, is_here=is_here)
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


def secret_at(install: Install, deployment: str, name: str, path: str) -> tuple[str, str] | None:
    """The Secret and the key that a container has as the file at a path; None where it is none of a Secret's."""
    container = install.container(deployment, name) or {}
    found = None
    for each in _files(pod_of(install.deployments[deployment]), container):
        kind, _, secret = each.source.partition(" ")
        if kind != "Secret":
            continue
        if each.key is not None and each.path == path:
            found = secret, each.key
        elif each.key is None and posixpath.dirname(path) == posixpath.normpath(each.path):
            found = secret, posixpath.basename(path)
    return found


def _tower_yml_problems(install: Install, settings: Settings, *, is_here: bool) -> Iterator[Problem]:
    deployment, name = settings.backend_deployment, settings.backend_container
    found = _seen(install, settings, deployment, name)
    if found is not None and not (found.has_ours if is_here else found.is_ours):
        where = f"container {name} of Deployment {deployment}"
        if found.hides is not None and found.has_ours:
            message = (
                f"is mounted in {where}, but Platform reads {TOWER_YML_PATH}, and that is {found.hides.origin} there"
            )
        elif found.of_ours:
            message = f"is not mounted in {where}; it mounts {found}: write the right one in towerYmlKey"
            yield Problem("towerYmlKey", settings.tower_yml_key, message)
            return
        else:
            message = f"is not mounted in {where}, so that Platform does not read it; it mounts {found}"
        yield Problem(
            "towerYmlConfigMap",
            settings.tower_yml_config_map,
            f"{message}: write the right one in towerYmlConfigMap{found.advice}",
        )
        return
    deployment, name = settings.cron_deployment, settings.cron_container
    found = _seen(install, settings, deployment, name)
    # A stack that is there has run with its cron as it is.
    if found is not None and not found.is_ours and not is_here:
        yield Problem(
            "towerYmlConfigMap",
            settings.tower_yml_config_map,
            f"is what backend reads, and container {name} of Deployment {deployment} does not: it mounts "
            f"{found.hides or found}; mount key {settings.tower_yml_key} of ConfigMap {settings.tower_yml_config_map} "
            "there as in backend",
        )


@dataclass(frozen=True)
class _File:
    """A file that a container mounts.

    Args:
        source: where it comes from, such as ``ConfigMap tower-yml``.
        key: of the ConfigMap or Secret; None stands for all of them.
        path: the file's, or that of the folder with all of them.
    """

    source: str
    key: str | None
    path: str

    def __str__(self) -> str:
        return f"{self.origin} at {self.path}"

    @property
    def origin(self) -> str:
        """The source and the key."""
        return f"{self.source}{f' (key {self.key})' if self.key else ''}"


@dataclass(frozen=True)
class _Seen:
    """What a container sees of tower.yml.

    Args:
        files: those that may be it.
        hides: another one at the path that Platform reads; None where there is none.
        of_ours: whether something of the stack's ConfigMap is mounted.
        has_ours: whether its key is.
    """

    files: tuple[_File, ...]
    hides: _File | None
    of_ours: bool
    has_ours: bool

    @property
    def is_ours(self) -> bool:
        """Whether what the stack writes takes effect there."""
        return self.has_ours and self.hides is None

    def __str__(self) -> str:
        return ", ".join(map(str, self.files)) or "none"

    @property
    def advice(self) -> str:
        """What else to do where the file comes from no ConfigMap."""
        from_elsewhere = self.files and not any(each.source.startswith("ConfigMap ") for each in self.files)
        return ", after you have mounted it from a ConfigMap" if from_elsewhere else ""


def _seen(install: Install, settings: Settings, deployment: str, name: str) -> _Seen | None:
    container = install.container(deployment, name)
    if container is None:
        return None
    source, key = f"ConfigMap {settings.tower_yml_config_map}", settings.tower_yml_key
    files = sorted(_files(pod_of(install.deployments[deployment]), container), key=lambda each: each.path)
    ours = [each for each in files if each.source == source and each.key in (key, None)]
    at_default = [each for each in files if each.path == TOWER_YML_PATH]
    hides = None if not at_default or at_default[-1] in ours else at_default[-1]
    shown = [
        each
        for each in files
        if each.source.startswith("ConfigMap ") or posixpath.basename(each.path) in (key, TOWER_YML_PATH[1:])
    ]
    of_ours = any(each.source == source for each in files)
    return _Seen(tuple(shown), hides, of_ours, bool(ours))


def _files(pod: Mapping[str, Any], container: Mapping[str, Any]) -> Iterator[_File]:
    """What a container mounts that may be tower.yml."""
    volumes = {each["name"]: each for each in pod.get("volumes", [])}
    for mount in container.get("volumeMounts", []):
        volume = volumes.get(mount["name"], {})
        named = list(_named_sources(volume))
        if not named:
            kind = next((key for key in volume if key != "name"), "nothing")
            yield _File(f"volume {mount['name']} ({kind})", None, mount["mountPath"])
        for source, items in named:
            yield from _of_source(source, items, mount)


def _named_sources(volume: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """The ConfigMaps and Secrets of a volume, each with the paths that it gives to keys; no path where to all."""
    for each in [volume, *volume.get("projected", {}).get("sources", [])]:
        for kind, found, name in (
            ("ConfigMap", each.get("configMap"), "name"),
            ("Secret", each.get("secret"), "secretName" if each is volume else "name"),
        ):
            if found is not None:
                items = {posixpath.normpath(item["path"]): item["key"] for item in found.get("items", [])}
                yield f"{kind} {found.get(name, '')}", items


def _of_source(source: str, items: Mapping[str, str], mount: Mapping[str, Any]) -> Iterator[_File]:
    at, part = mount["mountPath"], posixpath.normpath(mount.get("subPath") or ".")
    if "subPathExpr" in mount or (part == "." and not items):
        yield _File(source, None, at)
    elif not items:
        # Each key is a file of its name.
        yield _File(source, part, at)
    for path, key in items.items():
        if path == part:
            yield _File(source, key, at)
        elif part == "." or _contains(part, path):
            yield _File(source, key, posixpath.join(at, posixpath.relpath(path, part)))


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
    if volume is not None and not ours:
        yield from lacking_key(volume, container, target, settings)
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
