"""Conditions and actions of a listener rule, of the kinds that the program uses: a host, and a forward to one group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from testbed.plugins.aws.schema import Argument, Arguments
from testbed.plugins.provider import Properties

CONDITION: Final[Arguments] = {
    "hostHeader": Argument("object", required=True, fields={"values": Argument("list", required=True, unordered=True)}),
}
ACTION: Final[Arguments] = {
    "type": Argument("string", required=True),
    "order": Argument("int", computed=True),
    "targetGroupArn": Argument("string", required=True),
}


def conditions_form(conditions: list[Properties]) -> list[list[str]]:
    """The order of conditions, and of the values of one, means nothing."""
    return sorted(sorted((condition.get("hostHeader") or {}).get("values") or []) for condition in conditions)


def actions_form(actions: list[Properties]) -> list[Properties]:
    """An action has its place by its order."""
    return [{**action, "order": action.get("order") or index} for index, action in enumerate(actions, 1)]


def to_condition(condition: Properties) -> dict[str, Any]:
    """Pulumi's form of a condition in the API's."""
    return {"Field": "host-header", "HostHeaderConfig": {"Values": condition["hostHeader"]["values"]}}


def from_condition(condition: Mapping[str, Any]) -> Properties:
    """The way back; one of another kind, which another owner has made of it, shows as no host."""
    found = condition.get("HostHeaderConfig") or {}
    return {"hostHeader": {"values": list(found.get("Values") or condition.get("Values") or [])}}


def to_action(index: int, action: Properties) -> dict[str, Any]:
    """Pulumi's form of the action at the place ``index``, from 1, in the API's."""
    return {
        "Type": action["type"],
        "Order": action.get("order") or index,
        "TargetGroupArn": action["targetGroupArn"],
    }


def from_action(index: int, action: Mapping[str, Any]) -> Properties:
    """The way back. AWS answers a forward in two ways; an action of another kind has no group."""
    groups = (action.get("ForwardConfig") or {}).get("TargetGroups") or [{}]
    arn = action.get("TargetGroupArn") or groups[0].get("TargetGroupArn")
    return {"type": action["Type"], "order": action.get("Order") or index, "targetGroupArn": arn}
