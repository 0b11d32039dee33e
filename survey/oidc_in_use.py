"""A key and a token that Platform's OIDC provider has already: its clients rely on them.

What stands in a container's own `env` is a conflict like any other field's. What comes from all of a ConfigMap or a
Secret is none to Kubernetes: the `env` that this stack adds would win over it, and nothing would tell.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from live.api import ClusterApi
from settings.errors import Problem
from settings.host_names import PEM_PATH_VARIABLE, PLATFORM_TOKEN_VARIABLE
from settings.model import Settings
from settings.model.keys import PEM_KEY, TOKEN_KEY
from settings.remedies import Add, Write
from survey.effective_environment import EffectiveEnvironment, Value
from survey.install import Install
from survey.mounts import secret_at
from survey.secrets import held_by

_SETTINGS = {PEM_PATH_VARIABLE: "existingOidcSecret", PLATFORM_TOKEN_VARIABLE: "existingTokenSecret"}


@dataclass(frozen=True)
class InUse:
    """A variable that has a value already.

    Args:
        setting: the setting that keeps the value.
        message: where the value comes from, and how to keep it.
        targets: the objects that `takeOver` has to list for another value; none where that would not help.
    """

    setting: str
    message: str
    targets: tuple[str, ...]

    def problem(self, listed: Sequence[str]) -> Problem:
        """The same with the other way out; `listed` are all entries that `takeOver` is going to have, in order."""
        if not self.targets:
            return Problem(self.setting, None, self.message)
        add = " and ".join(str(Add("takeOver", listed.index(each), each)) for each in self.targets)
        replace = f"or let the stack replace it, for every client that has it: {add}"
        return Problem(self.setting, None, f"{self.message}; {replace}")


def oidc_in_use(
    api: ClusterApi, environment: EffectiveEnvironment, install: Install, settings: Settings
) -> Iterator[InUse]:
    """The key and the token that backend and cron have, and that the settings don't keep."""
    for name in _SETTINGS:
        found: dict[tuple[Value, str], list[str]] = {}
        for deployment, container in (
            (settings.cron_deployment, settings.cron_container),
            (settings.backend_deployment, settings.backend_container),
        ):
            value = _from_elsewhere(environment, install, deployment, container, name)
            if value is None or (value.key is not None and f"Deployment/{deployment}" in settings.take_over):
                continue
            keep = (
                _keeps_token(api, settings, value)
                if name == PLATFORM_TOKEN_VARIABLE
                else _keeps_key(install, settings, value, deployment, container)
            )
            if keep is not None:
                found.setdefault((value, keep), []).append(f"Deployment/{deployment}")
        for (value, keep), targets in found.items():
            start = f"{name} of {' and '.join(targets)} is set already, by {value.source}"
            if value.key is None:
                yield InUse(_SETTINGS[name], f"{start}, which wins over what this stack sets; remove it there", ())
            else:
                told = f"{start} (key {value.key}), and clients of Platform's OIDC provider may rely on it"
                yield InUse(_SETTINGS[name], f"{told}; keep it: {keep}", tuple(targets))


def _from_elsewhere(
    environment: EffectiveEnvironment, install: Install, deployment: str, name: str, variable: str
) -> Value | None:
    """The value of a variable that a container has from elsewhere than its own `env`."""
    container = install.container(deployment, name)
    if container is None or any(each["name"] == variable for each in container.get("env", [])):
        return None
    value = environment.of(container, {}).get(variable)
    return None if value is None or value.text == "" else value


def _keeps_token(api: ClusterApi, settings: Settings, value: Value) -> str | None:
    """How to keep a token; None where the stack has that one."""
    kind, _, name = value.source.partition("/")
    existing, key = settings.existing_token_secret, settings.token_key_in_use
    if kind == "Secret":
        return (
            None if (existing, key) == (name, value.key) else _named("existingTokenSecret", name, value.key, TOKEN_KEY)
        )
    if existing is None:
        return "put it into a Secret as well, and write the name in existingTokenSecret"
    held = (held_by(api, settings.namespace, existing) or {}).get(key, "")
    if base64.b64decode(held).decode(errors="replace") == value.text:
        return None
    return f"put the same into key {key} of Secret/{existing}, which has another"


def _keeps_key(install: Install, settings: Settings, value: Value, deployment: str, container: str) -> str | None:
    """How to keep the key at a path; None where the stack has that one, or sets the same path."""
    at = None if value.text is None else secret_at(install, deployment, container, value.text)
    existing = settings.existing_oidc_secret
    # At the same path, another volume is a conflict of its own. A key outside of all Secrets can't be compared.
    if value.text == settings.pem_path or (existing is not None and at in (None, (existing, settings.oidc_key_in_use))):
        return None
    if at is None:
        return "put the key into a Secret, and write the name in existingOidcSecret"
    return _named("existingOidcSecret", *at, PEM_KEY)


def _named(setting: str, secret: str, key: str | None, default: str) -> str:
    of_key = "" if key in (None, default) else f" and {Write(f'{setting}Key', str(key))}"
    return f"{Write(setting, secret)}{of_key}"
