"""The bodies of AWS requests, from a stack's parts, and their comparison with what AWS answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from testbed.loadbalancer.stack import (
    Action,
    FixedResponse,
    Forward,
    HealthCheck,
    Listener,
    LoadBalancer,
    Rule,
    SecurityGroup,
    Tags,
    TargetGroup,
)

Body = dict[str, Any]
Inbound = frozenset[tuple[int, str]]


def includes(actual: Any, wanted: Any) -> bool:
    """Whether ``actual`` says all that ``wanted`` does; AWS adds fields of its own, and writes numbers as strings."""
    if isinstance(wanted, Mapping):
        return isinstance(actual, Mapping) and all(includes(actual.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, Sequence) and not isinstance(wanted, str):
        same_length = isinstance(actual, Sequence) and len(actual) == len(wanted)
        return same_length and all(map(includes, actual, wanted))
    return str(actual) == str(wanted)


def tags(wanted: Tags) -> list[Body]:
    """As a list of keys and values."""
    return [{"Key": key, "Value": value} for key, value in sorted(wanted.items())]


def attributes(wanted: Mapping[str, str], actual: Iterable[Mapping[str, Any]]) -> list[Body]:
    """Those of ``wanted`` that have another value; an attribute that nobody asks for keeps the one it has."""
    values = {item["Key"]: str(item["Value"]) for item in actual}
    return tags({key: value for key, value in wanted.items() if values.get(key) != value})


def load_balancer(wanted: LoadBalancer) -> Body:
    """For CreateLoadBalancer."""
    return {
        "Name": wanted.name,
        "Type": "application",
        "Scheme": wanted.scheme,
        "IpAddressType": wanted.ip_address_type,
        "Subnets": list(wanted.subnets),
        "SecurityGroups": list(wanted.security_groups),
        "Tags": tags(wanted.tags),
    }


def health_check(group: TargetGroup) -> Body:
    """For ModifyTargetGroup, and as DescribeTargetGroups shows it."""
    check: HealthCheck = group.health_check
    return {
        "HealthCheckProtocol": check.protocol,
        "HealthCheckPort": check.port,
        "HealthCheckPath": check.path,
        "HealthCheckIntervalSeconds": check.interval_seconds,
        "HealthCheckTimeoutSeconds": check.timeout_seconds,
        "HealthyThresholdCount": check.healthy_threshold,
        "UnhealthyThresholdCount": check.unhealthy_threshold,
        "Matcher": {"GrpcCode" if group.protocol_version == "GRPC" else "HttpCode": check.success_codes},
    }


def target_group(wanted: TargetGroup, vpc_id: str) -> Body:
    """For CreateTargetGroup."""
    return {
        "Name": wanted.name,
        "VpcId": vpc_id,
        "Port": wanted.port,
        "Protocol": wanted.protocol,
        "ProtocolVersion": wanted.protocol_version,
        "TargetType": wanted.target_type,
        "Tags": tags(wanted.tags),
        **health_check(wanted),
    }


def targets(wanted: Iterable[tuple[str, int]]) -> list[Body]:
    """For RegisterTargets and DeregisterTargets."""
    return [{"Id": target, "Port": port} for target, port in sorted(wanted)]


def certificates(arns: Iterable[str]) -> list[Body]:
    """As a listener has them."""
    return [{"CertificateArn": arn} for arn in arns]


def listener(wanted: Listener, target_groups: Mapping[str, str]) -> Body:
    """For CreateListener and ModifyListener, and as DescribeListeners shows it."""
    body = {
        "Port": wanted.port,
        "Protocol": wanted.protocol,
        "DefaultActions": [_action(wanted.default_action, target_groups)],
    }
    if wanted.protocol == "HTTPS":
        body |= {"SslPolicy": wanted.ssl_policy, "Certificates": certificates(wanted.certificates[:1])}
    return body


def rule(wanted: Rule, target_groups: Mapping[str, str]) -> Body:
    """For CreateRule and ModifyRule."""
    conditions: list[Body] = []
    if wanted.hosts:
        conditions.append({"Field": "host-header", "HostHeaderConfig": {"Values": list(wanted.hosts)}})
    if wanted.paths:
        conditions.append({"Field": "path-pattern", "PathPatternConfig": {"Values": list(wanted.paths)}})
    return {"Conditions": conditions, "Actions": [_action(wanted.action, target_groups)]}


def same_rule(actual: Mapping[str, Any], wanted: Body) -> bool:
    """Whether a rule of DescribeRules has those conditions, in whatever order, and those actions."""
    return _conditions(actual) == _conditions(wanted) and includes(actual["Actions"], wanted["Actions"])


def _conditions(rule: Mapping[str, Any]) -> dict[str, list[str]]:
    result = {}
    for condition in rule["Conditions"]:
        config = condition.get("HostHeaderConfig") or condition.get("PathPatternConfig") or condition
        result[condition["Field"]] = sorted(config["Values"])
    return result


def _action(action: Action, target_groups: Mapping[str, str]) -> Body:
    if isinstance(action, Forward):
        return {"Type": "forward", "TargetGroupArn": target_groups[action.target_group]}
    if isinstance(action, FixedResponse):
        config = {"ContentType": "text/plain", "StatusCode": str(action.status)}
        return {"Type": "fixed-response", "FixedResponseConfig": config}
    redirect = {"Protocol": "HTTPS", "Port": str(action.port), "StatusCode": "HTTP_301"}
    return {"Type": "redirect", "RedirectConfig": redirect}


def security_group(wanted: SecurityGroup, vpc_id: str) -> Body:
    """For CreateSecurityGroup."""
    return {
        "GroupName": wanted.name,
        "Description": "[k8s] Managed SecurityGroup for LoadBalancer",
        "VpcId": vpc_id,
        "TagSpecifications": [{"ResourceType": "security-group", "Tags": tags(wanted.tags)}],
    }


def permissions(wanted: Iterable[tuple[int, str]]) -> list[Body]:
    """For the calls that authorize and revoke."""
    result = []
    for port, network in sorted(wanted):
        ranges = {"Ipv6Ranges": [{"CidrIpv6": network}]} if ":" in network else {"IpRanges": [{"CidrIp": network}]}
        result.append({"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **ranges})
    return result


def inbound(actual: Iterable[Mapping[str, Any]]) -> Inbound:
    """Ports and networks of a security group's permissions."""
    found: set[tuple[int, str]] = set()
    for permission in actual:
        networks = [item["CidrIp"] for item in permission.get("IpRanges", ())]
        networks += [item["CidrIpv6"] for item in permission.get("Ipv6Ranges", ())]
        found.update((int(permission["FromPort"]), network) for network in networks)
    return frozenset(found)
