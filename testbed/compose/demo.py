"""What ``make demo TARGET=compose`` does: a Platform on a real Docker engine, Studios beside it, and real traffic."""

from __future__ import annotations

import json
import os

from rich.console import Console

from testbed import parts, paths, processes, tables
from testbed.compose import network, traffic
from testbed.compose.instance import bring_online
from testbed.demo import pulumi, show_outputs, show_rules, verify
from testbed.docker.engine import Machine
from testbed.docker.platform import ComposePlatform
from testbed.docker.site import Site
from testbed.emulator.client import client
from testbed.emulator.seed import ZONE
from testbed.lifecycle import environment

STACK = "local-compose"
MACHINE = "demo"
OWNER = "ec2-user"
_NAME = "platform"
_DOMAIN = f"{_NAME}.{ZONE}"
_TRAFFIC = f"{MACHINE}-traffic"
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
        TestbedError: there is no Docker engine to start, the testbed is not up, Pulumi failed, or a check of the stack.
    """
    variables = {**os.environ, **environment()}
    site = Site(Machine(MACHINE))
    site.start()
    instance = network.find(_NAME, variables) or network.create(_NAME, variables)
    _keep_web_sockets_open(instance.load_balancer_arn, variables)
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
    console.print("\n[bold]Does it work?[/bold]")
    verify({**variables, **_traffic(variables, instance.instance_id)}, STACK)
    parts.show(parts.Run.ON_COMPOSE)
    console.print("\n[bold]What to try next[/bold]")
    console.print(_NEXT, soft_wrap=True)


def _keep_web_sockets_open(load_balancer: str, variables: dict[str, str]) -> None:
    """What the program asks the load balancer's owner for: its default of 60 s cuts sessions that are idle."""
    client("elbv2", variables).modify_load_balancer_attributes(
        LoadBalancerArn=load_balancer, Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "301"}]
    )


def platform_of(machine: Machine) -> ComposePlatform:
    """The demo's Platform: it belongs to ec2-user, who started it."""
    return ComposePlatform.at_home(machine, OWNER, _DOMAIN)


def _containers(console: Console, platform: ComposePlatform) -> None:
    rows = []
    for name, container in platform.containers().items():
        state = container.health or container.status
        # Docker makes a new container for a new environment: those that Studios needed so started last.
        started = container.started_at.partition(".")[0]
        rows.append((name, container.image, state, started, str(container.restarts)))
    tables.show(console, "Containers", ("service", "image", "state", "started", "restarts"), rows)


def _traffic(variables: dict[str, str], instance_id: str) -> dict[str, str]:
    """Lets traffic flow to the machine, and returns, once a session is open, the variables to verify with."""
    words = ["-m", "testbed.compose.traffic", MACHINE, instance_id, f"https://connect.{_DOMAIN}"]
    if not processes.running(_TRAFFIC):
        traffic.VARIABLES.unlink(missing_ok=True)
        processes.start(_TRAFFIC, [paths.PYTHON, *words], variables)
    processes.wait_until(_TRAFFIC, lambda: traffic.VARIABLES.exists() and traffic.session_is_open())
    found: dict[str, str] = json.loads(traffic.VARIABLES.read_text())
    return found
