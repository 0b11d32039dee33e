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


def unchangeable(install: Install, settings: Settings) -> Iterator[Problem]:
    """Objects of Platform's that the stack has to change, and that don't take a change."""
    for key, name in (
        ("cronDeployment", settings.cron_deployment),
        ("backendDeployment", settings.backend_deployment),
    ):
        if install.deployments.get(name, {}).get("spec", {}).get("paused"):
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
        if install.config_maps.get(name, {}).get("immutable") and name not in told:
            told.add(name)
            yield Problem(
                key,
                name,
                "is immutable, so that the stack can add nothing to it; let Platform read one that may be changed",
            )
