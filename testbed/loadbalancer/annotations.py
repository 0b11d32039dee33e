"""Every annotation that the AWS Load Balancer Controller documents, and the values it takes.

Follows the controller's guide, "Ingress annotations". The controller ignores an annotation that it doesn't know, and so
a misspelt one; here it is an error, because a test should find it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from testbed.loadbalancer import grammar as g

PREFIX: Final = "alb.ingress.kubernetes.io/"
_ARN = r"arn:aws[a-z-]*:{service}:[a-z0-9-]+:[0-9]{{12}}:{resource}"
_CERTIFICATE = (
    _ARN.format(service="acm", resource="certificate/.+") + "|arn:aws[a-z-]*:iam::[0-9]{12}:server-certificate/.+"
)


class AnnotationError(ValueError):
    """Annotations that are unknown or malformed; the message lists them all."""


@dataclass(frozen=True)
class Annotation:
    """One annotation.

    Attributes:
        parse: from the string to the value.
        type: the word for its type in the controller's messages; empty where the parser's reason says it all.
        on_service: whether it may stand on a Service too, where it wins over the Ingress.
        harmless: where the stand-in doesn't act on this annotation: the values for which that makes no difference.
    """

    parse: g.Parser
    type: str = ""
    on_service: bool = False
    harmless: tuple[str, ...] | None = None


LOAD_BALANCER_ATTRIBUTES: Final[Mapping[str, g.Parser]] = {
    "access_logs.s3.bucket": g.anything,
    "access_logs.s3.enabled": g.one_of("true", "false"),
    "access_logs.s3.prefix": g.anything,
    "client_keep_alive.seconds": g.integer(60, 604800),
    "connection_logs.s3.bucket": g.anything,
    "connection_logs.s3.enabled": g.one_of("true", "false"),
    "connection_logs.s3.prefix": g.anything,
    "deletion_protection.enabled": g.one_of("true", "false"),
    "idle_timeout.timeout_seconds": g.integer(1, 4000),
    "ipv6.deny_all_igw_traffic": g.one_of("true", "false"),
    "load_balancing.cross_zone.enabled": g.one_of("true"),
    "routing.http.desync_mitigation_mode": g.one_of("monitor", "defensive", "strictest"),
    "routing.http.drop_invalid_header_fields.enabled": g.one_of("true", "false"),
    "routing.http.preserve_host_header.enabled": g.one_of("true", "false"),
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": g.one_of("true", "false"),
    "routing.http.xff_client_port.enabled": g.one_of("true", "false"),
    "routing.http.xff_header_processing.mode": g.one_of("append", "preserve", "remove"),
    "routing.http2.enabled": g.one_of("true", "false"),
    "waf.fail_open.enabled": g.one_of("true", "false"),
    "zonal_shift.config.enabled": g.one_of("true", "false"),
}
TARGET_GROUP_ATTRIBUTES: Final[Mapping[str, g.Parser]] = {
    "deregistration_delay.timeout_seconds": g.integer(0, 3600),
    "load_balancing.algorithm.anomaly_mitigation": g.one_of("on", "off"),
    "load_balancing.algorithm.type": g.one_of("round_robin", "least_outstanding_requests", "weighted_random"),
    "load_balancing.cross_zone.enabled": g.one_of("true", "false", "use_load_balancer_configuration"),
    "slow_start.duration_seconds": g.either(g.one_of("0"), g.integer(30, 900)),
    "stickiness.app_cookie.cookie_name": g.text,
    "stickiness.app_cookie.duration_seconds": g.integer(1, 604800),
    "stickiness.enabled": g.one_of("true", "false"),
    "stickiness.lb_cookie.duration_seconds": g.integer(1, 604800),
    "stickiness.type": g.one_of("lb_cookie", "app_cookie"),
}
_GROUP_NAME = g.matching(
    r"(?=.{1,63}\Z)([a-z0-9][-a-z0-9.]*)?[a-z0-9]",
    "groupName must consist of lower case alphanumeric characters, '-' or '.', must start and end with an alphanumeric"
    " character, and must be no more than 63 characters",
)
_PORT_OR_TRAFFIC = g.either(g.one_of("traffic-port"), g.integer(1, 65535))
_HTTP_OR_HTTPS = g.one_of("HTTP", "HTTPS")
_ON_OFF = ("false",)
_NEVER = ()

KNOWN: Final[Mapping[str, Annotation]] = {
    # The group, and the load balancer
    "group.name": Annotation(_GROUP_NAME),
    "group.order": Annotation(g.integer(-1000, 1000), "int32"),
    "load-balancer-name": Annotation(
        g.matching(r"(?!internal-)(?!-)[A-Za-z0-9-]{1,32}(?<!-)", "must be 1 to 32 letters, digits and hyphens")
    ),
    "tags": Annotation(g.string_map, "stringMap", on_service=True),
    "ip-address-type": Annotation(g.one_of("ipv4", "dualstack", words="unknown IPAddressType: {raw}")),
    "scheme": Annotation(g.one_of("internal", "internet-facing", words="unknown scheme: {raw}")),
    "subnets": Annotation(g.list_of(g.text), "stringList"),
    "security-groups": Annotation(g.list_of(g.text), "stringList"),
    "inbound-cidrs": Annotation(g.list_of(g.cidr), "stringList"),
    "load-balancer-attributes": Annotation(g.map_of(LOAD_BALANCER_ATTRIBUTES, "Load balancer"), "stringMap"),
    # Listeners
    "listen-ports": Annotation(g.listen_ports, "json"),
    "ssl-redirect": Annotation(g.integer(1, 65535), "int32"),
    "certificate-arn": Annotation(g.list_of(g.matching(_CERTIFICATE, "is not a valid certificate ARN")), "stringList"),
    "ssl-policy": Annotation(g.text),
    # Target groups
    "target-type": Annotation(g.one_of("instance", "ip", words="unknown targetType: {raw}"), on_service=True),
    "target-node-labels": Annotation(g.string_map, "stringMap", on_service=True),
    "backend-protocol": Annotation(
        g.one_of("HTTP", "HTTPS", words="backend protocol must be within [{choices}]: {raw}"), on_service=True
    ),
    "backend-protocol-version": Annotation(
        g.one_of("HTTP1", "HTTP2", "GRPC", words="backend protocol version must be within [{choices}]: {raw}"),
        on_service=True,
    ),
    "target-group-attributes": Annotation(
        g.map_of(TARGET_GROUP_ATTRIBUTES, "Target group"), "stringMap", on_service=True
    ),
    "healthcheck-port": Annotation(_PORT_OR_TRAFFIC, on_service=True),
    "healthcheck-protocol": Annotation(
        g.one_of("HTTP", "HTTPS", words="healthCheckProtocol must be within [{choices}]"), on_service=True
    ),
    "healthcheck-path": Annotation(g.health_check_path, on_service=True),
    "healthcheck-interval-seconds": Annotation(g.integer(5, 300), "int64", on_service=True),
    "healthcheck-timeout-seconds": Annotation(g.integer(2, 120), "int64", on_service=True),
    "healthy-threshold-count": Annotation(g.integer(2, 10), "int64", on_service=True),
    "unhealthy-threshold-count": Annotation(g.integer(2, 10), "int64", on_service=True),
    "success-codes": Annotation(g.success_codes, on_service=True),
    # Known to the controller, and not acted on here
    "manage-backend-security-group-rules": Annotation(g.boolean, "bool", harmless=("true", "false")),
    "auth-type": Annotation(g.one_of("none", "oidc", "cognito"), on_service=True, harmless=("none",)),
    "auth-idp-cognito": Annotation(g.json_value, "json", on_service=True, harmless=_NEVER),
    "auth-idp-oidc": Annotation(g.json_value, "json", on_service=True, harmless=_NEVER),
    "auth-on-unauthenticated-request": Annotation(
        g.one_of("authenticate", "allow", "deny"), on_service=True, harmless=("authenticate",)
    ),
    "auth-scope": Annotation(g.text, on_service=True, harmless=("openid",)),
    "auth-session-cookie": Annotation(g.text, on_service=True, harmless=("AWSELBAuthSessionCookie",)),
    "auth-session-timeout": Annotation(g.integer(1, 604800), "int64", on_service=True, harmless=("604800",)),
    "jwt-validation": Annotation(g.json_value, "json", harmless=_NEVER),
    "use-regex-path-match": Annotation(g.boolean, "bool", harmless=_ON_OFF),
    "mutual-authentication": Annotation(g.json_value, "json", harmless=_NEVER),
    "multi-cluster-target-group": Annotation(g.boolean, "bool", on_service=True, harmless=_ON_OFF),
    "minimum-load-balancer-capacity": Annotation(g.string_map, "stringMap", harmless=("CapacityUnits=0",)),
    "ipam-ipv4-pool-id": Annotation(g.text, harmless=_NEVER),
    "customer-owned-ipv4-pool": Annotation(g.text, harmless=_NEVER),
    "security-group-prefix-lists": Annotation(g.list_of(g.text), "stringList", harmless=_NEVER),
    "wafv2-acl-arn": Annotation(g.text, harmless=("none",)),
    "wafv2-acl-name": Annotation(g.text, harmless=_NEVER),
    "waf-acl-id": Annotation(g.text, harmless=("none",)),
    "web-acl-id": Annotation(g.text, harmless=("none",)),
    "shield-advanced-protection": Annotation(g.boolean, "bool", harmless=_ON_OFF),
    "create-acm-cert": Annotation(g.boolean, "bool", harmless=_ON_OFF),
    "acm-pca-arn": Annotation(g.text, harmless=_NEVER),
    "enable-frontend-nlb": Annotation(g.boolean, "bool", harmless=_ON_OFF),
    "frontend-nlb-scheme": Annotation(g.one_of("internal", "internet-facing"), harmless=_NEVER),
    "frontend-nlb-subnets": Annotation(g.list_of(g.text), "stringList", harmless=_NEVER),
    "frontend-nlb-security-groups": Annotation(g.list_of(g.text), "stringList", harmless=_NEVER),
    "frontend-nlb-listener-port-mapping": Annotation(g.string_map, "stringMap", harmless=_NEVER),
    "frontend-nlb-healthcheck-port": Annotation(_PORT_OR_TRAFFIC, harmless=_NEVER),
    "frontend-nlb-healthcheck-protocol": Annotation(_HTTP_OR_HTTPS, harmless=_NEVER),
    "frontend-nlb-healthcheck-path": Annotation(g.health_check_path, harmless=_NEVER),
    "frontend-nlb-healthcheck-interval-seconds": Annotation(g.integer(5, 300), "int64", harmless=_NEVER),
    "frontend-nlb-healthcheck-timeout-seconds": Annotation(g.integer(2, 120), "int64", harmless=_NEVER),
    "frontend-nlb-healthcheck-healthy-threshold-count": Annotation(g.integer(2, 10), "int64", harmless=_NEVER),
    "frontend-nlb-healthcheck-unhealthy-threshold-count": Annotation(g.integer(2, 10), "int64", harmless=_NEVER),
    "frontend-nlb-healthcheck-success-codes": Annotation(g.success_codes, harmless=_NEVER),
    "frontend-nlb-tags": Annotation(g.string_map, "stringMap", harmless=_NEVER),
    "frontend-nlb-eip-allocations": Annotation(g.list_of(g.text), "stringList", harmless=_NEVER),
    "frontend-nlb-attributes": Annotation(g.string_map, "stringMap", harmless=_NEVER),
}
#: Annotations whose name goes on after a dot.
FAMILIES: Final[Mapping[str, Annotation]] = {
    "actions": Annotation(g.json_value, "json", harmless=_NEVER),
    "conditions": Annotation(g.json_value, "json", harmless=_NEVER),
    "transforms": Annotation(g.json_value, "json", harmless=_NEVER),
    "listener-attributes": Annotation(g.string_map, "stringMap", harmless=_NEVER),
    "target-control-port": Annotation(g.integer(1, 65535), "int32", harmless=_NEVER),
}


def parse(annotations: Mapping[str, str], on_service: bool = False) -> dict[str, Any]:
    """The controller's annotations among those of an object, by their name without the prefix, as parsed values.

    Args:
        annotations: all of the object's.
        on_service: whether the object is a Service, where only some of them may stand.

    Raises:
        AnnotationError: one or more are unknown, malformed, misplaced, or not imitated by this stand-in.
    """
    values: dict[str, Any] = {}
    problems = []
    for key, raw in sorted(annotations.items()):
        if not key.startswith(PREFIX):
            continue
        name = key.removeprefix(PREFIX)
        try:
            values[name] = _parse_one(name, raw, on_service)
        except ValueError as error:
            problems.append(str(error))
    if problems:
        raise AnnotationError("; ".join(problems))
    return values


def _parse_one(name: str, raw: str, on_service: bool) -> Any:
    annotation = KNOWN.get(name) or FAMILIES.get(name.partition(".")[0] if "." in name else "")
    if annotation is None:
        raise ValueError(f"unknown annotation, {PREFIX}{name}: {raw}")
    if on_service and not annotation.on_service:
        raise ValueError(f"annotation of an Ingress on a Service, {PREFIX}{name}: {raw}")
    try:
        value = annotation.parse(raw)
    except ValueError as error:
        kind = f"{annotation.type} " if annotation.type else ""
        raise ValueError(f"failed to parse {kind}annotation, {PREFIX}{name}: {raw}: {error}") from None
    if annotation.harmless is not None and raw not in annotation.harmless:
        raise ValueError(f"the testbed's controller doesn't act on annotation, {PREFIX}{name}: {raw}")
    return value
