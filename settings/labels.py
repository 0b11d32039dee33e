"""The labels by which everybody, the program included, knows whose a Kubernetes object is."""

from __future__ import annotations

from collections.abc import Mapping

PART_OF = "app.kubernetes.io/part-of"
INSTANCE = "app.kubernetes.io/instance"
_STUDIOS = "seqera-studios"
_OWNER = "studios-"
#: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
_MOST_CHARACTERS = 63


def owner_of(stack: str) -> str:
    """Who owns what a stack makes, and the fields that it adds to the Platform install."""
    return f"{_OWNER}{stack}"


def labels_of_stack(owner: str) -> dict[str, str]:
    """The labels of every object that a stack makes.

    Args:
        owner: what :func:`owner_of` says.
    """
    return {PART_OF: _STUDIOS, INSTANCE: owner[:_MOST_CHARACTERS].rstrip("-_.")}


def belongs_to(owner: str, labels: Mapping[str, str] | None) -> bool:
    """Whether an object with these labels is one of the stack's."""
    return (labels or {}).items() >= labels_of_stack(owner).items()


def stack_of(labels: Mapping[str, str] | None) -> str | None:
    """The stack that has made an object with these labels; None if it is none of this program's."""
    found = labels or {}
    return found.get(INSTANCE, "").removeprefix(_OWNER) if found.get(PART_OF) == _STUDIOS else None
