"""A Platform that runs with Docker Compose on "an instance", a scratch folder, behind an emulated load balancer."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from testbed.compose import network
from testbed.compose.host import ComposeHost
from testbed.compose.network import ComposePlatform
from tests.delivery.conftest import start_platform

ZONE = "example.com"


class ComposeInstall(NamedTuple):
    """What a stack for it needs to know."""

    platform: ComposePlatform
    host: ComposeHost
    environment: Mapping[str, str]

    @property
    def domain(self) -> str:
        """Platform's host."""
        return f"{self.platform.name}.{ZONE}"

    def settings(self) -> dict[str, Any]:
        """The settings that every stack for this install has; how it names instance and load balancer is its own."""
        return {
            "aws:region": self.environment["AWS_REGION"],
            "target": "compose",
            "platformUrl": f"https://{self.domain}",
            "platformVersion": "25.3",
            "hostedZone": ZONE,
            "composeFolder": str(self.host.folder),
            "installTimeout": 120,
        }

    def remove(self) -> None:
        """Takes the instance and the load balancer away."""
        network.remove(self.platform, self.environment)


def compose_install(label: str, environment: Mapping[str, str], root: Path) -> ComposeInstall:
    """Makes one, with its containers running and its agent online."""
    platform = network.create(f"{label}-{secrets.token_hex(2)}", environment)
    host = ComposeHost.create(root)
    shell = host.environment(network.role_environment(platform, environment))
    start_platform(host, shell)
    network.connect(platform.instance_id, environment, shell)
    return ComposeInstall(platform, host, environment)
