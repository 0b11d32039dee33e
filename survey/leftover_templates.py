"""Studio templates of an earlier setup that Platform would go on offering beside those of the stack."""

from __future__ import annotations

import json
from collections.abc import Iterator

from live.ownership import managed_fields, manager_names, owners_of
from settings.environment import platform_environment
from settings.model import Settings
from settings.templates import PREFIX
from survey.effective_environment import EffectiveEnvironment
from survey.install import Install


def leftover_templates(
    environment: EffectiveEnvironment, install: Install, settings: Settings, field_manager: str | None
) -> Iterator[str]:
    """A warning for each place that sets variables of templates which the stack doesn't have.

    Args:
        environment: of the containers.
        install: the namespace.
        settings: of the stack.
        field_manager: the owner of what the stack has written itself, and takes away when a setting does.
    """
    container = install.container(settings.backend_deployment, settings.backend_container)
    if container is None:
        return
    places: dict[tuple[str, str | None], list[str]] = {}
    for name, value in environment.of(container, {settings.backend_config_map: platform_environment(settings)}).items():
        if not name.startswith(PREFIX) or name in platform_environment(settings):
            continue
        if value.config_map is None or _managers(install, value.config_map, name) != [field_manager]:
            places.setdefault((value.source, value.config_map), []).append(name)
    for (source, config_map), names in places.items():
        # A template's key may have underscores, and its variables end with a part that has none.
        keys = ", ".join(sorted({name.removeprefix(PREFIX).rpartition("_")[0] for name in names}))
        yield (
            f"{source} has Studio templates that are not of this stack ({keys}), and Platform offers them beside those "
            f"of studioTemplates; {_way_out(install.namespace, config_map, names)}"
        )


def _managers(install: Install, config_map: str, key: str) -> list[str]:
    live = install.config_maps[config_map]
    return manager_names(owners_of(managed_fields(live), ("f:data", f"f:{key}")))


def _way_out(namespace: str, config_map: str | None, names: list[str]) -> str:
    if config_map is None:
        return f"to end that, remove {', '.join(sorted(names))} there"
    patch = json.dumps({"data": dict.fromkeys(sorted(names))}, separators=(",", ":"))
    return (
        f"to end that, run: kubectl -n {namespace} patch configmap {config_map} --type=merge -p '{patch}', and restart "
        "backend"
    )
