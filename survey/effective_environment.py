"""What a container's variables end up with, from all the places that set them.

The sources of `envFrom` are read in order, a later one wins, and `env` wins over all of them:
https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#environment-variables
Platform reads the variable of an option such as `-Dtower.data-studio.connect-url` from that option first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from live.api import ClusterApi, NotFoundError
from live.ownership import managed_fields
from live.redaction import looks_secret
from settings.environment import platform_environment, setting_of_variable, tower_yml_entries
from settings.errors import Problem, SettingsError
from settings.host_names import ALLOWED_WORKSPACES_VARIABLE
from settings.java_options import OPTIONS_OF_JAVA, options_in, variable_of
from settings.model import Settings
from settings.types.studios import allowed_variable
from survey.install import Install

_REFERENCE: Final = re.compile(r"\$\$|\$\((?P<name>[^()]*)\)")
"""https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/"""


@dataclass(frozen=True)
class Value:
    """A variable's value and its source.

    Args:
        text: the value; None where it is not known, as that of a Secret.
        source: where it comes from: ``ConfigMap/tower-extra``, or ``env of the container``.
        config_map: the ConfigMap, where a whole one is the source and the variable has its key's name.
        key: the key of the variable, where all of a ConfigMap or Secret is the source.
    """

    text: str | None
    source: str
    config_map: str | None = None
    key: str | None = None


class EffectiveEnvironment:
    """The variables of containers in one namespace; it reads no values of Secrets."""

    def __init__(self, api: ClusterApi, install: Install) -> None:
        self._api = api
        self._install = install
        self._keys: dict[str, list[str] | None] = {}

    def of(self, container: Mapping[str, Any], more: Mapping[str, Mapping[str, str]]) -> dict[str, Value]:
        """The variables of a container.

        Args:
            container: as the API has it.
            more: ConfigMap → what is going to be added to it.
        """
        found: dict[str, Value] = {}
        for source in container.get("envFrom", []):
            prefix = source.get("prefix", "")
            if name := source.get("configMapRef", {}).get("name"):
                data = {**self._install.data(name), **more.get(name, {})}
                whole = None if prefix else name
                found |= {f"{prefix}{key}": Value(text, f"ConfigMap/{name}", whole, key) for key, text in data.items()}
            elif name := source.get("secretRef", {}).get("name"):
                keys = self._keys_of(name) or []
                found |= {f"{prefix}{key}": Value(None, f"Secret/{name}", key=key) for key in keys}
        for entry in container.get("env", []):
            value = self._of_entry(entry, found, more)
            if value is not None:
                found[entry["name"]] = value
        return found | dict(_of_java(container, found))

    def _of_entry(
        self, entry: Mapping[str, Any], found: Mapping[str, Value], more: Mapping[str, Mapping[str, str]]
    ) -> Value | None:
        """What an entry of `env` sets; None for a source that is optional and not there."""
        origin = entry.get("valueFrom", {})
        if reference := origin.get("configMapKeyRef"):
            name, key = reference.get("name", ""), reference["key"]
            text = {**self._install.data(name), **more.get(name, {})}.get(key)
            if text is None and reference.get("optional"):
                return None
            return Value(text, f"env of the container, key {key} of ConfigMap/{name}")
        if reference := origin.get("secretKeyRef"):
            name, key = reference.get("name", ""), reference["key"]
            keys = self._keys_of(name)
            if keys is not None and key not in keys and reference.get("optional"):
                return None
            return Value(None, f"env of the container, key {key} of Secret/{name}")
        if origin:
            return Value(None, "env of the container")
        return Value(_resolved(entry.get("value", ""), found), "env of the container")

    def _keys_of(self, secret: str) -> list[str] | None:
        """The keys of a Secret: none where it does not exist; None where they may not be read."""
        if secret not in self._keys:
            self._keys[secret] = self._read_keys(secret)
        return self._keys[secret]

    def _read_keys(self, secret: str) -> list[str] | None:
        listed = self._install.secrets.get(secret)
        if listed is None:
            return []
        # What the API server keeps of a Secret's fields names its keys, without a value.
        owned = [entry.get("fieldsV1", {}).get("f:data", {}) for entry in managed_fields(listed)]
        keys = {key.removeprefix("f:") for fields in owned for key in fields if key.startswith("f:")}
        if keys:
            return sorted(keys)
        try:
            found = self._api.get(f"/api/v1/namespaces/{self._install.namespace}/secrets/{secret}")
        except NotFoundError:
            return []
        except SettingsError:
            return None
        return sorted(found.get("data", {}))


def _resolved(text: str, found: Mapping[str, Value]) -> str | None:
    """A value with those of other variables in the place of `$(NAME)`; None where one of them is not known."""
    known: list[bool] = []

    def put(match: re.Match[str]) -> str:
        if match["name"] is None:
            return "$"
        value = found.get(match["name"])
        known.append(value is not None and value.text is not None)
        return (value.text if value is not None else None) or ""

    resolved = _REFERENCE.sub(put, text)
    return resolved if all(known) else None


def _of_java(container: Mapping[str, Any], found: Mapping[str, Value]) -> Iterator[tuple[str, Value]]:
    """The variables that options of Java set in their place."""
    given = {key: " ".join(map(str, container.get(key, []))) for key in ("command", "args")}
    given |= {name: found[name].text or "" for name in OPTIONS_OF_JAVA if name in found}
    for place, name, text in options_in(given):
        yield variable_of(name), Value(text, f"the option -D{name} in {place} of the container")


def shadowed(
    environment: EffectiveEnvironment, install: Install, settings: Settings, *, is_here: bool
) -> Iterator[Problem]:
    """Variables that the stack sets and that a container gets from elsewhere, with another value."""
    desired: dict[str, str | None] = dict(platform_environment(settings))
    if settings.tower_yml_workspaces is None:
        # Left out means every workspace, so a value from elsewhere would win.
        desired.setdefault(ALLOWED_WORKSPACES_VARIABLE, None)
    written = {name: text for name, text in desired.items() if text is not None}
    in_file = {variable_of(entry): text for entry, text in tower_yml_entries(settings).items()}
    as_variables: dict[str, str | None] = {name: str(json.loads(text)) for name, text in in_file.items()}
    if ALLOWED_WORKSPACES_VARIABLE in in_file:
        as_variables[ALLOWED_WORKSPACES_VARIABLE] = allowed_variable(settings.allowed_workspaces)
    if is_here:
        # Stacks of 1.0.0 may run beside the variable of the workspaces, and their preview stays as it is.
        in_file.pop(ALLOWED_WORKSPACES_VARIABLE, None)
    for deployment, container_name, config_map in _readers(settings):
        container = install.container(deployment, container_name)
        if container is None:
            continue
        effective = environment.of(container, {settings.backend_config_map: written, settings.cron_config_map: written})
        place = f"Deployment/{deployment}, container {container_name}"
        for name, ours in desired.items():
            value = effective.get(name)
            # What is in our ConfigMap itself, with another owner, is told as a conflict.
            if value is not None and value.config_map != config_map and (ours is None or value.text != ours):
                shown = None if ours is None else json.dumps(ours)
                yield _problem(settings, name, shown, value, place, f"ConfigMap/{settings.backend_config_map}")
        for name, text in in_file.items():
            value, ours = effective.get(name), as_variables[name]
            if value is not None and (ours is None or value.text != ours):
                yield _problem(settings, name, None if ours is None else text, value, place, settings.tower_yml_key)


def _readers(settings: Settings) -> tuple[tuple[str, str, str], ...]:
    """Deployment, container, and the ConfigMap that it reads of those that the stack edits."""
    return (
        (settings.cron_deployment, settings.cron_container, settings.cron_config_map),
        (settings.backend_deployment, settings.backend_container, settings.backend_config_map),
    )


def _problem(settings: Settings, name: str, ours: str | None, value: Value, place: str, ours_in: str) -> Problem:
    hidden = value.text is None or looks_secret(name)
    theirs = "a value that is not shown" if hidden else json.dumps(value.text)
    setting = setting_of_variable(name, settings)
    there = f"{place}: {name} is {theirs} from {value.source}"
    same = f", or write the same value in {setting}" if setting not in (None, "studioTemplates") else ""
    if ours is None:
        message = f"{there}, and it has to be absent for every workspace; remove it there{same}"
    else:
        message = f"{there}, which wins over {ours} in {ours_in}; remove it there{same}"
    return Problem(setting or "backendConfigMap", None, message)
