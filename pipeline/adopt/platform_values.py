"""The objects of Platform's that hold other values than the stack sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from live.edits_of_settings import platform_edits_of
from live.ownership import owner_of
from live.tower_yml_place import path_of
from live.tower_yml_text import TowerYmlError, read_entry
from settings.environment import tower_yml_entries
from settings.model import Settings
from survey.conflicts import conflicts
from survey.install import Install


def to_take_over(install: Install, settings: Settings, stack: str) -> list[str]:
    """The objects of Platform's that hold another value where the stack sets one."""
    tower_yml = _tower_yml(install, settings)

    def in_the_way(take_over: tuple[str, ...]) -> int:
        return len(
            conflicts(
                settings.model_copy(update={"take_over": take_over}),
                config_maps={name: install.config_maps[name] for name in _config_maps(settings)},
                deployments=install.deployments,
                field_manager=owner_of(stack),
                tower_yml=tower_yml,
            )
        )

    everything = in_the_way(settings.take_over)
    return [target for target in _targets(settings) if in_the_way((*settings.take_over, target)) < everything]


def _tower_yml(install: Install, settings: Settings) -> Mapping[str, Any] | None:
    """tower.yml, where the stack has an entry in it; what is wrong with one that can't be read, the preview says."""
    entries, text = tower_yml_entries(settings), install.data(settings.tower_yml_config_map).get(settings.tower_yml_key)
    if not entries or text is None:
        return None
    try:
        for entry in entries:
            read_entry(text, path_of(entry))
    except TowerYmlError:
        return None
    return install.config_maps[settings.tower_yml_config_map]


def _config_maps(settings: Settings) -> set[str]:
    return {settings.backend_config_map, settings.cron_config_map}


def _targets(settings: Settings) -> Iterator[str]:
    yield from (target for target in platform_edits_of(settings) if target not in settings.take_over)
    if tower_yml_entries(settings):
        yield f"ConfigMap/{settings.tower_yml_config_map}"
