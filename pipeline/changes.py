"""What a preview changes, out of the steps that ``pulumi preview --json`` prints."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

HOLDS_STATE: Mapping[str, str] = {
    "tls:index/privateKey:PrivateKey": "a new RSA key: all users log in to their sessions again",
    "random:index/randomPassword:RandomPassword": "a new secret: what uses it restarts or registers anew",
    "aws:acm/certificate:Certificate": "a new certificate: the old one is deleted once nothing uses it",
    "aws:route53/record:Record": "a new record: its name is unknown to caches for up to its TTL",
    "kubernetes:apps/v1:StatefulSet": "all its pods restart at once: running sessions are cut",
    "kubernetes:core/v1:Secret": "the Secret is gone for a moment: pods that start then wait for it",
    "kubernetes:core/v1:PersistentVolumeClaim": "the volume's data is lost",
    "kubernetes:core/v1:Namespace": "everything in the namespace is deleted",
    "kubernetes:networking.k8s.io/v1:Ingress": "its rules leave the load balancer for a moment",
}
"""Types with a replacement that loses or interrupts something, and what that is."""

_UNCHANGED = frozenset({"same", "read", "refresh", "discard", "read-discard", "import"})
#: A replacement is told as a step of its own, beside the creation and the deletion that it consists of.
_PARTS_OF_REPLACEMENT = frozenset({"create-replacement", "delete-replaced", "discard-replaced", "read-replacement"})
_KEY = re.compile(r"\[(?:\"(?P<quoted>[^\"]*)\"|(?P<index>\d+))\]|(?P<name>[^.\[\]]+)")
_LONGEST = 80
#: What the engine writes where something is secret, and where it isn't known before the update.
_NOT_SHOWN = frozenset({"[secret]", "04da6b54-80e4-46f7-96ec-b56ff0331ba9"})


@dataclass(frozen=True)
class Change:
    """One resource that a preview changes.

    Args:
        name: its logical name.
        type: its type token.
        operation: ``create``, ``update``, ``replace`` or ``delete``.
        properties: path → the value before and the one after, as text; both empty where they are secret, long, or
            known only afterwards.
    """

    name: str
    type: str
    operation: str
    properties: Mapping[str, tuple[str, str]]

    @property
    def warning(self) -> str | None:
        """What a replacement of it means, if it holds state."""
        return HOLDS_STATE.get(self.type) if self.operation == "replace" else None


def changes_of(steps: Sequence[Mapping[str, Any]]) -> list[Change]:
    """The changes among the steps, in their order."""
    found = []
    for step in steps:
        operation = step["op"]
        if operation in _UNCHANGED | _PARTS_OF_REPLACEMENT:
            continue
        before, after = step.get("oldState") or {}, step.get("newState") or {}
        paths = step.get("detailedDiff") or {}
        found.append(
            Change(
                name=step["urn"].rsplit("::", 1)[1],
                type=(after or before).get("type", ""),
                operation=operation,
                properties={path: (_shown(before, path), _shown(after, path)) for path in sorted(paths)},
            )
        )
    return found


def _shown(state: Mapping[str, Any], path: str) -> str:
    """The value of an input, if it fits into a line and tells something."""
    value: Any = state.get("inputs") or {}
    for match in _KEY.finditer(path):
        key: Any = int(match["index"]) if match["index"] is not None else match["quoted"] or match["name"]
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return ""
    if not isinstance(value, str | int | float | bool):
        return ""
    text = value if isinstance(value, str) else str(value).lower()
    return "" if text in _NOT_SHOWN or "\n" in text or len(text) > _LONGEST else text
