"""Values in the Platform install that differ from ours, and that somebody else put there."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from live.ownership import list_item, managed_fields, manager_names, owners_of
from live.tower_yml_text import read_entry
from live.wording import conflict, shown_owners
from live.workspaces_entry import field_name, is_conflict, shown
from settings.environment import PEM_PATH_VARIABLE, PLATFORM_TOKEN_VARIABLE, platform_environment, setting_of
from settings.errors import Problem
from settings.model import Settings
from settings.workspaces import ALLOWED_WORKSPACES_VARIABLE, reads_tower_yml, tower_yml_value
from survey.mounts import hides_platforms_own, is_platforms_own
from survey.redaction import looks_secret


@dataclass(frozen=True)
class _Json:
    """A value that is JSON already, such as `null` where None would mean that there is nothing."""

    text: str


@dataclass(frozen=True)
class _Wanted:
    """A field that we would set: which setting decides it, what it is called, and what is there now."""

    setting: str
    name: str
    ours: object
    theirs: object
    path: Sequence[str]


def conflicts(
    settings: Settings,
    *,
    config_maps: Mapping[str, Mapping[str, Any]],
    deployments: Mapping[str, Mapping[str, Any]],
    field_manager: str | None,
    tower_yml: Mapping[str, Any] | None = None,
) -> list[Problem]:
    """What differs from ours and is not ours, in objects that `takeOver` does not list.

    Args:
        settings: the stack's settings.
        config_maps: by name, those that backend and cron take their environment from.
        deployments: by name, at least those of backend and cron.
        field_manager: the name under which this stack owns fields.
        tower_yml: that of `towerYmlConfigMap`; None where its entry can't be another's, or is not read.
    """
    objects: list[tuple[str, Mapping[str, Any], Iterator[_Wanted]]] = [
        (f"ConfigMap/{name}", live, _in_config_map(settings, live)) for name, live in config_maps.items()
    ]
    for deployment, container in (
        (settings.cron_deployment, settings.cron_container),
        (settings.backend_deployment, settings.backend_container),
    ):
        live = deployments[deployment]
        objects.append((f"Deployment/{deployment}", live, _in_deployment(settings, live, container)))
    if tower_yml is not None:
        objects.append((f"ConfigMap/{settings.tower_yml_config_map}", tower_yml, _in_tower_yml(settings, tower_yml)))
    differing = [
        (target, wanted, _managers(live, wanted.path))
        for target, live, fields in objects
        for wanted in fields
        if wanted.theirs is not None
        and wanted.theirs != wanted.ours
        and set(_managers(live, wanted.path)) != {field_manager}
        and (target not in settings.take_over or wanted.ours is None)
    ]
    # Each object its own place in the list, so that the commands can be run one after the other.
    listed = [*settings.take_over, *dict.fromkeys(target for target, wanted, _ in differing if wanted.ours is not None)]
    return [
        _problem(wanted, target, owned_by, listed.index(target) if target in listed else 0)
        for target, wanted, owned_by in differing
    ]


def _in_config_map(settings: Settings, live: Mapping[str, Any]) -> Iterator[_Wanted]:
    data = live.get("data") or {}
    environment: dict[str, str | None] = dict(platform_environment(settings))
    if not reads_tower_yml(settings.platform_version):
        # Left out means every workspace, so a value that is there already would win.
        environment.setdefault(ALLOWED_WORKSPACES_VARIABLE, None)
    for name, ours in environment.items():
        yield _Wanted(setting_of(name, settings) or "takeOver", name, ours, data.get(name), ("f:data", f"f:{name}"))


def _in_tower_yml(settings: Settings, live: Mapping[str, Any]) -> Iterator[_Wanted]:
    key = settings.tower_yml_key
    entry, ours = read_entry(live["data"][key]), json.dumps(tower_yml_value(settings.allowed_workspaces))
    if is_conflict(entry, ours, ()):
        path = ("f:data", f"f:{key}")
        yield _Wanted("allowedWorkspaces", field_name(key), _Json(ours), _Json(shown(entry)), path)


def _in_deployment(settings: Settings, live: Mapping[str, Any], container_name: str) -> Iterator[_Wanted]:
    pod = live["spec"]["template"]["spec"]
    (container,) = (each for each in pod["containers"] if each["name"] == container_name)
    to_pod = ("f:spec", "f:template", "f:spec")
    to_container = (*to_pod, "f:containers", list_item(name=container_name))

    variables = {each["name"]: each for each in container.get("env") or []}
    token = {"secretKeyRef": {"name": settings.token_secret_in_use, "key": "token"}}
    token_setting = "existingTokenSecret" if settings.existing_token_secret else "tokenSecret"
    oidc_setting = "existingOidcSecret" if settings.existing_oidc_secret else "oidcSecret"
    for setting, name, ours in (
        ("pemPath", PEM_PATH_VARIABLE, settings.pem_path),
        (token_setting, PLATFORM_TOKEN_VARIABLE, token),
    ):
        entry = variables.get(name)
        theirs = None if entry is None else entry.get("valueFrom") or entry.get("value", "")
        yield _Wanted(setting, name, ours, theirs, (*to_container, "f:env", list_item(name=name)))

    folder = posixpath.dirname(settings.pem_path)
    # What Platform needs itself is no conflict to be settled by taking it over: survey.mounts says what to change.
    mounts = {
        each["mountPath"].rstrip("/"): each["name"]
        for each in container.get("volumeMounts") or []
        if not hides_platforms_own(live, each)
    }
    yield _Wanted(
        *("certVolume", f"the mount at {folder}", settings.cert_volume, mounts.get(folder)),
        (*to_container, "f:volumeMounts", list_item(mountPath=folder)),
    )
    volumes = {each["name"]: each for each in pod.get("volumes") or [] if not is_platforms_own(each, live, folder)}
    volume = volumes.get(settings.cert_volume)
    yield _Wanted(
        *(oidc_setting, f"the volume {settings.cert_volume}", settings.oidc_secret_in_use),
        None if volume is None else (volume.get("secret") or {}).get("secretName"),
        (*to_pod, "f:volumes", list_item(name=settings.cert_volume)),
    )


def _managers(live: Mapping[str, Any], path: Sequence[str]) -> list[str]:
    return manager_names(owners_of(managed_fields(live), tuple(path)))


def _problem(wanted: _Wanted, target: str, owned_by: Sequence[str], place: int) -> Problem:
    hidden = looks_secret(wanted.name) and not isinstance(wanted.theirs, dict)
    theirs = "a value that is not shown" if hidden else _json(wanted.theirs)
    if wanted.ours is None:
        return Problem(
            wanted.setting,
            None,
            f"{target} has {theirs} for {wanted.name}, owned by {shown_owners(owned_by)}, and it has to be absent; "
            "remove it there, or write the same value in the setting",
        )
    change = "change it there" if wanted.setting == "takeOver" else f"change {wanted.setting}"
    ours = _json(wanted.ours)
    message = conflict(target, wanted.name, theirs=theirs, ours=ours, owners=owned_by, change=change, position=place)
    return Problem(wanted.setting, None, message)


def _json(value: object) -> str:
    return value.text if isinstance(value, _Json) else json.dumps(value)
