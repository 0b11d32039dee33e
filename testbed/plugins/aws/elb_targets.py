"""``aws:lb``: target groups and what is registered with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from botocore.exceptions import ClientError

from testbed.plugins.aws import tagging
from testbed.plugins.aws.elb_rules import tag, tags_of
from testbed.plugins.aws.errors import code_of
from testbed.plugins.aws.schema import Argument, Arguments, ResourceType
from testbed.plugins.aws.session import Aws
from testbed.plugins.provider import CheckFailure, Properties, ProviderError

_IN_USE_TIMEOUT: Final = 2 * 60
#: An attribute of the API for an argument of Pulumi's.
_ATTRIBUTES: Final = {
    "deregistrationDelay": "deregistration_delay.timeout_seconds",
    "loadBalancingAlgorithmType": "load_balancing.algorithm.type",
    "slowStart": "slow_start.duration_seconds",
    "preserveClientIp": "preserve_client_ip.enabled",
}
#: What a group of a network load balancer has none of.
_OF_APPLICATIONS: Final = ("loadBalancingAlgorithmType", "slowStart")
_OF_NETWORKS: Final = ("TCP", "UDP", "TCP_UDP", "TLS")
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
_INTEGERS: Final = frozenset({"healthyThreshold", "interval", "timeout", "unhealthyThreshold"})


class TargetGroup(ResourceType):
    """Where a rule forwards to."""

    qualified_name = "aws:lb/targetGroup:TargetGroup"
    title = "ELBv2 Target Group"
    arguments: ClassVar[Arguments] = {
        "name": Argument("string", replaces=True),
        "port": Argument("int", replaces=True),
        "protocol": Argument("string", replaces=True),
        "protocolVersion": Argument("string", replaces=True, computed=True),
        "targetType": Argument("string", replaces=True, default="instance"),
        "vpcId": Argument("string", replaces=True),
        "ipAddressType": Argument("string", replaces=True, computed=True),
        "deregistrationDelay": Argument("int", default=300),
        "slowStart": Argument("int", default=0),
        "preserveClientIp": Argument("string", computed=True),
        "loadBalancingAlgorithmType": Argument("string", computed=True),
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
        "stickiness": Argument(
            "object",
            computed=True,
            fields={
                "type": Argument("string", required=True),
                "cookieDuration": Argument("int", computed=True),
                "cookieName": Argument("string"),
                "enabled": Argument("bool", default=True),
            },
        ),
    }
    attributes = frozenset({"arn", "arnSuffix", "loadBalancerArns"})
    missing = frozenset(
        {
            "connectionTermination",
            "lambdaMultiValueHeadersEnabled",
            "loadBalancingAnomalyMitigation",
            "loadBalancingCrossZoneEnabled",
            "namePrefix",
            "proxyProtocolV2",
            "targetControlPort",
            "targetFailovers",
            "targetGroupHealth",
            "targetHealthStates",
        }
    )
    tagged = True
    autonamed = "name"
    longest_name = 32

    def check(self, inputs: Properties) -> Iterator[CheckFailure]:
        """All but a Lambda target need port, protocol and VPC."""
        if inputs["targetType"] == "lambda":
            return
        for key in ("port", "protocol", "vpcId"):
            if key not in inputs:
                yield CheckFailure(key, f"Attribute {key!r} must be specified when 'targetType' is 'instance' or 'ip'")

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """AWS would answer with an equal group of the same name: the official provider refuses."""
        client = aws.client("elbv2")
        name = inputs["name"]
        if _find(aws, Names=[name]):
            raise ProviderError(f"ELBv2 Target Group ({name}) already exists")
        wanted = {
            "Name": name,
            "Port": inputs.get("port"),
            "Protocol": inputs.get("protocol"),
            "ProtocolVersion": inputs.get("protocolVersion"),
            "TargetType": inputs["targetType"],
            "VpcId": inputs.get("vpcId"),
            "IpAddressType": inputs.get("ipAddressType"),
            "Tags": tagging.to_list(inputs.get("tagsAll")),
            **_to_health(inputs.get("healthCheck") or {}),
        }
        answer = client.create_target_group(**{key: value for key, value in wanted.items() if value not in (None, [])})
        arn = str(answer["TargetGroups"][0]["TargetGroupArn"])
        _set_attributes(aws, arn, {}, inputs)
        return arn

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """With its attributes, which are a call of their own."""
        found = _find(aws, TargetGroupArns=[id])
        if found is None:
            return None
        answer = aws.client("elbv2").describe_target_group_attributes(TargetGroupArn=id)["Attributes"]
        attributes = tagging.to_dict(answer)
        health = {key: found.get(name) for key, name in _HEALTH.items()}
        matcher = found.get("Matcher") or {}
        return {
            "arn": id,
            "arnSuffix": id.rsplit(":", 1)[-1],
            "loadBalancerArns": found.get("LoadBalancerArns") or [],
            "name": found["TargetGroupName"],
            "port": found.get("Port"),
            "protocol": found.get("Protocol"),
            "protocolVersion": found.get("ProtocolVersion"),
            "targetType": found["TargetType"],
            "vpcId": found.get("VpcId"),
            "ipAddressType": found.get("IpAddressType"),
            "healthCheck": {
                key: int(value) if key in _INTEGERS else value for key, value in health.items() if value is not None
            }
            | {"matcher": matcher.get("HttpCode") or matcher.get("GrpcCode") or ""},
            "stickiness": _from_stickiness(attributes),
            "deregistrationDelay": int(attributes.get(_ATTRIBUTES["deregistrationDelay"], 300)),
            "slowStart": int(attributes.get(_ATTRIBUTES["slowStart"], 0)),
            "preserveClientIp": attributes.get(_ATTRIBUTES["preserveClientIp"], ""),
            "loadBalancingAlgorithmType": attributes.get(_ATTRIBUTES["loadBalancingAlgorithmType"], ""),
            "tagsAll": tags_of(aws, id),
        }

    def update(self, aws: Aws, id: str, old: Properties, new: Properties, timeout: float) -> None:
        """Health check and attributes."""
        health = new.get("healthCheck")
        if health and health != old.get("healthCheck"):
            aws.client("elbv2").modify_target_group(TargetGroupArn=id, **_to_health(health))
        _set_attributes(aws, id, old, new)

    def tag(self, aws: Aws, id: str, put: Mapping[str, str], drop: list[str]) -> None:
        """As for all of the service."""
        tag(aws, id, put, drop)

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """Insists while a rule that goes away still routes to it."""
        try:
            aws.insist(
                lambda: aws.client("elbv2").delete_target_group(TargetGroupArn=id),
                {"ResourceInUse"},
                timeout or _IN_USE_TIMEOUT,
            )
        except ClientError as error:
            if code_of(error) != "TargetGroupNotFound":
                raise


class TargetGroupAttachment(ResourceType):
    """One registered target."""

    qualified_name = "aws:lb/targetGroupAttachment:TargetGroupAttachment"
    title = "ELBv2 Target Group Attachment"
    arguments: ClassVar[Arguments] = {
        "targetGroupArn": Argument("string", required=True, replaces=True),
        "targetId": Argument("string", required=True, replaces=True),
        "port": Argument("int", replaces=True, computed=True),
        "availabilityZone": Argument("string", replaces=True, computed=True),
    }
    missing = frozenset({"quicServerId"})

    def label(self, inputs: Properties) -> str:
        """The target."""
        return str(inputs["targetId"])

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """Group, target and port make the id."""
        arn, target = inputs["targetGroupArn"], _target(inputs)
        aws.client("elbv2").register_targets(TargetGroupArn=arn, Targets=[target])
        port = f",{inputs['port']}" if inputs.get("port") else ""
        return f"{arn},{inputs['targetId']}{port}"

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """Gone when the load balancer says that it is not registered."""
        known = state if state.get("targetId") else _target_of(id)
        try:
            answer = aws.client("elbv2").describe_target_health(
                TargetGroupArn=known["targetGroupArn"], Targets=[_target(known)]
            )
        except ClientError as error:
            if code_of(error) in ("InvalidTarget", "TargetGroupNotFound"):
                return None
            raise
        for found in answer["TargetHealthDescriptions"]:
            reason = found.get("TargetHealth", {}).get("Reason")
            if reason not in ("Target.NotRegistered", "Target.DeregistrationInProgress"):
                port = found["Target"].get("Port") if known.get("port") else None
                zone = known.get("availabilityZone")
                group, target = known["targetGroupArn"], known["targetId"]
                return {"targetGroupArn": group, "targetId": target, "port": port, "availabilityZone": zone}
        return None

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """One that is not registered is not an error."""
        known = state if state.get("targetId") else _target_of(id)
        try:
            aws.client("elbv2").deregister_targets(TargetGroupArn=known["targetGroupArn"], Targets=[_target(known)])
        except ClientError as error:
            if code_of(error) not in ("InvalidTarget", "TargetGroupNotFound"):
                raise


def _find(aws: Aws, **by: list[str]) -> dict[str, Any] | None:
    try:
        groups = aws.client("elbv2").describe_target_groups(**by)["TargetGroups"]
    except ClientError as error:
        if code_of(error) == "TargetGroupNotFound":
            return None
        raise
    return dict(groups[0]) if groups else None


def _to_health(health: Properties) -> dict[str, Any]:
    wanted = {name: health[key] for key, name in _HEALTH.items() if health.get(key) is not None}
    if health.get("matcher"):
        wanted["Matcher"] = {"HttpCode": health["matcher"]}
    return wanted


def _set_attributes(aws: Aws, arn: str, old: Properties, new: Properties) -> None:
    wanted = {
        name: str(new[key])
        for key, name in _ATTRIBUTES.items()
        if new.get(key) is not None and new[key] != old.get(key)
    }
    stickiness = new.get("stickiness")
    if stickiness and stickiness != old.get("stickiness"):
        wanted["stickiness.enabled"] = str(stickiness["enabled"]).lower()
        wanted["stickiness.type"] = stickiness["type"]
        if stickiness["type"] == "app_cookie":
            wanted["stickiness.app_cookie.cookie_name"] = stickiness["cookieName"]
        if stickiness.get("cookieDuration"):
            wanted[f"stickiness.{stickiness['type']}.duration_seconds"] = str(stickiness["cookieDuration"])
    if new.get("protocol") in _OF_NETWORKS:
        for key in _OF_APPLICATIONS:
            wanted.pop(_ATTRIBUTES[key], None)
    if new["targetType"] == "lambda":
        wanted.pop(_ATTRIBUTES["deregistrationDelay"], None)
        wanted.pop(_ATTRIBUTES["slowStart"], None)
    if wanted:
        attributes = [{"Key": key, "Value": value} for key, value in wanted.items()]
        aws.client("elbv2").modify_target_group_attributes(TargetGroupArn=arn, Attributes=attributes)


def _from_stickiness(attributes: Mapping[str, str]) -> Properties:
    kind = attributes.get("stickiness.type", "")
    found: Properties = {"enabled": attributes.get("stickiness.enabled") == "true", "type": kind}
    if duration := attributes.get(f"stickiness.{kind}.duration_seconds"):
        found["cookieDuration"] = int(duration)
    if name := attributes.get("stickiness.app_cookie.cookie_name"):
        found["cookieName"] = name
    return found


def _target(known: Properties) -> dict[str, Any]:
    wanted = {"Id": known["targetId"], "Port": known.get("port"), "AvailabilityZone": known.get("availabilityZone")}
    return {key: value for key, value in wanted.items() if value is not None}


def _target_of(id: str) -> Properties:
    arn, target, *port = id.split(",")
    return {"targetGroupArn": arn, "targetId": target, "port": int(port[0]) if port else None}
