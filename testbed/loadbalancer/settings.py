"""The settings of a group: each member's annotations, and those that all of its members must agree about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from testbed.loadbalancer.annotations import AnnotationError, parse
from testbed.loadbalancer.objects import Ingress
from testbed.loadbalancer.stack import CLUSTER_TAG, RESOURCE_TAG, STACK_TAG

_OWN_TAGS: Final = (CLUSTER_TAG, STACK_TAG, RESOURCE_TAG)


class ModelError(ValueError):
    """A group whose load balancer can't be made; the message is the controller's where it has one."""


@dataclass(frozen=True)
class Member:
    """An Ingress of a group with its annotations as values."""

    ingress: Ingress
    settings: Mapping[str, Any]

    @property
    def listen_ports(self) -> Mapping[int, str]:
        """Protocol by port: without an annotation HTTPS on 443 where a certificate is given, else HTTP on 80."""
        default = {443: "HTTPS"} if "certificate-arn" in self.settings else {80: "HTTP"}
        ports: Mapping[int, str] = self.settings.get("listen-ports", default)
        return ports

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags that the Ingress asks for."""
        tags: Mapping[str, str] = self.settings.get("tags", {})
        return tags


def read_members(ingresses: Iterable[Ingress]) -> list[Member]:
    """Parses every member's annotations.

    Raises:
        ModelError: an annotation is unknown or malformed; all of them are told at once.
    """
    members, problems = [], []
    for ingress in ingresses:
        try:
            members.append(Member(ingress, parse(ingress.annotations)))
        except AnnotationError as error:
            problems.append(f"ingress: {ingress.key}: {error}")
    if problems:
        raise ModelError("; ".join(problems))
    for member in members:
        check_tags(member.tags)
    return members


def exclusive(members: Sequence[Member], name: str, what: str, default: Any = None) -> Any:
    """The one value of an annotation that only one member may set, or all set alike.

    Raises:
        ModelError: two values; ``what`` is the controller's word for them.
    """
    values = list(dict.fromkeys(member.settings[name] for member in members if name in member.settings))
    if len(values) > 1:
        raise ModelError(f"conflicting {what}: {' | '.join(map(str, values))}")
    return values[0] if values else default


def merged(maps: Iterable[Mapping[str, str]], what: str) -> dict[str, str]:
    """One map of all; a key may be in several, if with the same value.

    Raises:
        ModelError: a key with two values; ``what`` is the controller's word for such a key.
    """
    result: dict[str, str] = {}
    for entries in maps:
        for key, value in entries.items():
            if result.setdefault(key, value) != value:
                raise ModelError(f"conflicting {what} {key}: {result[key]} | {value}")
    return result


def check_tags(tags: Mapping[str, str]) -> None:
    """Refuses the tags by which the controller knows what is its own."""
    for key in tags:
        if key in _OWN_TAGS:
            raise ModelError(f"external managed tag key {key} cannot be specified")
