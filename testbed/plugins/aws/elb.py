"""``aws:lb``: listeners of network load balancers, rules of others, and the certificates that a listener serves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from testbed.plugins.aws.calls import from_tags, properties
from testbed.plugins.aws.schema import Argument, Arguments, ResourceType
from testbed.plugins.aws.session import Aws
from testbed.plugins.provider import CheckFailure, Properties

_PRIORITY_TIMEOUT: Final = 5 * 60
#: Also how long a certificate may take to become known to the load balancer.
_CERTIFICATE_TIMEOUT: Final = 5 * 60


class OfLoadBalancers(ResourceType):
    """Something of Elastic Load Balancing, with its ARN for its id."""

    service = "elbv2"
    tagged_by = ("add_tags", "remove_tags", "ResourceArns")

    @staticmethod
    def tags_of(aws: Aws, arn: str) -> dict[str, str]:
        """The tags that it has."""
        return from_tags(aws.call("describe_tags", ResourceArns=[arn])["TagDescriptions"][0]["Tags"])


def _actions_form(actions: list[Properties]) -> list[Properties]:
    """An action has its place by its order."""
    return [{**action, "order": action.get("order") or index} for index, action in enumerate(actions, 1)]


def _conditions_form(conditions: list[Properties]) -> list[list[str]]:
    """The order of conditions, and of the values of one, means nothing."""
    return sorted(sorted((condition.get("hostHeader") or {}).get("values") or []) for condition in conditions)


_ACTIONS: Final = Argument(
    "list",
    required=True,
    same=_actions_form,
    fields={
        "type": Argument("string", required=True),
        "order": Argument("int", computed=True),
        "targetGroupArn": Argument("string", required=True),
    },
)
_HOSTS: Final = {"values": Argument("list", required=True, unordered=True)}
_CONDITIONS: Final = Argument(
    "list",
    required=True,
    same=_conditions_form,
    fields={"hostHeader": Argument("object", required=True, fields=_HOSTS)},
)


def _to_conditions(conditions: list[Properties]) -> list[dict[str, Any]]:
    return [
        {"Field": "host-header", "HostHeaderConfig": {"Values": each["hostHeader"]["values"]}} for each in conditions
    ]


def _from_condition(condition: Mapping[str, Any]) -> Properties:
    """A condition of another kind, which another owner has made of it, shows as no host."""
    found = condition.get("HostHeaderConfig") or {}
    return {"hostHeader": {"values": list(found.get("Values") or condition.get("Values") or [])}}


def _from_actions(actions: list[dict[str, Any]]) -> list[Properties]:
    """AWS answers a forward in two ways; an action of another kind has no group."""
    found = []
    for index, action in enumerate(sorted(actions, key=lambda action: action.get("Order") or 0), 1):
        groups = (action.get("ForwardConfig") or {}).get("TargetGroups") or [{}]
        arn = action.get("TargetGroupArn") or groups[0].get("TargetGroupArn")
        found.append({"type": action["Type"], "order": action.get("Order") or index, "targetGroupArn": arn})
    return found


def _unknown_actions(name: str, inputs: Properties) -> Iterator[CheckFailure]:
    actions = inputs.get(name)
    for index, action in enumerate(actions if isinstance(actions, list) else []):
        kind = action.get("type") if isinstance(action, dict) else None
        if isinstance(kind, str) and kind != "forward":
            yield CheckFailure(f"{name}[{index}].type", f"this stand-in knows forward only, not {kind}")


class Listener(OfLoadBalancers):
    """A listener that forwards TCP."""

    qualified_name = "aws:lb/listener:Listener"
    title = "ELBv2 Listener"
    checked_by = "CreateListener"
    gone = ("ListenerNotFound", "LoadBalancerNotFound")
    labelled_by = "loadBalancerArn"
    arguments: ClassVar[Arguments] = {
        "loadBalancerArn": Argument("string", required=True, replaces=True),
        "port": Argument("int"),
        "protocol": Argument("string", computed=True),
        "defaultActions": _ACTIONS,
    }
    attributes = frozenset({"arn"})

    def check(self, inputs: Properties) -> Iterator[CheckFailure]:
        """Actions that this stand-in has, too."""
        yield from super().check(inputs)
        yield from _unknown_actions("defaultActions", inputs)

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """AWS refuses a second one at a port."""
        return str(aws.call("create_listener", _numbered(inputs))["Listeners"][0]["ListenerArn"])

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """As AWS describes it."""
        for found in aws.call("describe_listeners", ListenerArns=[id])["Listeners"]:
            actions = _from_actions(found["DefaultActions"])
            return {**properties(found), "arn": id, "defaultActions": actions, "tagsAll": self.tags_of(aws, id)}
        return None

    def update(self, aws: Aws, id: str, old: Properties, new: Properties, timeout: float) -> None:
        """All of it at once."""
        aws.call("modify_listener", _numbered(new), ListenerArn=id)

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """The target group stays."""
        aws.call("delete_listener", ListenerArn=id)


def _numbered(inputs: Properties) -> Properties:
    """The inputs with the order of each action, which AWS wants."""
    return {**inputs, **{key: _actions_form(inputs[key]) for key in ("actions", "defaultActions") if key in inputs}}


class ListenerRule(OfLoadBalancers):
    """A rule that forwards what comes for a host."""

    qualified_name = "aws:lb/listenerRule:ListenerRule"
    title = "ELBv2 Listener Rule"
    checked_by = "CreateRule"
    gone = ("RuleNotFound", "ListenerNotFound", "LoadBalancerNotFound")
    labelled_by = "listenerArn"
    arguments: ClassVar[Arguments] = {
        "listenerArn": Argument("string", required=True, replaces=True),
        "priority": Argument("int", computed=True),
        "conditions": _CONDITIONS,
        "actions": _ACTIONS,
    }
    attributes = frozenset({"arn"})

    def check(self, inputs: Properties) -> Iterator[CheckFailure]:
        """Actions that this stand-in has, too."""
        yield from super().check(inputs)
        yield from _unknown_actions("actions", inputs)

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """At the given priority, or after the last rule."""

        def make() -> str:
            priority = inputs.get("priority") or _after_the_last(aws, inputs["listenerArn"])
            conditions = _to_conditions(inputs["conditions"])
            made = aws.call("create_rule", _numbered(inputs), Conditions=conditions, Priority=priority)
            return str(made["Rules"][0]["RuleArn"])

        # Another rule may take the last place first.
        again = () if inputs.get("priority") else ("PriorityInUse",)
        return aws.insist(make, again, timeout or _PRIORITY_TIMEOUT)

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """The listener is part of the ARN."""
        for found in aws.call("describe_rules", RuleArns=[id])["Rules"]:
            return {
                "arn": id,
                "listenerArn": id.replace(":listener-rule/", ":listener/").rsplit("/", 1)[0],
                "priority": int(found["Priority"]),
                "conditions": [_from_condition(condition) for condition in found["Conditions"]],
                "actions": _from_actions(found["Actions"]),
                "tagsAll": self.tags_of(aws, id),
            }
        return None

    def update(self, aws: Aws, id: str, old: Properties, new: Properties, timeout: float) -> None:
        """The priority is a call of its own."""
        if new.get("priority") and new["priority"] != old.get("priority"):
            aws.call("set_rule_priorities", RulePriorities=[{"RuleArn": id, "Priority": new["priority"]}])
        aws.call("modify_rule", _numbered(new), RuleArn=id, Conditions=_to_conditions(new["conditions"]))

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """The target group stays."""
        aws.call("delete_rule", RuleArn=id)


def _after_the_last(aws: Aws, listener: str) -> int:
    pages = aws.pages("describe_rules", ListenerArn=listener)
    taken = [int(rule["Priority"]) for page in pages for rule in page["Rules"] if rule["Priority"] != "default"]
    return max(taken, default=0) + 1


class ListenerCertificate(ResourceType):
    """One more certificate of a listener."""

    qualified_name = "aws:lb/listenerCertificate:ListenerCertificate"
    title = "ELBv2 Listener Certificate"
    service = "elbv2"
    gone = ("ListenerNotFound", "CertificateNotFound")
    arguments: ClassVar[Arguments] = {
        "certificateArn": Argument("string", required=True, replaces=True),
        "listenerArn": Argument("string", required=True, replaces=True),
    }

    def label(self, inputs: Properties) -> str:
        """Both ARNs, as in its id."""
        return f"{inputs['listenerArn']}_{inputs['certificateArn']}"

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """Insists while the listener does not know the certificate yet."""
        certificates = [{"CertificateArn": inputs["certificateArn"]}]
        aws.insist(
            lambda: aws.call("add_listener_certificates", inputs, Certificates=certificates),
            {"CertificateNotFound"},
            timeout or _CERTIFICATE_TIMEOUT,
        )
        return self.label(inputs)

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """There if the listener lists it."""
        listener, _, certificate = id.partition("_")
        pages = aws.pages("describe_listener_certificates", ListenerArn=listener)
        served = {each["CertificateArn"] for page in pages for each in page["Certificates"]}
        return {"listenerArn": listener, "certificateArn": certificate} if certificate in served else None

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """The certificate itself stays."""
        listener, _, certificate = id.partition("_")
        certificates = [{"CertificateArn": certificate}]
        aws.call("remove_listener_certificates", ListenerArn=listener, Certificates=certificates)
