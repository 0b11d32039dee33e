"""The load balancer that a group asks for, as AWS has it: what :mod:`model` builds and :mod:`aws` makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

CLUSTER_TAG: Final = "elbv2.k8s.aws/cluster"
STACK_TAG: Final = "ingress.k8s.aws/stack"
RESOURCE_TAG: Final = "ingress.k8s.aws/resource"

Tags = Mapping[str, str]


@dataclass(frozen=True)
class Forward:
    """To the target group of that name."""

    target_group: str


@dataclass(frozen=True)
class RedirectToHttps:
    """The same URL on that port, with status 301."""

    port: int


@dataclass(frozen=True)
class FixedResponse:
    """An empty answer with that status."""

    status: int


Action = Forward | RedirectToHttps | FixedResponse


@dataclass(frozen=True)
class Rule:
    """Requests whose host and path match one value of each; an empty tuple is no condition."""

    priority: int
    hosts: tuple[str, ...]
    paths: tuple[str, ...]
    action: Action
    tags: Tags


@dataclass(frozen=True)
class Listener:
    """One port. ``certificates`` begin with the default one; empty, as is ``ssl_policy``, for HTTP."""

    port: int
    protocol: str
    default_action: Action
    certificates: tuple[str, ...]
    ssl_policy: str
    rules: tuple[Rule, ...]
    tags: Tags


@dataclass(frozen=True)
class HealthCheck:
    """``port`` is a number as a string, or ``traffic-port``."""

    protocol: str
    port: str
    path: str
    interval_seconds: int
    timeout_seconds: int
    healthy_threshold: int
    unhealthy_threshold: int
    success_codes: str


@dataclass(frozen=True)
class TargetGroup:
    """``targets`` are instance ids or addresses, each with its port."""

    name: str
    port: int
    protocol: str
    protocol_version: str
    target_type: str
    health_check: HealthCheck
    attributes: Mapping[str, str]
    targets: frozenset[tuple[str, int]]
    tags: Tags


@dataclass(frozen=True)
class SecurityGroup:
    """The one that the controller makes where none is given: ``inbound`` are a port and a network each."""

    name: str
    inbound: frozenset[tuple[int, str]]
    tags: Tags


@dataclass(frozen=True)
class LoadBalancer:
    """``security_groups`` are ids; empty where the controller makes one."""

    name: str
    scheme: str
    ip_address_type: str
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    attributes: Mapping[str, str]
    tags: Tags


@dataclass(frozen=True)
class Stack:
    """All that one group makes."""

    id: str
    vpc_id: str
    load_balancer: LoadBalancer
    security_group: SecurityGroup | None
    listeners: tuple[Listener, ...]
    target_groups: tuple[TargetGroup, ...]


@dataclass(frozen=True)
class Subnet:
    """A subnet of the account."""

    id: str
    vpc_id: str
    zone: str
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True)
class Certificate:
    """A certificate of ACM: its status, and the names that it is for."""

    arn: str
    status: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Account:
    """What the controller reads of AWS, at one moment; ``security_groups`` maps ids to their Name tags."""

    subnets: tuple[Subnet, ...]
    certificates: Mapping[str, Certificate]
    ssl_policies: frozenset[str]
    security_groups: Mapping[str, str] = field(default_factory=dict)
