"""The compose file that stands beside the owner's: Studios' two services, and what Platform's backend and cron need."""

from __future__ import annotations

import io
from typing import Any

from ruamel.yaml import YAML

from settings.host_names import PEM, PLATFORM_ENV, PROXY_DATA, STUDIOS_ENV, STUDIOS_LABEL
from settings.model import Settings

MARKER = "# Written by the deployment of Seqera Studios: a change here is overwritten."
"""The first line. The install script overwrites no file of this name that lacks it."""

PEM_IN_CONTAINER = "/data-studios-rsa.pem"
FOLDER = "./.studios/files"
"""Where the install script puts them. Beside the owner's files, their own deployer may delete files of these names."""


def compose_override(settings: Settings) -> str:
    """The text of the file, in the form of Seqera's own docker-compose.yml."""
    platform: dict[str, Any] = {"env_file": [f"{FOLDER}/{PLATFORM_ENV}"]}
    if not settings.existing_oidc:
        platform["volumes"] = [f"{FOLDER}/{PEM}:{PEM_IN_CONTAINER}:ro"]
    document = {
        "services": {
            settings.proxy_name: _proxy(settings),
            settings.server_name: _server(settings),
            settings.backend_service: platform,
            settings.cron_service: platform,
        }
    }
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 10**6
    yaml.representer.ignore_aliases = _never
    stream = io.StringIO()
    yaml.dump(document, stream)
    return f"{MARKER}\n{stream.getvalue()}"


def _proxy(settings: Settings) -> dict[str, Any]:
    ports = (settings.proxy_port, *([settings.ssh_port] if settings.ssh else []))
    way = {
        "networks": list(settings.proxy_networks),
        "ports": [f"{port}:{port}" for port in ports],
        "volumes": [f"./{PROXY_DATA}:{settings.storage_root}"],
    }
    return _service(settings.proxy_image, way, [settings.server_name, *_redis_service(settings)])


def _server(settings: Settings) -> dict[str, Any]:
    return _service(settings.server_image, {"networks": list(settings.server_networks)}, _redis_service(settings))


def _service(image: str, way: dict[str, Any], depends_on: list[str]) -> dict[str, Any]:
    return {
        "image": image,
        "platform": "linux/amd64",
        "env_file": [f"{FOLDER}/{STUDIOS_ENV}"],
        "labels": {STUDIOS_LABEL: "yes"},
        **way,
        "restart": "always",
        "depends_on": depends_on,
    }


def _redis_service(settings: Settings) -> list[str]:
    """A host without a dot is a service of the compose file; any other is a Redis elsewhere."""
    host = settings.redis_address.rpartition(":")[0]
    return [] if "." in host or ":" in host else [host]


def _never(_data: object) -> bool:
    return True
