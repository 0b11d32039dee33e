"""Values in the Platform install that differ from ours, and that another owner set."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from live.edits import Edit, edited_names, item_paths, name_of, part_of
from live.edits_of_settings import CA_VOLUME, platform_edits_of
from live.entry_conflicts import field_name, is_conflict, shown
from live.fields import value_at
from live.messages import conflict, shown_owners
from live.ownership import Path, managers_of
from live.redaction import looks_secret
from live.tower_yml_place import path_of, setting_of_entry
from live.tower_yml_text import read_entry
from settings.environment import FINGERPRINT_TO_COME, setting_of_variable, tower_yml_entries
from settings.errors import Problem
from settings.host_names import ALLOWED_WORKSPACES_VARIABLE, PEM_PATH_VARIABLE
from settings.model import Settings
from survey.mounts import hides_platforms_own, is_platforms_own
from survey.oidc_in_use import InUse


@dataclass(frozen=True)
class _Json:
    """A value that is JSON already, such as `null` where None would mean that there is nothing."""

    text: str


@dataclass(frozen=True)
class _ExpectedField:
    """A field that we would set: which setting decides it, its name, and its current value."""

    setting: str
    name: str
    ours: object
    theirs: object
    path: Path


def conflicts(
    settings: Settings,
    *,
    config_maps: Mapping[str, Mapping[str, Any]],
    deployments: Mapping[str, Mapping[str, Any]],
    field_manager: str | None,
    tower_yml: Mapping[str, Any] | None = None,
    in_use: Sequence[InUse] = (),
) -> list[Problem]:
    """What differs from ours and is not ours, in objects that `takeOver` does not list.

    Args:
        settings: the stack's settings.
        config_maps: by name, those that backend and cron take their environment from.
        deployments: by name, at least those of backend and cron.
        field_manager: the name under which this stack owns fields.
        tower_yml: that of `towerYmlConfigMap`; None where its entry can't be another's, or is not read.
        in_use: the key and the token that Platform has from elsewhere.
    """
    objects = {
        **{f"ConfigMap/{name}": live for name, live in config_maps.items()},
        **{f"Deployment/{name}": live for name, live in deployments.items()},
    }
    fields = [
        (target, objects[target], _desired(settings, target, edit, objects[target]))
        for target, edit in platform_edits_of(settings).items()
    ]
    if tower_yml is not None:
        fields.append((f"ConfigMap/{settings.tower_yml_config_map}", tower_yml, _in_tower_yml(settings, tower_yml)))
    differing = [
        (target, expected, managers_of(live, expected.path))
        for target, live, desired in fields
        for expected in desired
        if expected.theirs is not None
        and expected.theirs != expected.ours
        and set(managers_of(live, expected.path)) != {field_manager}
        and (target not in settings.take_over or expected.ours is None)
        and not _is_known_later(expected, settings)
    ]
    # Each object its own place in the list, so that the commands can be run one after the other.
    targets = [target for target, expected, _ in differing if expected.ours is not None]
    targets += [target for each in in_use for target in each.targets]
    listed = [*settings.take_over, *dict.fromkeys(targets)]
    told = [
        _problem(expected, target, owned_by, listed.index(target) if target in listed else 0)
        for target, expected, owned_by in differing
    ]
    return [*told, *(each.problem(listed) for each in in_use)]


def _is_known_later(expected: _ExpectedField, settings: Settings) -> bool:
    """Whether the value follows from an existing SSH key, of which Platform may have the fingerprint already.

    Where it has another one, the edits are refused before the first.
    """
    return expected.ours == FINGERPRINT_TO_COME and settings.existing_ssh_key_secret is not None


def _desired(settings: Settings, target: str, edit: Edit, live: Mapping[str, Any]) -> Iterator[_ExpectedField]:
    """The fields of an edit, each as a message shows it, with what the live object has there."""
    for path in item_paths(target, edited_names(target, edit)):
        part, name, found = part_of(path), name_of(path), value_at(live, path)
        if part == "env":
            yield _variable(settings, name, edit["env"][name], found, path)
        elif part == "mount":
            setting = "caCertificate" if edit["mount"][name] == CA_VOLUME else "certVolume"
            yield _ExpectedField(setting, f"the mount at {name}", edit["mount"][name], _mounted(live, edit, name), path)
        elif part == "volume":
            yield _volume(settings, name, edit["volume"][name], found, live, path)
        else:
            yield _ExpectedField(setting_of_variable(name, settings) or "takeOver", name, edit[name], found, path)
    variable = ALLOWED_WORKSPACES_VARIABLE
    if target.startswith("ConfigMap/") and settings.tower_yml_workspaces is None and variable not in edit:
        # Left out means every workspace, so a value that exists would win.
        path = ("f:data", f"f:{variable}")
        yield _ExpectedField("allowedWorkspaces", variable, None, value_at(live, path), path)


def _variable(
    settings: Settings, name: str, ours: object, found: Mapping[str, Any] | None, path: Path
) -> _ExpectedField:
    setting = "existingTokenSecret" if settings.existing_token_secret else "tokenSecret"
    theirs = None if found is None else found.get("valueFrom") or found.get("value", "")
    if isinstance(ours, dict):
        ours = {"secretKeyRef": {"name": ours["secret"], "key": ours["key"]}}
    return _ExpectedField("pemPath" if name == PEM_PATH_VARIABLE else setting, name, ours, theirs, path)


def _volume(
    settings: Settings,
    name: str,
    source: Mapping[str, Any],
    found: Mapping[str, Any] | None,
    live: Mapping[str, Any],
    path: Path,
) -> _ExpectedField:
    if name == CA_VOLUME:
        there = found or {}
        of_theirs = there.get("secret", {}).get("secretName") or there.get("configMap", {}).get("name")
        given = source.get("secret") or source["configMap"]
        return _ExpectedField("caCertificate", f"the volume {name}", given, of_theirs, path)
    ours = source["secret"]
    setting = "existingOidcSecret" if settings.existing_oidc_secret else "oidcSecret"
    # What Platform needs itself is never taken over: survey.mounts says what to change.
    is_theirs = found is None or is_platforms_own(found, live, posixpath.dirname(settings.pem_path))
    theirs = None if found is None or is_theirs else found["secret"].get("secretName")
    return _ExpectedField(setting, f"the volume {name}", ours, theirs, path)


def _mounted(live: Mapping[str, Any], edit: Edit, folder: str) -> str | None:
    """The volume that the container has at a folder, however its path is written."""
    containers = live["spec"]["template"]["spec"]["containers"]
    (container,) = (each for each in containers if each["name"] == edit["container"])
    found = [
        str(each["name"])
        for each in container.get("volumeMounts") or []
        if each["mountPath"].rstrip("/") == folder and not hides_platforms_own(live, each)
    ]
    return found[-1] if found else None


def _in_tower_yml(settings: Settings, live: Mapping[str, Any]) -> Iterator[_ExpectedField]:
    key = settings.tower_yml_key
    for name, ours in tower_yml_entries(settings).items():
        entry, path = read_entry(live["data"][key], path_of(name)), ("f:data", f"f:{key}")
        if is_conflict(entry, ours, ()):
            setting = setting_of_entry(entry.path)
            yield _ExpectedField(setting, field_name(entry, key), _Json(ours), _Json(shown(entry)), path)


def _problem(expected: _ExpectedField, target: str, owned_by: Sequence[str], place: int) -> Problem:
    hidden = looks_secret(expected.name) and not isinstance(expected.theirs, dict)
    theirs = "a value that is not shown" if hidden else _json(expected.theirs)
    if expected.ours is None:
        return Problem(
            expected.setting,
            None,
            f"{target} has {theirs} for {expected.name}, owned by {shown_owners(owned_by)}, and it has to be absent; "
            "remove it there, or write the same value in the setting",
        )
    change = "change it there" if expected.setting == "takeOver" else f"change {expected.setting}"
    ours = _json(expected.ours)
    message = conflict(target, expected.name, theirs=theirs, ours=ours, owners=owned_by, change=change, position=place)
    return Problem(expected.setting, None, message)


def _json(value: object) -> str:
    return value.text if isinstance(value, _Json) else json.dumps(value)
