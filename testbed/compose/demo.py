"""What ``make demo TARGET=compose`` does: a Platform on a real Docker engine, Studios beside it, and a session."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from testbed import build
from testbed.compose import network
from testbed.compose.instance import bring_online
from testbed.demo import pulumi, show_outputs, show_rules, table_of
from testbed.docker.engine import Machine
from testbed.docker.platform import ComposePlatform
from testbed.docker.site import Site
from testbed.emulator.seed import ZONE
from testbed.lifecycle import environment

STACK = "local-compose"
MACHINE = "docker"
OWNER = "ec2-user"
_NAME = "platform"
_DOMAIN = f"{_NAME}.{ZONE}"
_SESSION = "demo"
_NEXT = f"""\
  eval "$(.venv/bin/python -m testbed env)"
      a shell in which pulumi and aws work against the testbed; in it:
  pulumi preview --stack {STACK}
      nothing to change
  pulumi config set tokenRotation 2 --stack {STACK}; pulumi up --stack {STACK}
      another token: backend, cron, proxy and server start again
  .venv/bin/python -m testbed machine docker compose ps
      a command on the instance, as {OWNER}, in Platform's folder
  pulumi destroy --stack {STACK}
      Studios goes; Platform's other containers never stopped
  make down
      end the testbed and remove everything it made"""


def demo() -> None:
    """Starts the machine and Platform, runs ``pulumi up`` on the stack, and prints what there is and what to try.

    Raises:
        TestbedError: there is no Docker engine to start, the testbed is not up, or Pulumi failed.
    """
    variables = {**os.environ, **environment()}
    site = Site(Machine(MACHINE))
    site.start()
    instance = network.find(_NAME, variables) or network.create(_NAME, variables)
    platform = platform_of(site.machine)
    if not platform.containers():
        platform.up()
    bring_online(site, instance, variables, _DOMAIN)
    pulumi(variables, "stack", "select", "--create", STACK)
    pulumi(variables, "up", "--stack", STACK, "--yes", "--skip-preview")
    console = Console(highlight=False)
    show_outputs(console, variables, STACK)
    _containers(console, platform)
    show_rules(console, variables)
    _session(console, site)
    console.print("\n[bold]What to try next[/bold]")
    console.print(_NEXT, soft_wrap=True)


def platform_of(machine: Machine) -> ComposePlatform:
    """The demo's Platform: it belongs to ec2-user, who started it."""
    return ComposePlatform.at_home(machine, OWNER, _DOMAIN)


def _containers(console: Console, platform: ComposePlatform) -> None:
    table = table_of("Containers", "service", "image", "state", "started", "restarts")
    for name, container in platform.containers().items():
        state = container.health or container.status
        # Docker makes a new container for a new environment: those that Studios needed so started last.
        table.add_row(name, container.image, state, container.started_at.partition(".")[0], str(container.restarts))
    console.print(table)


def _session(console: Console, site: Site) -> None:
    """A browser's visit to a session, by its public name and through the tunnel."""
    table = table_of("A session", "URL", "what a browser meets")
    url = f"https://{_SESSION}.{_DOMAIN}/"
    with _running_session(site):
        met = site.machine.run([build.studios(), "visit", url], env={"SSL_CERT_FILE": str(site.ca)}, check=False)
    table.add_row(url, (met.stdout + met.stderr).strip())
    console.print(table)


@contextmanager
def _running_session(site: Site) -> Iterator[None]:
    """Has a session's program run, in a container that reaches the proxy by its public name only."""
    name = f"session-{_SESSION}"
    (proxy, _server) = site.catalog.connect("0.9.0")
    words = ["session", "-connect-url", f"https://connect.{_DOMAIN}", "-id", _SESSION]
    site.machine.docker("run", "--detach", "--name", name, "--entrypoint", "/studios", proxy.name, *words)
    try:
        yield
    finally:
        site.machine.docker("rm", "--force", name)
