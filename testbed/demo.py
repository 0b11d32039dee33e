"""What ``make demo`` does once the testbed is up: Studios on the stack ``local``, and a summary of what there is."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

from rich.console import Console
from rich.table import Table

from testbed import paths
from testbed.errors import TestbedError
from testbed.lifecycle import NAMESPACE, environment

STACK = "local"


def demo() -> None:
    """Runs ``pulumi up`` on the stack ``local`` and prints the outputs, the pods, the listener rules and what to try.

    Raises:
        TestbedError: the testbed is not up, or Pulumi failed; it has said why by then.
    """
    variables = {**os.environ, **environment()}
    _pulumi(variables, "stack", "select", "--create", STACK)
    _pulumi(variables, "up", "--stack", STACK, "--yes", "--skip-preview")
    console = Console(highlight=False)
    _outputs(console, variables)
    _pods(console, variables)
    _rules(console, variables)
    console.print(
        "\n[bold]What to try next[/bold]\n"
        '  eval "$(.venv/bin/python -m testbed env)"            a shell against the testbed\n'
        f"  pulumi preview --stack {STACK}                       nothing to change\n"
        f"  pulumi config set proxyReplicas 3 --stack {STACK}    then preview again: one resource\n"
        f"  kubectl get pods,ingress -n {NAMESPACE}\n"
        f"  pulumi stack output --stack {STACK} --show-secrets\n"
        "  make down                                            end it, and remove everything"
    )


def _pulumi(variables: dict[str, str], *words: str) -> None:
    command = ["pulumi", *words, "--non-interactive", "--cwd", str(paths.CHECKOUT)]
    finished = subprocess.run(command, env=variables, check=False)
    if finished.returncode:
        raise TestbedError(f"pulumi {' '.join(words)} failed; its message is above")


def _json(variables: dict[str, str], *command: str) -> Any:
    finished = subprocess.run(command, env=variables, check=True, capture_output=True, text=True, cwd=paths.CHECKOUT)
    return json.loads(finished.stdout)


def _outputs(console: Console, variables: dict[str, str]) -> None:
    table = Table("output", "value", title="Outputs", title_justify="left")
    for name, value in _json(variables, "pulumi", "stack", "output", "--stack", STACK, "--json").items():
        table.add_row(name, value.strip() if isinstance(value, str) else json.dumps(value, indent=1))
    console.print(table)


def _pods(console: Console, variables: dict[str, str]) -> None:
    table = Table("pod", "ready", "restarted", "node", title="Pods", title_justify="left")
    for pod in _json(variables, "kubectl", "get", "pods", "-n", NAMESPACE, "-o", "json")["items"]:
        statuses = pod["status"].get("containerStatuses", [])
        ready = sum(status["ready"] for status in statuses)
        # A container's start is that of the pod's last restart: Kubernetes makes a new pod for a new environment.
        table.add_row(
            pod["metadata"]["name"],
            f"{ready}/{len(pod['spec']['containers'])}",
            pod["status"].get("startTime", ""),
            pod["spec"].get("nodeName", ""),
        )
    console.print(table)


def _rules(console: Console, variables: dict[str, str]) -> None:
    import boto3

    elb = boto3.client(
        "elbv2",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        region_name=variables["AWS_REGION"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
    )
    table = Table(
        "load balancer", "listener", "priority", "host", "action", title="Listener rules", title_justify="left"
    )
    for balancer in elb.describe_load_balancers()["LoadBalancers"]:
        for listener in elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]:
            for rule in elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]:
                hosts = [value for condition in rule["Conditions"] for value in _hosts(condition)]
                action = rule["Actions"][0]
                table.add_row(
                    balancer["DNSName"],
                    f"{listener['Protocol']}:{listener['Port']}",
                    rule["Priority"],
                    ", ".join(hosts),
                    action["Type"],
                )
    console.print(table)


def _hosts(condition: dict[str, Any]) -> list[str]:
    if condition["Field"] != "host-header":
        return []
    return list(condition.get("HostHeaderConfig", condition).get("Values", []))
