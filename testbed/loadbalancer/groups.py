"""Which Ingresses share a load balancer: the controller's IngressGroups."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from testbed.loadbalancer.annotations import KNOWN, PREFIX
from testbed.loadbalancer.objects import Cluster, Ingress

CONTROLLER: Final = "ingress.k8s.aws/alb"
_CLASS_ANNOTATION: Final = "kubernetes.io/ingress.class"
_IMPLICIT_FINALIZER: Final = "ingress.k8s.aws/resources"
_EXPLICIT_FINALIZER: Final = "group.ingress.k8s.aws/"


@dataclass(frozen=True, order=True)
class GroupId:
    """A group by its name, or (``namespace`` not empty) the group of one Ingress alone."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    @property
    def finalizer(self) -> str:
        """What holds a member back until the group has let go of it."""
        return _IMPLICIT_FINALIZER if self.namespace else _EXPLICIT_FINALIZER + self.name


@dataclass
class Group:
    """``members`` in their order, and ``leaving``: those deleted or gone elsewhere that still hold the finalizer."""

    id: GroupId
    members: list[Ingress] = field(default_factory=list)
    leaving: list[Ingress] = field(default_factory=list)


class NotInGroup(ValueError):  # noqa: N818 - says what the Ingress is
    """An Ingress that asks for this controller but for no valid class or group; the message is the controller's."""


def load(cluster: Cluster) -> tuple[list[Group], list[tuple[Ingress, str]]]:
    """All groups that have, or had, members, and the Ingresses that can be in none, each with the reason."""
    groups: dict[GroupId, Group] = {}
    refused = []
    for ingress in cluster.ingresses:
        current = None
        try:
            current = group_id(ingress, cluster)
        except NotInGroup as error:
            refused.append((ingress, str(error)))
        if current:
            groups.setdefault(current, Group(current)).members.append(ingress)
        for held in _held_groups(ingress):
            if held != current:
                groups.setdefault(held, Group(held)).leaving.append(ingress)
    for group in groups.values():
        group.members.sort(key=lambda member: (_order(member), member.key))
    return sorted(groups.values(), key=lambda group: group.id), refused


def group_id(ingress: Ingress, cluster: Cluster) -> GroupId | None:
    """The group that an Ingress is in, or None if it is deleted or another controller's.

    Raises:
        NotInGroup: its class does not exist, or its group's name is malformed.
    """
    if ingress.deleting or not _is_ours(ingress, cluster):
        return None
    name = ingress.annotations.get(f"{PREFIX}group.name")
    if name is None:
        return GroupId(ingress.namespace, ingress.name)
    try:
        KNOWN["group.name"].parse(name)
    except ValueError as error:
        raise NotInGroup(f"invalid ingress group: {error}") from None
    return GroupId("", name)


def _is_ours(ingress: Ingress, cluster: Cluster) -> bool:
    legacy = ingress.annotations.get(_CLASS_ANNOTATION)
    if legacy is not None:
        return legacy == "alb"
    if ingress.class_name is None:
        return False
    controller = cluster.classes.get(ingress.class_name)
    if controller is None:
        raise NotInGroup(f'invalid ingress class: IngressClass.networking.k8s.io "{ingress.class_name}" not found')
    return controller == CONTROLLER


def _held_groups(ingress: Ingress) -> list[GroupId]:
    held = []
    for finalizer in ingress.finalizers:
        if finalizer == _IMPLICIT_FINALIZER:
            held.append(GroupId(ingress.namespace, ingress.name))
        elif finalizer.startswith(_EXPLICIT_FINALIZER):
            held.append(GroupId("", finalizer.removeprefix(_EXPLICIT_FINALIZER)))
    return held


def _order(ingress: Ingress) -> int:
    raw = ingress.annotations.get(f"{PREFIX}group.order", "0")
    try:
        return int(KNOWN["group.order"].parse(raw))
    except ValueError:
        return 0  # the model refuses the group, so that no order matters
