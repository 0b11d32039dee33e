"""A Platform that runs with Docker Compose on a machine of its own, behind an emulated load balancer."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from testbed.compose import network
from testbed.compose.host import FILES
from testbed.compose.instance import bring_online
from testbed.compose.network import ComposePlatform as Instance
from testbed.docker.platform import ComposePlatform
from testbed.docker.site import Site

ZONE = "example.com"


class ComposeInstall(NamedTuple):
    """What a stack for it needs to know."""

    platform: Instance
    host: ComposePlatform
    site: Site
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

    def bring_online(self) -> None:
        """Starts the instance's agent."""
        bring_online(self.site, self.platform, self.environment, self.domain)

    def remove(self) -> None:
        """Takes the instance and the load balancer away, and everything on the machine."""
        network.disconnect(self.platform.instance_id, self.environment)
        network.remove(self.platform, self.environment)
        self.host.remove()


def compose_install(
    label: str,
    environment: Mapping[str, str],
    site: Site,
    redis_password: str | None = None,
    *,
    unique: bool = True,
) -> ComposeInstall:
    """Makes one, with its containers running, started by ec2-user, and its agent online.

    Args:
        label: its name; with ``unique``, four digits follow it.
        environment: the shell variables to work against the testbed.
        site: the machine, and what is around it.
        redis_password: what its Redis asks for; without it, Redis asks for nothing.
    """
    platform = network.create(f"{label}-{secrets.token_hex(2)}" if unique else label, environment)
    files = _with_password(redis_password) if redis_password else {}
    host = ComposePlatform.create(site.machine, owner="ec2-user", domain=f"{platform.name}.{ZONE}", files=files)
    install = ComposeInstall(platform, host, site, environment)
    host.up()
    install.bring_online()
    return install


def _with_password(password: str) -> dict[str, str]:
    """The owner's files where Redis asks for a password."""
    command = json.dumps(["--appendonly", "yes", "--requirepass", password.replace("$", "$$")])
    compose, settings = (FILES / "docker-compose.yml").read_text(), (FILES / "tower.env").read_text()
    return {
        "docker-compose.yml": compose.replace("command: --appendonly yes", f"command: {command}"),
        "tower.env": settings.replace("redis://", f"redis://:{quote(password, safe='')}@"),
    }
