"""What ``make demo`` does once the testbed is up: Studios on the stack ``local``, and a summary of what there is."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

from rich.console import Console

from testbed import parts, paths, tables
from testbed.emulator.client import client
from testbed.errors import TestbedError
from testbed.lifecycle import HOST, NAMESPACE, environment, status
from testbed.traffic import process as traffic

STACK = "local"
CONNECT_URL = f"https://connect.{HOST}"
_NEXT = f"""\
  eval "$(.venv/bin/python -m testbed env)"
      a shell in which pulumi, kubectl and aws work against the testbed; in it:
  pulumi preview --stack {STACK}
      nothing to change
  make verify STACK={STACK}
      the same table again
  pulumi config set proxyReplicas 3 --stack {STACK}; pulumi preview --stack {STACK}
      one resource to update; git checkout Pulumi.{STACK}.yaml takes it back
  kubectl get pods,ingress -n {NAMESPACE}
  pulumi stack output --stack {STACK} --show-secrets
  pulumi destroy --stack {STACK}
      Platform as it was; a stack of your own for this Platform can come then
  make down
      end the testbed and remove everything it made; open a new shell then

The engine's warning of the version of the kubernetes plugin is expected here."""


def demo() -> None:
    """Runs ``pulumi up`` on the stack ``local``, under traffic, and prints what came of it, the parts and what holds.

    Raises:
        TestbedError: the testbed is not up, Pulumi failed, or something does not hold; it has said why by then.
    """
    variables = {**os.environ, **environment()}
    on_node = "kwok" not in status()
    lacking = None if on_node else traffic.missing()
    if not lacking:
        traffic.start(variables, NAMESPACE, CONNECT_URL, on_node=on_node)
    pulumi(variables, "stack", "select", "--create", STACK)
    pulumi(variables, "up", "--stack", STACK, "--yes", "--skip-preview")
    console = Console(highlight=False)
    show_outputs(console, variables)
    _pods(console, variables)
    show_rules(console, variables)
    parts.show(parts.Run.ON_NODE if on_node else parts.Run.ON_KWOK)
    if lacking:
        console.print(f"\nNo traffic, and so no `make verify`: this machine lacks {lacking}", soft_wrap=True)
    else:
        console.print("\n[bold]Does it work?[/bold]")
        traffic.wait_for_session()
        verify({**variables, **traffic.variables()})
    console.print("\n[bold]What to try next[/bold]")
    console.print(_NEXT, soft_wrap=True)


def pulumi(variables: dict[str, str], *words: str) -> None:
    """Runs Pulumi in the checkout.

    Raises:
        TestbedError: it failed; it has said why by then.
    """
    command = ["pulumi", *words, "--non-interactive", "--cwd", str(paths.CHECKOUT)]
    finished = subprocess.run(command, env=variables, check=False)
    if finished.returncode:
        raise TestbedError(f"pulumi {' '.join(words)} failed; its message is above")


def verify(variables: dict[str, str], stack: str = STACK) -> None:
    """Verifies a stack, as ``make verify`` does.

    Raises:
        TestbedError: something does not hold; the table has said what.
    """
    command = [str(paths.PYTHON), "-m", "pipeline", "verify", stack]
    if subprocess.run(command, env=variables, check=False, cwd=paths.CHECKOUT).returncode:
        raise TestbedError("something does not hold; the table above says what, and what to do")


def _json(variables: dict[str, str], *command: str) -> Any:
    finished = subprocess.run(command, env=variables, check=True, capture_output=True, text=True, cwd=paths.CHECKOUT)
    return json.loads(finished.stdout)


def show_outputs(console: Console, variables: dict[str, str], stack: str = STACK) -> None:
    """Prints a stack's outputs."""
    outputs = _json(variables, "pulumi", "stack", "output", "--stack", stack, "--json")
    rows = [(name, _short(value)) for name, value in outputs.items()]
    tables.show(console, "Outputs", ("output", "value"), rows)


def _short(value: Any) -> str:
    """One line for an output: a PEM's first, an object's keys."""
    if isinstance(value, dict):
        return ", ".join(value)
    lines = str(value).strip().splitlines() or [""]
    return lines[0] + (" …" if len(lines) > 1 else "")


def _pods(console: Console, variables: dict[str, str]) -> None:
    rows = []
    for pod in _json(variables, "kubectl", "get", "pods", "-n", NAMESPACE, "-o", "json")["items"]:
        statuses = pod["status"].get("containerStatuses", [])
        ready = sum(status["ready"] for status in statuses)
        # Kubernetes makes a new pod for a new environment: those that restarted for Studios started last.
        rows.append(
            (
                pod["metadata"]["name"],
                f"{ready}/{len(pod['spec']['containers'])}",
                pod["status"].get("startTime", ""),
                pod["spec"].get("nodeName", ""),
            )
        )
    tables.show(console, "Pods", ("pod", "ready", "started", "node"), rows)


def show_rules(console: Console, variables: dict[str, str]) -> None:
    """Prints the rules of every listener."""
    elb = client("elbv2", variables)
    rows = []
    for balancer in elb.describe_load_balancers()["LoadBalancers"]:
        for listener in elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]:
            for rule in elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]:
                hosts = [value for condition in rule["Conditions"] for value in _hosts(condition)]
                action = rule["Actions"][0]
                rows.append(
                    (
                        balancer["LoadBalancerName"],
                        f"{listener['Protocol']}:{listener['Port']}",
                        rule["Priority"],
                        ", ".join(hosts),
                        action["Type"],
                    )
                )
    tables.show(console, "Listener rules", ("load balancer", "listener", "rule", "host", "action"), rows)


def _hosts(condition: dict[str, Any]) -> list[str]:
    if condition["Field"] != "host-header":
        return []
    return list(condition.get("HostHeaderConfig", condition).get("Values", []))
