"""``aws:lb``: listener rules, and the certificates that a listener serves beside its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from botocore.exceptions import ClientError

from testbed.plugins.aws import elb_rule_parts as parts
from testbed.plugins.aws import tagging
from testbed.plugins.aws.errors import code_of
from testbed.plugins.aws.schema import Argument, Arguments, ResourceType
from testbed.plugins.aws.session import Aws
from testbed.plugins.provider import CheckFailure, Properties

_PRIORITIES: Final = range(1, 50001)
_PRIORITY_TIMEOUT: Final = 5 * 60
#: Also how long a certificate may take to become known to the load balancer.
_CERTIFICATE_TIMEOUT: Final = 5 * 60


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


class ListenerRule(ResourceType):
    """A rule that forwards what comes for a host."""

    qualified_name = "aws:lb/listenerRule:ListenerRule"
    title = "ELBv2 Listener Rule"
    arguments: ClassVar[Arguments] = {
        "listenerArn": Argument("string", required=True, replaces=True),
        "priority": Argument("int", computed=True),
        "conditions": Argument("list", required=True, same=parts.conditions_form, fields=parts.CONDITION),
        "actions": Argument("list", required=True, same=parts.actions_form, fields=parts.ACTION),
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
            if isinstance(kind, str) and kind != "forward":
                yield CheckFailure(f"actions[{index}].type", f"this stand-in knows forward only, not {kind}")

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """At the given priority, or after the last rule."""
        client = aws.client("elbv2")
        wanted = {
            "ListenerArn": inputs["listenerArn"],
            "Conditions": [parts.to_condition(condition) for condition in inputs["conditions"]],
            "Actions": [parts.to_action(index, action) for index, action in enumerate(inputs["actions"], 1)],
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
        actions = sorted(rule["Actions"], key=lambda action: action.get("Order") or 0)
        return {
            "arn": id,
            "listenerArn": id.replace(":listener-rule/", ":listener/").rsplit("/", 1)[0],
            "priority": int(rule["Priority"]),
            "conditions": [parts.from_condition(condition) for condition in rule["Conditions"]],
            "actions": [parts.from_action(index, action) for index, action in enumerate(actions, 1)],
            "tagsAll": tags_of(aws, id),
        }

    def update(self, aws: Aws, id: str, old: Properties, new: Properties, timeout: float) -> None:
        """The priority is a call of its own."""
        client = aws.client("elbv2")
        if new.get("priority") and new["priority"] != old.get("priority"):
            client.set_rule_priorities(RulePriorities=[{"RuleArn": id, "Priority": new["priority"]}])
        client.modify_rule(
            RuleArn=id,
            Conditions=[parts.to_condition(condition) for condition in new["conditions"]],
            Actions=[parts.to_action(index, action) for index, action in enumerate(new["actions"], 1)],
        )

    def tag(self, aws: Aws, id: str, put: Mapping[str, str], drop: list[str]) -> None:
        """As for all of the service."""
        tag(aws, id, put, drop)

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """One that is gone is not an error."""
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
