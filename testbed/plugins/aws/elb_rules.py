"""``aws:lb``: listener rules, and the certificates that a listener serves beside its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from botocore.exceptions import ClientError

from testbed.plugins.aws import tagging
from testbed.plugins.aws.errors import code_of
from testbed.plugins.aws.schema import Argument, Arguments, ResourceType
from testbed.plugins.aws.session import Aws
from testbed.plugins.provider import CheckFailure, Properties

_PRIORITIES: Final = range(1, 50001)
_PRIORITY_TIMEOUT: Final = 5 * 60
#: Also how long a certificate may take to become known to the load balancer.
_CERTIFICATE_TIMEOUT: Final = 5 * 60
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


def find_rule(aws: Aws, arn: str) -> dict[str, Any] | None:
    """What AWS says of the rule; None if there is none."""
    try:
        rules = aws.client("elbv2").describe_rules(RuleArns=[arn])["Rules"]
    except ClientError as error:
        if code_of(error) in ("RuleNotFound", "ListenerNotFound", "LoadBalancerNotFound"):
            return None
        raise
    return dict(rules[0]) if rules else None


def tags_of(aws: Aws, arn: str) -> dict[str, str]:
    """The tags of anything of Elastic Load Balancing."""
    return tagging.to_dict(aws.client("elbv2").describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"])


def tag(aws: Aws, arn: str, put: Mapping[str, str], drop: list[str]) -> None:
    """Changes the tags of anything of Elastic Load Balancing."""
    if drop:
        aws.client("elbv2").remove_tags(ResourceArns=[arn], TagKeys=drop)
    if put:
        aws.client("elbv2").add_tags(ResourceArns=[arn], Tags=tagging.to_list(put))


def _conditions_form(conditions: list[Properties]) -> list[Properties]:
    return sorted((_condition_form(condition) for condition in conditions), key=repr)


def _condition_form(condition: Properties) -> Properties:
    return {
        key: {**value, "values": sorted(value.get("values") or [])}
        if isinstance(value, dict)
        else sorted(value, key=repr)
        for key, value in condition.items()
        if value
    }


def _actions_form(actions: list[Properties]) -> list[Properties]:
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


class ListenerRule(ResourceType):
    """A rule that forwards, redirects or answers by itself."""

    qualified_name = "aws:lb/listenerRule:ListenerRule"
    title = "ELBv2 Listener Rule"
    arguments: ClassVar[Arguments] = {
        "listenerArn": Argument("string", required=True, replaces=True),
        "priority": Argument("int", computed=True),
        "conditions": Argument(
            "list",
            required=True,
            same=_conditions_form,
            fields={
                "hostHeader": Argument("object", fields=_VALUES),
                "pathPattern": Argument("object", fields=_VALUES),
                "httpHeader": Argument(
                    "object", fields={**_VALUES, "httpHeaderName": Argument("string", required=True)}
                ),
                "httpRequestMethod": Argument("object", fields=_VALUES),
                "queryStrings": Argument(
                    "list", fields={"key": Argument("string"), "value": Argument("string", required=True)}
                ),
                "sourceIp": Argument("object", fields=_VALUES),
            },
        ),
        "actions": Argument(
            "list",
            required=True,
            same=_actions_form,
            fields={
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
            },
        ),
    }
    attributes = frozenset({"arn"})
    missing = frozenset({"transforms"})
    tagged = True

    def label(self, inputs: Properties) -> str:
        """Its listener."""
        return str(inputs["listenerArn"])

    def check(self, inputs: Properties) -> Iterator[CheckFailure]:
        """Priorities, and the types of action."""
        priority = inputs.get("priority")
        if isinstance(priority, int) and priority not in _PRIORITIES:
            yield CheckFailure("priority", f"expected priority to be in the range (1 - 50000), got {priority}")
        actions = inputs["actions"]
        for index, action in enumerate(actions if isinstance(actions, list) else []):
            kind = action.get("type") if isinstance(action, dict) else None
            if isinstance(kind, str) and kind not in ("forward", "redirect", "fixed-response"):
                yield CheckFailure(
                    f"actions[{index}].type",
                    f"expected type to be one of [forward redirect fixed-response], got {kind}",
                )

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """At the given priority, or after the last rule."""
        client = aws.client("elbv2")
        wanted = {
            "ListenerArn": inputs["listenerArn"],
            "Conditions": [_to_condition(condition) for condition in inputs["conditions"]],
            "Actions": [_to_action(index, action) for index, action in enumerate(inputs["actions"], 1)],
        }
        tags = tagging.to_list(inputs.get("tagsAll"))
        if tags:
            wanted["Tags"] = tags
        if inputs.get("priority"):
            return _arn(client.create_rule(**wanted, Priority=inputs["priority"]))
        # Another rule may take the last place first.
        return aws.insist(
            lambda: _arn(client.create_rule(**wanted, Priority=_after_the_last(aws, inputs["listenerArn"]))),
            {"PriorityInUse"},
            timeout or _PRIORITY_TIMEOUT,
        )

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """The listener is part of the ARN."""
        rule = find_rule(aws, id)
        if rule is None:
            return None
        known = state.get("actions") or []
        actions = sorted(rule["Actions"], key=lambda action: action.get("Order") or 0)
        return {
            "arn": id,
            "listenerArn": id.replace(":listener-rule/", ":listener/").rsplit("/", 1)[0],
            "priority": int(rule["Priority"]),
            "conditions": [_from_condition(condition) for condition in rule["Conditions"]],
            "actions": [
                _from_action(index, action, known[index - 1] if index <= len(known) else {})
                for index, action in enumerate(actions, 1)
            ],
            "tagsAll": tags_of(aws, id),
        }

    def update(self, aws: Aws, id: str, old: Properties, new: Properties, timeout: float) -> None:
        """The priority is a call of its own."""
        client = aws.client("elbv2")
        if new.get("priority") and new["priority"] != old.get("priority"):
            client.set_rule_priorities(RulePriorities=[{"RuleArn": id, "Priority": new["priority"]}])
        client.modify_rule(
            RuleArn=id,
            Conditions=[_to_condition(condition) for condition in new["conditions"]],
            Actions=[_to_action(index, action) for index, action in enumerate(new["actions"], 1)],
        )

    def tag(self, aws: Aws, id: str, put: Mapping[str, str], drop: list[str]) -> None:
        """As for all of the service."""
        tag(aws, id, put, drop)

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """One that is gone is no error."""
        try:
            aws.client("elbv2").delete_rule(RuleArn=id)
        except ClientError as error:
            if code_of(error) != "RuleNotFound":
                raise


class ListenerCertificate(ResourceType):
    """One more certificate of a listener."""

    qualified_name = "aws:lb/listenerCertificate:ListenerCertificate"
    title = "ELBv2 Listener Certificate"
    arguments: ClassVar[Arguments] = {
        "certificateArn": Argument("string", required=True, replaces=True),
        "listenerArn": Argument("string", required=True, replaces=True),
    }

    def label(self, inputs: Properties) -> str:
        """Both ARNs, as in its id."""
        return f"{inputs['listenerArn']}_{inputs['certificateArn']}"

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """Insists while the listener does not know the certificate yet."""
        aws.insist(
            lambda: aws.client("elbv2").add_listener_certificates(
                ListenerArn=inputs["listenerArn"], Certificates=[{"CertificateArn": inputs["certificateArn"]}]
            ),
            {"CertificateNotFound"},
            timeout or _CERTIFICATE_TIMEOUT,
        )
        return self.label(inputs)

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """There if the listener lists it."""
        listener, _, certificate = id.partition("_")
        try:
            pages = aws.client("elbv2").get_paginator("describe_listener_certificates").paginate(ListenerArn=listener)
            arns = {item["CertificateArn"] for page in pages for item in page["Certificates"]}
        except ClientError as error:
            if code_of(error) == "ListenerNotFound":
                return None
            raise
        return {"listenerArn": listener, "certificateArn": certificate} if certificate in arns else None

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """The certificate itself stays."""
        listener, _, certificate = id.partition("_")
        try:
            aws.client("elbv2").remove_listener_certificates(
                ListenerArn=listener, Certificates=[{"CertificateArn": certificate}]
            )
        except ClientError as error:
            if code_of(error) not in ("ListenerNotFound", "CertificateNotFound"):
                raise


def _arn(answer: Mapping[str, Any]) -> str:
    return str(answer["Rules"][0]["RuleArn"])


def _after_the_last(aws: Aws, listener: str) -> int:
    pages = aws.client("elbv2").get_paginator("describe_rules").paginate(ListenerArn=listener)
    taken = [int(rule["Priority"]) for page in pages for rule in page["Rules"] if rule["Priority"] != "default"]
    return max(taken, default=0) + 1


def _to_condition(condition: Properties) -> dict[str, Any]:
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


def _from_condition(condition: Mapping[str, Any]) -> Properties:
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


def _to_action(index: int, action: Properties) -> dict[str, Any]:
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


def _from_action(index: int, action: Mapping[str, Any], known: Properties) -> Properties:
    """``known`` is how the program put it: AWS answers a forward in both ways."""
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
