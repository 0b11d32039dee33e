"""The environment variables that the settings become, for Platform, the proxy and the server.

Most stand at the declarations in `settings.model`; here are those that follow from more than one setting. The
registration token is not among them: pods read it from a Secret.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pydantic import SecretStr

from settings.fields import FIELDS, applies, marks, value_of, variables
from settings.host_names import ALLOWED_WORKSPACES_ENTRY, ALLOWED_WORKSPACES_VARIABLE, SSH_PORT_VARIABLE
from settings.java_options import variable_of
from settings.known import is_known
from settings.marks import Place, TowerYml, Variable
from settings.model import Settings, ssh
from settings.model.connect import HOST_DOMAIN_VARIABLE, TUNNEL_URL_VARIABLE
from settings.mounts import (
    CA_FILE,
    CA_MOUNT,
    CERTIFICATES_VARIABLE,
    CONFIG_HOME_VARIABLE,
    DATA_HOME_VARIABLE,
    PLATFORM_CA_FOLDER,
    PLATFORM_CA_VARIABLE,
    REDIS_CA_MOUNT,
    SSH_KEY,
    SSH_KEY_MOUNT,
    TEMPORARY_FOLDER,
)
from settings.templates import PREFIX, template_environment
from settings.types.pods import SecretKeyReference
from settings.types.studios import allowed_variable, feature_variable

DATA_EXPLORER_VARIABLE = "TOWER_DATA_EXPLORER_ENABLED"
"""Studios needs it, so no setting switches it off."""
FINGERPRINT_TO_COME = "the fingerprint of the SSH host key"
"""Stands for the value that only the deployment knows."""


def platform_environment(settings: Settings) -> dict[str, str]:
    """What backend and cron read from the backend ConfigMap; the SSH host key's fingerprint is still to come."""
    entries: dict[str, str | None] = {DATA_EXPLORER_VARIABLE: "true"}
    if settings.tower_yml_workspaces is None:
        entries[ALLOWED_WORKSPACES_VARIABLE] = allowed_variable(settings.allowed_workspaces)
    if settings.ssh:
        entries |= _ssh_of_platform(settings)
    if settings.gives_ca_to_sessions:
        entries[PLATFORM_CA_VARIABLE] = f"{PLATFORM_CA_FOLDER}/{CA_FILE}"
    own = _declared(settings, "platform") | _set_ones(entries) | template_environment(settings.studio_templates)
    return own | settings.platform_extra_env


def tower_yml_entries(settings: Settings) -> dict[str, str]:
    """What tower.yml gets: entry → its value, as JSON."""
    found = {ALLOWED_WORKSPACES_ENTRY: settings.tower_yml_workspaces} | {
        mark.entry: json.dumps(value)
        for key in FIELDS
        for mark in marks(key, TowerYml)
        if not mark.is_computed and is_known(settings, key) and (value := value_of(settings, key)) is not None
    }
    return _set_ones(found)


def proxy_environment(settings: Settings) -> dict[str, str]:
    """What the proxy reads, besides its token and its secrets."""
    computed = {TUNNEL_URL_VARIABLE: settings.tunnel_url}
    if settings.ssh:
        computed |= _ssh_of_proxy(settings)
    own = _declared(settings, "proxy") | _certificates(settings) | _home(settings, settings.storage_root) | computed
    return own | settings.proxy_extra_env


def server_environment(settings: Settings) -> dict[str, str]:
    """What the server reads, besides its secrets."""
    computed = {HOST_DOMAIN_VARIABLE: settings.host_domain or settings.server_name}
    own = _declared(settings, "server") | _certificates(settings) | _home(settings, TEMPORARY_FOLDER) | computed
    return own | settings.server_extra_env


def secret_environment(settings: Settings, place: Place) -> dict[str, SecretStr]:
    """The variables that come from secret settings: pods read them from a Secret."""
    return {variable.name: value for variable, value in _known(settings, place) if isinstance(value, SecretStr)}


def setting_of_variable(variable: str, settings: Settings) -> str | None:
    """The key of the setting that a variable of Platform's comes from; None where it comes from none."""
    if variable in settings.platform_extra_env:
        return "platformExtraEnv"
    return next(iter(_declared_at(variable, "platform")), None)


def owner_of_variable(variable: str, place: Place) -> str | None:
    """Why the program sets a variable, in words; None where it doesn't."""
    if variable == DATA_EXPLORER_VARIABLE and place == "platform":
        return "as Studios needs it"
    keys = _declared_at(variable, place)
    return f"out of {' or '.join(keys)}" if keys else None


def _declared_at(variable: str, place: Place) -> list[str]:
    """The keys of the settings that a variable comes from."""
    if variable.startswith(PREFIX) and place == "platform":
        return ["studioTemplates"]
    declared = [key for key, each in variables() if each.name == variable and place in each.places]
    if declared or place != "platform":
        return list(dict.fromkeys(declared))
    return [key for key in FIELDS for mark in marks(key, TowerYml) if variable_of(mark.entry) == variable]


def _declared(settings: Settings, place: Place) -> dict[str, str]:
    """The variables of the declarations that have a value."""
    return _set_ones(
        {
            variable.name: variable.write(value)
            for variable, value in _known(settings, place)
            if variable.write is not None and not isinstance(value, SecretStr | SecretKeyReference)
        }
    )


def secret_references(settings: Settings, place: Place) -> dict[str, SecretKeyReference]:
    """The variables that pods read from Secrets that exist already."""
    return {
        variable.name: value for variable, value in _known(settings, place) if isinstance(value, SecretKeyReference)
    }


def _known(settings: Settings, place: Place) -> Iterator[tuple[Variable, Any]]:
    """The variables that are declared for a place, each with its setting's value, where the stack knows the setting."""
    for key, variable in variables():
        if place in variable.places and is_known(settings, key):
            yield variable, value_of(settings, key)


def _ssh_of_proxy(settings: Settings) -> dict[str, str]:
    in_secret = (
        {ssh.KEY_PATH_VARIABLE: f"{SSH_KEY_MOUNT}/{SSH_KEY}"} if applies("sshKeySecret", settings.target) else {}
    )
    return {ssh.LISTEN_VARIABLE: f":{settings.ssh_port}", **in_secret}


def _ssh_of_platform(settings: Settings) -> dict[str, str | None]:
    return {
        ssh.WORKSPACES_VARIABLE: feature_variable(settings.ssh_allowed_workspaces),
        ssh.ADDRESS_VARIABLE: settings.ssh_host,
        SSH_PORT_VARIABLE: str(settings.ssh_port),
        ssh.FINGERPRINT_VARIABLE: FINGERPRINT_TO_COME,
    }


def _certificates(settings: Settings) -> dict[str, str]:
    """The folders with certificates of private authorities."""
    folders = [CA_MOUNT] * (settings.ca_certificate is not None) + [REDIS_CA_MOUNT] * bool(settings.redis_ca_secret)
    return {CERTIFICATES_VARIABLE: ":".join(folders)} if folders else {}


def _home(settings: Settings, folder: str) -> dict[str, str]:
    """Leads what would be written to the home folder to one that can be: OpenShift's users have none."""
    reasons = ("openshift", "readOnlyRootFilesystem")
    if not any(applies(key, settings.target) and value_of(settings, key) for key in reasons):
        return {}
    return {CONFIG_HOME_VARIABLE: f"{folder}/config", DATA_HOME_VARIABLE: f"{folder}/lib"}


def _set_ones(entries: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in entries.items() if value is not None}
