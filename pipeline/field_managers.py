"""The field manager of each Kubernetes object in a state: the one that applied the object for this stack.

The Kubernetes provider applies an object under a name that it makes up, and keeps that as ``__fieldManager`` with the
outputs. An update that was killed leaves the object without that note, and a refresh makes up another name: the next
change of a field would conflict with the stack's own first one. The object itself knows who applied it.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from live.ownership import ManagedFields, belongs_to, labels_of_stack, managed_fields, owned_by, owner_of

_MANAGER = "__fieldManager"
_MADE_UP = "pulumi-kubernetes-"


def with_own_managers(state: dict[str, Any]) -> dict[str, Any]:
    """The state with the manager that applied the stack's labels, where the one in it has applied nothing.

    Objects without the labels of the stack, and managers that are not the provider's, stay as they are: a conflict with
    those is for the user to settle.

    Args:
        state: as `pulumi stack export` gives it.
    """
    result = copy.deepcopy(state)
    for resource in result["deployment"].get("resources") or []:
        if not resource["type"].startswith("kubernetes:"):
            continue
        outputs = resource.get("outputs") or {}
        manager = _own_manager(outputs, owner_of(_stack_of(resource["urn"])))
        if manager:
            outputs[_MANAGER] = manager
    return result


def _own_manager(outputs: Mapping[str, Any], owner: str) -> str | None:
    if not belongs_to(owner, (outputs.get("metadata") or {}).get("labels")):
        return None
    entries = managed_fields(outputs)
    managers = {str(entry.get("manager")) for entry in entries}
    if outputs.get(_MANAGER) in managers:
        return None
    own = sorted(each for each in managers if each.startswith(_MADE_UP) and _labelled(entries, each, owner))
    return max(own, key=lambda each: len(owned_by(entries, each)), default=None)


def _labelled(entries: ManagedFields, manager: str, owner: str) -> bool:
    labels = {("f:metadata", "f:labels", f"f:{label}") for label in labels_of_stack(owner)}
    return labels <= owned_by(entries, manager)


def _stack_of(urn: str) -> str:
    return urn.partition("::")[0].removeprefix("urn:pulumi:")
