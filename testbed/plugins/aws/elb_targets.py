"""``aws:lb``: target groups and what is registered with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Final

from testbed.plugins.aws.calls import from_tags, properties
from testbed.plugins.aws.elb import OfLoadBalancers
from testbed.plugins.aws.errors import passing_over
from testbed.plugins.aws.schema import Argument, Arguments, ResourceType
from testbed.plugins.aws.session import Aws
from testbed.plugins.provider import CheckFailure, Properties, ProviderError

_IN_USE_TIMEOUT: Final = 2 * 60
_PRESERVE_CLIENT_IP: Final = "preserve_client_ip.enabled"
#: The parts of a health check, by the API's names of them.
_HEALTH: Final = {
    "enabled": "HealthCheckEnabled",
    "healthyThreshold": "HealthyThresholdCount",
    "interval": "HealthCheckIntervalSeconds",
    "path": "HealthCheckPath",
    "port": "HealthCheckPort",
    "protocol": "HealthCheckProtocol",
    "timeout": "HealthCheckTimeoutSeconds",
    "unhealthyThreshold": "UnhealthyThresholdCount",
}


class TargetGroup(OfLoadBalancers):
    """Where a rule forwards to: instances, or addresses."""

    qualified_name = "aws:lb/targetGroup:TargetGroup"
    title = "ELBv2 Target Group"
    checked_by = "CreateTargetGroup"
    gone = ("TargetGroupNotFound",)
    arguments: ClassVar[Arguments] = {
        "name": Argument("string", replaces=True),
        "port": Argument("int", replaces=True),
        "protocol": Argument("string", replaces=True),
        "protocolVersion": Argument("string", replaces=True, computed=True),
        "targetType": Argument("string", replaces=True, default="instance"),
        "vpcId": Argument("string", replaces=True),
        "ipAddressType": Argument("string", replaces=True, computed=True),
        "preserveClientIp": Argument("string", computed=True),
        "healthCheck": Argument(
            "object",
            computed=True,
            fields={
                "enabled": Argument("bool", default=True),
                "healthyThreshold": Argument("int", computed=True),
                "interval": Argument("int", default=30),
                "matcher": Argument("string", computed=True),
                "path": Argument("string", computed=True),
                "port": Argument("string", default="traffic-port"),
                "protocol": Argument("string", computed=True),
                "timeout": Argument("int", computed=True),
                "unhealthyThreshold": Argument("int", computed=True),
            },
        ),
    }
    attributes = frozenset({"arn", "arnSuffix", "loadBalancerArns"})
    autonamed = "name"
    longest_name = 32

    def check(self, inputs: Properties) -> Iterator[CheckFailure]:
        """It needs port, protocol and VPC: a Lambda target is not among what the testbed needs."""
        yield from super().check(inputs)
        for key in ("port", "protocol", "vpcId"):
            if key not in inputs:
                yield CheckFailure(key, f"Attribute {key!r} must be specified when 'targetType' is 'instance' or 'ip'")

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """AWS would answer with an equal group of the same name: the official provider refuses."""
        name = inputs["name"]
        with passing_over(self.gone):
            aws.call("describe_target_groups", Names=[name])
            raise ProviderError(f"ELBv2 Target Group ({name}) already exists")
        made = aws.call("create_target_group", inputs, **_to_health(inputs.get("healthCheck") or {}))
        arn = str(made["TargetGroups"][0]["TargetGroupArn"])
        _preserve_client_ip(aws, arn, {}, inputs)
        return arn

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """With its attributes, which are a call of their own."""
        (found,) = aws.call("describe_target_groups", TargetGroupArns=[id])["TargetGroups"]
        attributes = from_tags(aws.call("describe_target_group_attributes", TargetGroupArn=id)["Attributes"])
        matcher = found.get("Matcher") or {}
        return {
            **properties(found),
            "arn": id,
            "arnSuffix": id.rsplit(":", 1)[-1],
            "name": found["TargetGroupName"],
            "healthCheck": {
                **{key: found[name] for key, name in _HEALTH.items() if found.get(name) is not None},
                "matcher": matcher.get("HttpCode") or matcher.get("GrpcCode") or "",
            },
            "preserveClientIp": attributes.get(_PRESERVE_CLIENT_IP, ""),
            "tagsAll": self.tags_of(aws, id),
        }

    def update(self, aws: Aws, id: str, old: Properties, new: Properties, timeout: float) -> None:
        """Health check and attributes."""
        health = new.get("healthCheck")
        if health and health != old.get("healthCheck"):
            aws.call("modify_target_group", TargetGroupArn=id, **_to_health(health))
        _preserve_client_ip(aws, id, old, new)

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """Insists while a rule that goes away still routes to it."""
        aws.insist(
            lambda: aws.call("delete_target_group", TargetGroupArn=id), {"ResourceInUse"}, timeout or _IN_USE_TIMEOUT
        )


class TargetGroupAttachment(ResourceType):
    """One registered target; group, target and port make its id."""

    qualified_name = "aws:lb/targetGroupAttachment:TargetGroupAttachment"
    title = "ELBv2 Target Group Attachment"
    service = "elbv2"
    gone = ("InvalidTarget", "TargetGroupNotFound")
    labelled_by = "targetId"
    arguments: ClassVar[Arguments] = {
        "targetGroupArn": Argument("string", required=True, replaces=True),
        "targetId": Argument("string", required=True, replaces=True),
        "port": Argument("int", replaces=True, computed=True),
    }

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """Registers it."""
        aws.call("register_targets", inputs, Targets=[_target(inputs)])
        port = f",{inputs['port']}" if inputs.get("port") else ""
        return f"{inputs['targetGroupArn']},{inputs['targetId']}{port}"

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """Gone when the load balancer says that it is not registered."""
        known = _target_of(id)
        for found in aws.call("describe_target_health", known, Targets=[_target(known)])["TargetHealthDescriptions"]:
            reason = found.get("TargetHealth", {}).get("Reason")
            if reason not in ("Target.NotRegistered", "Target.DeregistrationInProgress"):
                return known
        return None

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """The target itself stays."""
        known = _target_of(id)
        aws.call("deregister_targets", known, Targets=[_target(known)])


def _to_health(health: Properties) -> dict[str, Any]:
    matcher = {"HttpCode": health["matcher"]} if health.get("matcher") else None
    return {**{name: health.get(key) for key, name in _HEALTH.items()}, "Matcher": matcher}


def _preserve_client_ip(aws: Aws, arn: str, old: Properties, new: Properties) -> None:
    wanted = new.get("preserveClientIp")
    if wanted is not None and wanted != old.get("preserveClientIp"):
        attributes = [{"Key": _PRESERVE_CLIENT_IP, "Value": wanted}]
        aws.call("modify_target_group_attributes", TargetGroupArn=arn, Attributes=attributes)


def _target(known: Properties) -> dict[str, Any]:
    port = {"Port": known["port"]} if known.get("port") else {}
    return {"Id": known["targetId"], **port}


def _target_of(id: str) -> Properties:
    arn, target, *port = id.split(",")
    return {"targetGroupArn": arn, "targetId": target, "port": int(port[0]) if port else None}
