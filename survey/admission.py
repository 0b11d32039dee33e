"""What the API server would refuse, or leave undone, in the middle of an `up`."""

from __future__ import annotations

import json
from collections.abc import Iterator

from live.edits import apply_body
from live.edits_of_settings import platform_edits_of
from live.fields import desired_values, value_at
from live.tower_yml_place import path_of
from live.tower_yml_text import TowerYmlError, read_entry
from settings.environment import tower_yml_entries
from settings.errors import Problem
from settings.model import Settings
from survey.install import Install


def changes_platform(install: Install, settings: Settings) -> bool:
    """Whether objects of Platform's differ from what the stack sets in them."""
    for target, edit in platform_edits_of(settings).items():
        kind, _, name = target.partition("/")
        live = install.by_kind()[kind].get(name, {})
        if any(value_at(live, path) != value for path, value in desired_values(apply_body(target, edit)).items()):
            return True
    text = install.data(settings.tower_yml_config_map).get(settings.tower_yml_key, "")
    try:
        return any(
            json.dumps(read_entry(text, path_of(name)).value) != desired
            for name, desired in tower_yml_entries(settings).items()
        )
    except TowerYmlError:
        return True


def failed_rollouts(install: Install, settings: Settings) -> Iterator[Problem]:
    """Deployments of Platform's that don't become ready as they are, so that no change of the stack's would."""
    for key, name in _deployments(settings):
        live = install.deployments.get(name, {})
        status = live.get("status") or {}
        if status.get("observedGeneration", 0) < live.get("metadata", {}).get("generation", 0):
            continue
        for condition in status.get("conditions") or []:
            if condition.get("reason") == "ProgressDeadlineExceeded":
                command = f"kubectl -n {install.namespace}"
                yield Problem(
                    key,
                    name,
                    f"has a rollout that failed ({condition.get('message') or condition['reason']}), so that it would "
                    f"not become ready with the stack's change either; see {command} describe deployment/{name} and "
                    f"its pods, and correct what keeps them, or go back: {command} rollout undo deployment/{name}",
                )


def unchangeable(install: Install, settings: Settings) -> Iterator[Problem]:
    """Objects of Platform's that the stack has to change, and that don't take a change."""
    for key, name in _deployments(settings):
        live = install.deployments.get(name, {})
        if "deletionTimestamp" in live.get("metadata", {}):
            yield _being_deleted(key, name)
        elif live.get("spec", {}).get("paused"):
            yield Problem(
                key,
                name,
                "has a paused rollout, so that its pods would not restart; resume it: "
                f"kubectl -n {install.namespace} rollout resume deployment/{name}",
            )
    named = {"backendConfigMap": settings.backend_config_map, "cronConfigMap": settings.cron_config_map}
    if tower_yml_entries(settings):
        named["towerYmlConfigMap"] = settings.tower_yml_config_map
    told: set[str] = set()
    for key, name in named.items():
        live = install.config_maps.get(name, {})
        if name in told:
            continue
        if "deletionTimestamp" in live.get("metadata", {}):
            told.add(name)
            yield _being_deleted(key, name)
        elif live.get("immutable"):
            told.add(name)
            yield Problem(
                key,
                name,
                "is immutable, so that the stack can add nothing to it; let Platform read one that may be changed",
            )


def _deployments(settings: Settings) -> tuple[tuple[str, str], ...]:
    return (("cronDeployment", settings.cron_deployment), ("backendDeployment", settings.backend_deployment))


def _being_deleted(key: str, name: str) -> Problem:
    return Problem(
        key,
        name,
        "is being deleted, so that a change of the stack's would go with it; wait until it is gone (its finalizers may "
        "hold it), and install it again",
    )
