"""The network load balancer that SSH clients of a Docker Compose install come by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from settings.errors import Problem
from settings.model import Settings
from survey.aws import AwsAccount
from survey.aws_errors import AwsError

Described = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class SshBalancer:
    """A network load balancer; nothing of it is ours but its listener.

    Args:
        arn: its ARN.
        hostname: its DNS name.
        security_group: one of its groups; None where it has none, so that the instance sees its clients' addresses,
            and its own ones for health checks.
        subnet_cidrs: the networks of its subnets, from which it checks the instance.
    """

    arn: str
    hostname: str
    security_group: str | None
    subnet_cidrs: tuple[str, ...]


def find_ssh_balancer(
    settings: Settings, account: AwsAccount, problems: list[Problem], first: list[Problem]
) -> SshBalancer | None:
    """Looks up `sshLoadBalancer`; None where there is none, or where something is wrong, which `problems` gets.

    ``first`` gets what stands against a stack that has made nothing yet: a listener at the port of SSH.
    """
    name = settings.ssh_load_balancer
    if not settings.ssh or name is None:
        return None
    which = {"LoadBalancerArns" if name.startswith("arn:") else "Names": [name]}
    try:
        found = account.pages("elbv2", "describe_load_balancers", "LoadBalancers", _balancer, **which)
    except AwsError as error:
        there = f"{account.place} in {account.region}"
        missing = error.code in ("LoadBalancerNotFound", "ValidationError")
        message = f"is not in {there}; write the name of a network load balancer there" if missing else None
        problems.append(Problem("sshLoadBalancer", name, message or f"cannot be looked up: {error}"))
        return None
    balancer = found[0]
    if balancer["Type"] != "network":
        message = f"must be a network load balancer, and is one of type {balancer['Type']}; an application load "
        problems.append(Problem("sshLoadBalancer", name, f"{message}balancer carries no SSH"))
        return None
    try:
        ports = account.pages(
            "elbv2", "describe_listeners", "Listeners", _port, LoadBalancerArn=balancer["LoadBalancerArn"]
        )
    except AwsError as error:
        problems.append(Problem("sshLoadBalancer", name, f"has listeners that cannot be looked up: {error}"))
        return None
    if settings.ssh_port in ports:
        message = f"is the port of a listener that the load balancer {name} has already; write another sshPort"
        first.append(Problem("sshPort", settings.ssh_port, message))
    subnets = [each["SubnetId"] for each in balancer["AvailabilityZones"]]
    try:
        networks = account.pages("ec2", "describe_subnets", "Subnets", _network_of_subnet, SubnetIds=subnets)
    except AwsError as error:
        problems.append(Problem("sshLoadBalancer", name, f"has subnets that cannot be looked up: {error}"))
        return None
    return SshBalancer(
        arn=balancer["LoadBalancerArn"],
        hostname=balancer["DNSName"],
        security_group=next(iter(sorted(balancer.get("SecurityGroups") or [])), None),
        subnet_cidrs=tuple(sorted(filter(None, networks))),
    )


def _balancer(described: Described) -> Described:
    needed = ("LoadBalancerArn", "Type", "AvailabilityZones")
    return {"DNSName": "", **described, **{key: described[key] for key in needed}}


def _port(described: Described) -> int | None:
    return described.get("Port")


def _network_of_subnet(subnet: Described) -> str:
    return str(subnet.get("CidrBlock") or "")
