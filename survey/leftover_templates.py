"""Studio templates of an earlier setup that Platform would go on offering beside those of the stack."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from live.ownership import managers_of
from settings.environment import platform_environment
from settings.model import Settings
from settings.templates import PREFIX, keys_in
from survey.effective_environment import EffectiveEnvironment
from survey.install import Install


@dataclass(frozen=True)
class Leftovers:
    """Variables of templates that are not of the stack, from one source; ``config_map`` where that is a whole one."""

    source: str
    config_map: str | None
    names: tuple[str, ...]


def find_leftovers(
    environment: EffectiveEnvironment, install: Install, settings: Settings, field_manager: str | None
) -> list[Leftovers]:
    """The templates that backend has and the stack doesn't.

    Args:
        environment: of the containers.
        install: the namespace.
        settings: of the stack.
        field_manager: the owner of what the stack has written itself, and takes away when a setting does.
    """
    container = install.container(settings.backend_deployment, settings.backend_container)
    if container is None:
        return []
    own = platform_environment(settings)
    places: dict[tuple[str, str | None], list[str]] = {}
    for name, value in environment.of(container, {settings.backend_config_map: own}).items():
        if not name.startswith(PREFIX) or name in own:
            continue
        field = ("f:data", f"f:{name}")
        if value.config_map is None or managers_of(install.config_maps[value.config_map], field) != [field_manager]:
            places.setdefault((value.source, value.config_map), []).append(name)
    return [Leftovers(source, config_map, tuple(names)) for (source, config_map), names in places.items()]


def leftover_templates(
    environment: EffectiveEnvironment, install: Install, settings: Settings, field_manager: str | None
) -> Iterator[str]:
    """A warning for each place that sets variables of templates which the stack doesn't have."""
    for found in find_leftovers(environment, install, settings, field_manager):
        yield (
            f"{found.source} has Studio templates that are not of this stack ({keys_in(found.names)}), and Platform "
            f"offers them beside those of studioTemplates; {_way_out(install.namespace, found.config_map, found.names)}"
        )


def _way_out(namespace: str, config_map: str | None, names: Sequence[str]) -> str:
    if config_map is None:
        return f"to end that, remove {', '.join(sorted(names))} there"
    patch = json.dumps({"data": dict.fromkeys(sorted(names))}, separators=(",", ":"))
    return (
        f"to end that, run: kubectl -n {namespace} patch configmap {config_map} --type=merge -p '{patch}', and restart "
        "backend"
    )
