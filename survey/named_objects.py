"""Whether Platform's own objects, which the settings name, are there in a form that can be edited."""

from __future__ import annotations

from collections.abc import Iterator

from live.tower_yml_place import path_of
from live.tower_yml_text import TowerYmlError, read_entry, refuse_other_spelling
from settings.environment import tower_yml_entries
from settings.errors import Problem
from settings.model import Settings
from settings.remedies import Write
from survey import identity
from survey.install import Install, missing, prefixed_config_maps


def not_found(install: Install, settings: Settings) -> list[Problem]:
    """What the settings name of Platform's own objects, and what is not there, or not in a form that can be edited."""
    return [
        *_workload_problems(install, settings),
        *_config_map_problems(install, settings),
        *_tower_yml_problems(install, settings),
    ]


def _workload_problems(install: Install, settings: Settings) -> Iterator[Problem]:
    for deployment_key, deployment, container_key, container in (
        ("backendDeployment", settings.backend_deployment, "backendContainer", settings.backend_container),
        ("cronDeployment", settings.cron_deployment, "cronContainer", settings.cron_container),
    ):
        if deployment not in install.deployments:
            where = f" in namespace {settings.namespace}"
            yield missing(deployment_key, deployment, "Deployment", list(install.deployments), where)
            continue
        names = [each["name"] for each in install.containers(deployment)]
        if container not in names:
            yield missing(container_key, container, "container", names, f" of Deployment {deployment}")


def _config_map_problems(install: Install, settings: Settings) -> Iterator[Problem]:
    for key, who, name, deployment, container in (
        (
            *("backendConfigMap", "backend", settings.backend_config_map),
            *(settings.backend_deployment, settings.backend_container),
        ),
        ("cronConfigMap", "cron", settings.cron_config_map, settings.cron_deployment, settings.cron_container),
    ):
        if install.container(deployment, container) is None:
            # Without backend, nothing tells whether the name is right, but whether there is one.
            if who == "backend" and name not in install.config_maps:
                yield _missing_config_map(key, name, install)
            continue
        read = identity.config_maps_of(install, deployment, container)
        prefixes = dict(prefixed_config_maps(install.container(deployment, container) or {}))
        if name not in read and name in prefixes:
            message = (
                f"is read by {who} with the prefix {prefixes[name]} only, so that no variable of Studios would have "
                f"its name there; add an envFrom without a prefix to the container {container} of Deployment "
                f"{deployment}, and write its ConfigMap in {key}"
            )
            yield Problem(key, name, message)
        elif name not in read:
            instead = (
                f"{who} reads {', '.join(read)}; write: {Write(key, read[0])}"
                if read
                else f"the container {container} of Deployment {deployment} takes its environment from none, and needs "
                "an envFrom with one"
            )
            yield Problem(key, name, f"is not the ConfigMap that {who} reads: {instead}")
        elif name not in install.config_maps and (who == "backend" or name != settings.backend_config_map):
            yield _missing_config_map(key, name, install)


def _tower_yml_problems(install: Install, settings: Settings) -> Iterator[Problem]:
    entries = tower_yml_entries(settings)
    if not entries:
        return
    if settings.tower_yml_config_map not in install.config_maps:
        yield _missing_config_map("towerYmlConfigMap", settings.tower_yml_config_map, install)
        return
    data = install.data(settings.tower_yml_config_map)
    if settings.tower_yml_key not in data:
        in_map = f" of ConfigMap {settings.tower_yml_config_map}"
        yield missing("towerYmlKey", settings.tower_yml_key, "key", list(data), in_map)
        return
    told: set[str] = set()
    for name in entries:
        try:
            read_entry(data[settings.tower_yml_key], path_of(name))
            refuse_other_spelling(data[settings.tower_yml_key], path_of(name))
        except TowerYmlError as error:
            told.add(f"in ConfigMap {settings.tower_yml_config_map} {error}")
    yield from (Problem("towerYmlKey", settings.tower_yml_key, message) for message in sorted(told))


def _missing_config_map(key: str, name: str, install: Install) -> Problem:
    return missing(key, name, "ConfigMap", list(install.config_maps), f" in namespace {install.namespace}")
