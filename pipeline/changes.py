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

_IN_WORDS: Mapping[str, str] = {
    "aws:secretsmanager/secretVersion:SecretVersion": (
        "the files for the instance, which are secret: containers that read what changes are replaced there, cron "
        "before backend"
    ),
    "aws:ssm/document:Document": "the script that installs the files on the instance: it runs there again",
    "aws:ssm/association:Association": "the script runs on the instance",
    "studios:InstallationReport": "waits until the script has run, and tells what it says",
}
"""Types of which an update says nothing to a reader by its properties, and what it means: all of Docker Compose."""

_UNCHANGED = frozenset({"same", "read", "refresh", "discard", "read-discard", "import"})
#: A replacement is told as a step of its own, beside the creation and the deletion that it consists of.
_PARTS_OF_REPLACEMENT = frozenset({"create-replacement", "delete-replaced", "discard-replaced", "read-replacement"})
_KEY = re.compile(r"\[(?:\"(?P<quoted>[^\"]*)\"|(?P<index>\d+))\]|(?P<name>[^.\[\]]+)")
_LONGEST = 80
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine writes where something isn't known before the update."""
NOT_SHOWN = frozenset({"[secret]", "known only then", "a longer value"})
"""What stands for a value that is not shown."""


@dataclass(frozen=True)
class Change:
    """One resource that a preview changes.

    Args:
        name: its logical name.
        type: its type token.
        operation: ``create``, ``update``, ``replace`` or ``delete``.
        properties: path → the value before and the one after, as text; empty where there is none, and one of
            :data:`NOT_SHOWN` where it is secret, long, or known only afterwards.
        words: what the program says of it itself; empty where the properties tell all.
    """

    name: str
    type: str
    operation: str
    properties: Mapping[str, tuple[str, str]]
    words: str = ""

    @property
    def warning(self) -> str | None:
        """What a replacement of it means, if it holds state."""
        return HOLDS_STATE.get(self.type) if self.operation == "replace" else None

    @property
    def meaning(self) -> str | None:
        """What an update of it does, where its properties tell a reader nothing."""
        # A resource of our own is dynamic, or the package's: pulumi-python:dynamic/studios:InstallationReport.
        token = f"studios:{self.type.rpartition(':')[2]}" if "studios:" in self.type else self.type
        return _IN_WORDS.get(token) if self.operation in ("update", "replace") else None


def changes_of(steps: Sequence[Mapping[str, Any]], diagnostics: Sequence[Mapping[str, Any]] = ()) -> list[Change]:
    """The changes among the steps, in their order.

    Args:
        steps: all of a preview.
        diagnostics: what was said in it. What is said of a component tells what the last of its children changes, since
            before a resource is made or changed there is nothing of its own to say it of.
    """
    said = {each["urn"]: str(each["message"]).strip() for each in diagnostics if _is_about_a_change(each)}
    changing = [step for step in steps if step["op"] not in _UNCHANGED | _PARTS_OF_REPLACEMENT]
    last = {_state(step).get("parent", ""): step["urn"] for step in changing}
    found = []
    for step in changing:
        operation = step["op"]
        before, after = step.get("oldState") or {}, step.get("newState") or {}
        paths = step.get("detailedDiff") or {}
        if not paths and before and after:
            # Some providers say only that something differs.
            paths = _differing(before.get("inputs") or {}, after.get("inputs") or {})
            # Of another provider, say, the inputs of what it replaces tell nothing.
            paths = paths or step.get("replaceReasons") or []
        found.append(
            Change(
                name=step["urn"].rsplit("::", 1)[1],
                type=(after or before).get("type", ""),
                operation=operation,
                properties={path: (_shown(before, path), _shown(after, path)) for path in sorted(paths)},
                words=next((text for urn, text in said.items() if step["urn"] in (urn, last.get(urn))), ""),
            )
        )
    return found


def _state(step: Mapping[str, Any]) -> Mapping[str, Any]:
    return step.get("newState") or step.get("oldState") or {}


def _is_about_a_change(diagnostic: Mapping[str, Any]) -> bool:
    return diagnostic.get("severity") == "info" and bool(diagnostic.get("urn"))


def _differing(before: Any, after: Any, at: str = "") -> list[str]:
    """The paths at which two values differ, as the engine writes them."""
    if isinstance(before, dict) and isinstance(after, dict):
        keys = sorted({*before, *after} - {"__provider", "__defaults"})
        return [path for key in keys for path in _differing(before.get(key), after.get(key), _below(at, key))]
    return [] if before == after or not at else [at]


def _below(at: str, key: str) -> str:
    if re.fullmatch(r"\w+", key):
        return f"{at}.{key}" if at else key
    return f'{at}["{key}"]'


def _shown(state: Mapping[str, Any], path: str) -> str:
    """The value of an input if it fits into a line, or what stands for it; empty if there is none."""
    value: Any = state.get("inputs") or {}
    for match in _KEY.finditer(path):
        key: Any = int(match["index"]) if match["index"] is not None else match["quoted"] or match["name"]
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return ""
    if value is None:
        return ""
    if value == _UNKNOWN:
        return "known only then"
    if not isinstance(value, str | int | float | bool):
        return "a longer value"
    text = value if isinstance(value, str) else str(value).lower()
    return "a longer value" if "\n" in text or len(text) > _LONGEST else text or '""'
