"""The edits that a stack's settings make in a Platform install."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from live.edits import Edit
from live.tower_yml import TowerYmlEdit, tower_yml_edit
from settings.environment import platform_environment, tower_yml_entries
from settings.host_names import PEM_PATH_VARIABLE, PLATFORM_TOKEN_VARIABLE
from settings.model import Settings
from settings.mounts import CA_FILE, PLATFORM_CA_FOLDER

CA_VOLUME = "studios-ca"
"""The volume of backend and cron with the private CA."""


def tower_yml_edit_of(settings: Settings) -> TowerYmlEdit | None:
    """What a stack with these settings sets in tower.yml; None where Platform reads all of it elsewhere."""
    return tower_yml_edit(settings.tower_yml_config_map, settings.tower_yml_key, tower_yml_entries(settings))


def platform_edits_of(
    settings: Settings,
    known: Mapping[str, Any] | None = None,
    *,
    pem_secret: Any = None,
    token_secret: Any = None,
) -> dict[str, Edit]:
    """The edits that a stack with these settings makes: object → edit. Cron restarts before backend, in this order.

    Args:
        settings: of the stack.
        known: variables with the values that only the deployment knows.
        pem_secret: the name of the Secret with the OIDC key, which may not be known yet, so it is only passed on; None
            for that of the settings.
        token_secret: likewise that of the Secret with the registration token.
    """
    environment = dict(sorted({**platform_environment(settings), **(known or {})}.items()))
    pem = settings.oidc_secret_in_use if pem_secret is None else pem_secret
    token = settings.token_secret_in_use if token_secret is None else token_secret
    folder, file = posixpath.split(settings.pem_path)
    # The templates mount the whole Secret: the same volume there and here is not a conflict.
    files = {} if file == settings.oidc_key_in_use else {"items": {settings.oidc_key_in_use: file}}
    ca = _ca_volume(settings)

    def deployment(container: str) -> dict[str, Any]:
        return {
            "container": container,
            "env": {
                PEM_PATH_VARIABLE: settings.pem_path,
                PLATFORM_TOKEN_VARIABLE: {"secret": token, "key": settings.token_key_in_use},
            },
            "volume": {
                settings.cert_volume: {"secret": pem, **files},
                **({CA_VOLUME: ca} if ca is not None else {}),
            },
            "mount": {
                folder: settings.cert_volume,
                **({PLATFORM_CA_FOLDER: CA_VOLUME} if ca is not None else {}),
            },
        }

    config_maps = sorted({settings.backend_config_map, settings.cron_config_map})
    return {
        **{f"ConfigMap/{name}": environment for name in config_maps},
        f"Deployment/{settings.cron_deployment}": deployment(settings.cron_container),
        f"Deployment/{settings.backend_deployment}": deployment(settings.backend_container),
    }


def _ca_volume(settings: Settings) -> dict[str, Any] | None:
    """The source of the volume with the private CA; None where Platform gets none."""
    source = settings.ca_certificate
    if source is None or not settings.gives_ca_to_sessions:
        return None
    named = {"secret": source.secret} if source.secret is not None else {"configMap": source.config_map}
    return {**named, "items": {source.key: CA_FILE}}
