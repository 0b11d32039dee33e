"""Conditions and actions of a listener rule: Pulumi's form, the API's, and when two of them mean the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from testbed.plugins.aws.schema import Argument, Arguments
from testbed.plugins.provider import Properties

_VALUES: Final = {"values": Argument("list", required=True, unordered=True)}
#: The condition of this type, in its three spellings: Pulumi's, the API's field, the API's configuration.
_CONDITIONS: Final = (
    ("hostHeader", "host-header", "HostHeaderConfig"),
    ("pathPattern", "path-pattern", "PathPatternConfig"),
    ("httpHeader", "http-header", "HttpHeaderConfig"),
    ("httpRequestMethod", "http-request-method", "HttpRequestMethodConfig"),
    ("sourceIp", "source-ip", "SourceIpConfig"),
)
_REDIRECT: Final = {
    "protocol": "#{protocol}",
    "port": "#{port}",
    "host": "#{host}",
    "path": "/#{path}",
    "query": "#{query}",
}

CONDITION: Final[Arguments] = {
    "hostHeader": Argument("object", fields=_VALUES),
    "pathPattern": Argument("object", fields=_VALUES),
    "httpHeader": Argument("object", fields={**_VALUES, "httpHeaderName": Argument("string", required=True)}),
    "httpRequestMethod": Argument("object", fields=_VALUES),
    "queryStrings": Argument("list", fields={"key": Argument("string"), "value": Argument("string", required=True)}),
    "sourceIp": Argument("object", fields=_VALUES),
}

ACTION: Final[Arguments] = {
    "type": Argument("string", required=True),
    "order": Argument("int", computed=True),
    "targetGroupArn": Argument("string"),
    "forward": Argument(
        "object",
        fields={
            "targetGroups": Argument(
                "list",
                required=True,
                fields={
                    "arn": Argument("string", required=True),
                    "weight": Argument("int", computed=True),
                },
            ),
            "stickiness": Argument(
                "object",
                computed=True,
                fields={
                    "duration": Argument("int", required=True),
                    "enabled": Argument("bool", computed=True),
                },
            ),
        },
    ),
    "redirect": Argument(
        "object",
        fields={
            "statusCode": Argument("string", required=True),
            **{key: Argument("string", computed=True) for key in _REDIRECT},
        },
    ),
    "fixedResponse": Argument(
        "object",
        fields={
            "contentType": Argument("string", required=True),
            "messageBody": Argument("string"),
            "statusCode": Argument("string", computed=True),
        },
    ),
}


def conditions_form(conditions: list[Properties]) -> list[Properties]:
    """The order of conditions, and of the values of one, means nothing."""
    return sorted((_condition_form(condition) for condition in conditions), key=repr)


def _condition_form(condition: Properties) -> Properties:
    return {
        key: {**value, "values": sorted(value.get("values") or [])}
        if isinstance(value, dict)
        else sorted(value, key=repr)
        for key, value in condition.items()
        if value
    }


def actions_form(actions: list[Properties]) -> list[Properties]:
    """``forward`` to one group and ``targetGroupArn`` are the same; a redirect's parts have defaults."""
    return [_action_form(index, action) for index, action in enumerate(actions, 1)]


def _action_form(index: int, action: Properties) -> Properties:
    form: Properties = {"type": action["type"], "order": action.get("order") or index}
    if action["type"] == "forward":
        forward = action.get("forward") or {"targetGroups": [{"arn": action.get("targetGroupArn")}]}
        groups = [(group["arn"], group.get("weight") or 1) for group in forward["targetGroups"]]
        stickiness = forward.get("stickiness") or {}
        form["groups"] = sorted(groups) if len(groups) > 1 else [groups[0][0]]
        form["stickiness"] = stickiness.get("duration") if stickiness.get("enabled") else None
    elif action["type"] == "redirect":
        form["redirect"] = {
            **_REDIRECT,
            **{key: value for key, value in action["redirect"].items() if value is not None},
        }
    else:
        form["fixedResponse"] = {key: value for key, value in (action.get("fixedResponse") or {}).items() if value}
    return form


