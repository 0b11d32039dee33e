"""The edits that a stack's settings make in a Platform install."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypedDict

from live.edits import Edit
from live.tower_yml import TowerYmlEdit, tower_yml_edit
from settings.environment import platform_environment, tower_yml_entries
from settings.model import Settings
from settings.model.install import PEM_PATH_VARIABLE
from settings.model.keys import PLATFORM_TOKEN_VARIABLE
from settings.mounts import CA_FILE, PLATFORM_CA_FOLDER

CA_VOLUME = "studios-ca"
"""The volume of backend and cron with the private CA."""


@dataclass(frozen=True, kw_only=True)
class PlatformWorkload:
    """A Deployment of the Platform install, and the container in it that runs Platform."""

    deployment: str
    container: str


class SecretValue(Protocol):
    """A key of a Secret. The Secret's name may not be known yet, so it is only passed on."""

    @property
    def secret(self) -> Any:
        """The Secret's name."""

    @property
    def key(self) -> str:
        """The key in it."""


class PlatformInputs(TypedDict):
    """What the settings decide of the edits: objects, containers and values, without the two Secrets."""

    config_map: str
    cron_config_map: str
    environment: Mapping[str, Any]
    cron: PlatformWorkload
    backend: PlatformWorkload
    pem_path: str
    pem_volume: str
    tower_yml: TowerYmlEdit | None
    ca: Mapping[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class _NamedValue:
    secret: str
    key: str


def platform_inputs(settings: Settings, known: Mapping[str, Any] | None = None) -> PlatformInputs:
    """What the settings of a stack change in Platform.

    Args:
        settings: of the stack.
        known: variables with the values that only the deployment knows.
    """
    return PlatformInputs(
        config_map=settings.backend_config_map,
        cron_config_map=settings.cron_config_map,
        environment={**platform_environment(settings), **(known or {})},
        cron=PlatformWorkload(deployment=settings.cron_deployment, container=settings.cron_container),
        backend=PlatformWorkload(deployment=settings.backend_deployment, container=settings.backend_container),
        pem_path=settings.pem_path,
        pem_volume=settings.cert_volume,
        tower_yml=tower_yml_edit_of(settings),
        ca=_ca_volume(settings),
    )


def tower_yml_edit_of(settings: Settings) -> TowerYmlEdit | None:
    """What a stack with these settings sets in tower.yml; None where Platform reads all of it elsewhere."""
    return tower_yml_edit(settings.tower_yml_config_map, settings.tower_yml_key, tower_yml_entries(settings))


def platform_edits_of(settings: Settings) -> dict[str, Edit]:
    """The edits that a stack with these settings makes: object → edit."""
    inputs = platform_inputs(settings)
    return platform_edits(
        inputs,
        pem_secret=_NamedValue(secret=settings.oidc_secret_in_use, key=settings.oidc_key_in_use),
        token_secret=_NamedValue(secret=settings.token_secret_in_use, key=settings.token_key_in_use),
    )


def platform_edits(inputs: PlatformInputs, *, pem_secret: SecretValue, token_secret: SecretValue) -> dict[str, Edit]:
    """The edits of a Platform install's objects; cron comes before backend, as they restart in this order.

    Args:
        inputs: what the settings decide.
        pem_secret: where the OIDC key is.
        token_secret: where the registration token is.
    """
    folder, file = posixpath.split(inputs["pem_path"])
    # The templates mount the whole Secret: the same volume there and here is not a conflict.
    files = {} if file == pem_secret.key else {"items": {pem_secret.key: file}}

    ca = inputs["ca"]

    def deployment(workload: PlatformWorkload) -> dict[str, Any]:
        return {
            "container": workload.container,
            "env": {
                PEM_PATH_VARIABLE: inputs["pem_path"],
                PLATFORM_TOKEN_VARIABLE: {"secret": token_secret.secret, "key": token_secret.key},
            },
            "volume": {
                inputs["pem_volume"]: {"secret": pem_secret.secret, **files},
                **({CA_VOLUME: ca} if ca is not None else {}),
            },
            "mount": {
                folder: inputs["pem_volume"],
                **({PLATFORM_CA_FOLDER: CA_VOLUME} if ca is not None else {}),
            },
        }

    config_maps = sorted({inputs["config_map"], inputs["cron_config_map"]})
    return {
        **{f"ConfigMap/{name}": dict(sorted(inputs["environment"].items())) for name in config_maps},
        **{f"Deployment/{each.deployment}": deployment(each) for each in (inputs["cron"], inputs["backend"])},
    }


def _ca_volume(settings: Settings) -> dict[str, Any] | None:
    """The source of the volume with the private CA; None where Platform gets none."""
    source = settings.ca_certificate
    if source is None or not settings.gives_ca_to_sessions:
        return None
    named = {"secret": source.secret} if source.secret is not None else {"configMap": source.config_map}
    return {**named, "items": {source.key: CA_FILE}}
