"""What the survey and the resources say in the same words."""

from __future__ import annotations

from collections.abc import Sequence

from settings.remedies import Add


def conflict(
    target: str, field: str, *, theirs: str, ours: str, owners: Sequence[str], change: str, position: int
) -> str:
    """A field of Platform's that has another value and another owner, and the two ways out.

    Args:
        target: the object, as ``takeOver`` lists it: ``ConfigMap/tower-yml``.
        field: what it is called.
        theirs, ours: the values, as they are shown.
        owners: the managers that own it.
        change: the first way out: ``change connectUrl``.
        position: the index that the object gets in ``takeOver``.
    """
    return (
        f"{target} has {theirs} for {field}, owned by {shown_owners(owners)}, and this stack sets {ours}; "
        f"{change}, or let the stack replace it: {Add('takeOver', position, target)}"
    )


def shown_owners(owners: Sequence[str]) -> str:
    """The managers of a field in a sentence."""
    return " and ".join(owners) or "no named manager"