def to_condition(condition: Properties) -> dict[str, Any]:
    """Pulumi's form of a condition in the API's."""
    for key, field, config in _CONDITIONS:
        if value := condition.get(key):
            wanted = {"Values": value["values"]}
            if key == "httpHeader":
                wanted["HttpHeaderName"] = value["httpHeaderName"]
            return {"Field": field, config: wanted}
    pairs = [
        {name: pair[key] for name, key in (("Key", "key"), ("Value", "value")) if pair.get(key)}
        for pair in condition.get("queryStrings") or []
    ]
    return {"Field": "query-string", "QueryStringConfig": {"Values": pairs}}


def from_condition(condition: Mapping[str, Any]) -> Properties:
    """The way back."""
    for key, field, config in _CONDITIONS:
        if condition["Field"] == field:
            found = condition.get(config) or {}
            value: Properties = {"values": list(found.get("Values") or condition.get("Values") or [])}
            if key == "httpHeader":
                value["httpHeaderName"] = found["HttpHeaderName"]
            return {key: value}
    pairs = condition["QueryStringConfig"]["Values"]
    return {
        "queryStrings": [
            {key: pair[name] for name, key in (("Key", "key"), ("Value", "value")) if pair.get(name)} for pair in pairs
        ]
    }


def to_action(index: int, action: Properties) -> dict[str, Any]:
    """Pulumi's form of the action at the place ``index``, from 1, in the API's."""
    wanted: dict[str, Any] = {"Type": action["type"], "Order": action.get("order") or index}
    if forward := action.get("forward"):
        groups = [
            {"TargetGroupArn": group["arn"], "Weight": 1 if group.get("weight") is None else group["weight"]}
            for group in forward["targetGroups"]
        ]
        wanted["ForwardConfig"] = {"TargetGroups": groups}
        if stickiness := forward.get("stickiness"):
            wanted["ForwardConfig"]["TargetGroupStickinessConfig"] = {
                "Enabled": bool(stickiness.get("enabled")),
                "DurationSeconds": stickiness["duration"],
            }
    elif action.get("targetGroupArn"):
        wanted["TargetGroupArn"] = action["targetGroupArn"]
    elif redirect := action.get("redirect"):
        parts = {**_REDIRECT, **{key: value for key, value in redirect.items() if value is not None}}
        wanted["RedirectConfig"] = {key[0].upper() + key[1:]: value for key, value in parts.items()}
    elif answer := action.get("fixedResponse"):
        wanted["FixedResponseConfig"] = {
            key[0].upper() + key[1:]: value for key, value in answer.items() if value is not None
        }
    return wanted


def from_action(index: int, action: Mapping[str, Any], known: Properties) -> Properties:
    """The way back. ``known`` is how the program put it: AWS answers a forward in both ways."""
    found: Properties = {"type": action["Type"], "order": action.get("Order") or index}
    if action["Type"] == "forward":
        groups = (action.get("ForwardConfig") or {}).get("TargetGroups") or []
        arn = action.get("TargetGroupArn") or (groups[0]["TargetGroupArn"] if len(groups) == 1 else None)
        if arn and not known.get("forward"):
            return {**found, "targetGroupArn": arn}
        found["forward"] = {
            "targetGroups": [{"arn": group["TargetGroupArn"], "weight": group.get("Weight", 1)} for group in groups]
        }
        sticky = action["ForwardConfig"].get("TargetGroupStickinessConfig") or {}
        if sticky.get("DurationSeconds"):
            found["forward"]["stickiness"] = {"enabled": sticky["Enabled"], "duration": sticky["DurationSeconds"]}
    elif action["Type"] == "redirect":
        found["redirect"] = {key[0].lower() + key[1:]: value for key, value in action["RedirectConfig"].items()}
    elif action["Type"] == "fixed-response":
        answer = action["FixedResponseConfig"]
        found["fixedResponse"] = {key[0].lower() + key[1:]: value for key, value in answer.items()}
    return found
