"""Everything that a Docker Compose host gets from a stack, as one text that fits into one secret."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass

from delivery.compose_file import PEM_IN_CONTAINER, compose_override
from delivery.env_file import env_file
from settings import environment
from settings.host_names import (
    ALLOWED_WORKSPACES_ENTRY,
    FORMAT,
    PEM,
    PEM_PATH_VARIABLE,
    PLATFORM_ENV,
    PLATFORM_TOKEN_VARIABLE,
    PROXY_TOKEN_VARIABLE,
    STUDIOS_ENV,
    WORKSPACES_ELSEWHERE,
)
from settings.model import Settings
from settings.model.ssh import FINGERPRINT_VARIABLE, KEY_VARIABLE

LARGEST_SECRET = 65536
"""Bytes, the quota of Secrets Manager."""


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What only the deployment knows.

    `pem` is the private key with the public key beneath; `token` is the registration token. With SSH, `ssh_key` is the
    host key, and `ssh_fingerprint` that of its public half.
    """

    pem: str
    token: str
    ssh_key: str = ""
    ssh_fingerprint: str = ""


def bundle(settings: Settings, credentials: Credentials) -> str:
    """The bundle as JSON, in ASCII: the files by their names, and what the install script has to know.

    Raises:
        ValueError: it is too large for a secret.
    """
    files = {
        STUDIOS_ENV: env_file(_studios_variables(settings, credentials)),
        **({} if settings.existing_oidc else {PEM: credentials.pem}),
        PLATFORM_ENV: env_file(_platform_variables(settings, credentials)),
        settings.compose_override: compose_override(settings),
    }
    text = json.dumps({"format": FORMAT, "parameters": parameters(settings, list(files)), "files": files}, indent=1)
    if len(text) > LARGEST_SECRET:
        raise ValueError(
            f"the files for the instance are {len(text)} bytes, and a secret holds {LARGEST_SECRET}; "
            "write fewer studioTemplates, or a smaller rsaBits"
        )
    return text


def parameters(settings: Settings, files: list[str]) -> dict[str, str]:
    """What the install script has to know: lists are of names, with spaces between; the override is the last file."""
    entries = environment.tower_yml_entries(settings)
    others = {name: value for name, value in entries.items() if name != ALLOWED_WORKSPACES_ENTRY}
    return {
        "compose_file": settings.compose_file,
        "override": settings.compose_override,
        "files": " ".join(files),
        "allowed_workspaces": settings.tower_yml_workspaces or WORKSPACES_ELSEWHERE,
        **({"tower_yml": json.dumps(others)} if others else {}),
        "uid": str(settings.container_uid),
        "platform_services": f"{settings.cron_service} {settings.backend_service}",
        "studios_services": f"{settings.proxy_name} {settings.server_name}",
        **({"take_over": " ".join(settings.take_over)} if settings.take_over else {}),
        **({"existing_oidc": "yes"} if settings.existing_oidc else {}),
        **({"docker_config": settings.docker_config} if settings.docker_config else {}),
    }


def _studios_variables(settings: Settings, credentials: Credentials) -> dict[str, str]:
    """Proxy and server read one file, as in the guide."""
    variables = environment.server_environment(settings) | environment.proxy_environment(settings)
    variables[PROXY_TOKEN_VARIABLE] = credentials.token
    if settings.ssh:
        variables[KEY_VARIABLE] = base64.b64encode(credentials.ssh_key.encode()).decode()
    secrets = environment.secret_environment(settings, "server") | environment.secret_environment(settings, "proxy")
    return variables | {name: value.get_secret_value() for name, value in secrets.items()}


def platform_variables(settings: Settings) -> dict[str, str]:
    """The variables of backend and cron, without those that only the deployment knows."""
    variables = environment.platform_environment(settings)
    variables.pop(FINGERPRINT_VARIABLE, None)
    return variables if settings.existing_oidc else variables | {PEM_PATH_VARIABLE: PEM_IN_CONTAINER}


def _platform_variables(settings: Settings, credentials: Credentials) -> dict[str, str]:
    made = {} if settings.existing_oidc else {PLATFORM_TOKEN_VARIABLE: credentials.token}
    if settings.ssh:
        made[FINGERPRINT_VARIABLE] = credentials.ssh_fingerprint
    return platform_variables(settings) | made
