"""What AWS knows of application load balancers: their attributes with AWS' defaults, and the TLS policies.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#load-balancer-attributes
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

ALB: Final = "alb.ingress.kubernetes.io/"
"""What the annotations of the AWS Load Balancer Controller begin with."""
SETTING_OF_ANNOTATION: Final[Mapping[str, str]] = {
    f"{ALB}scheme": "loadBalancerScheme",
    f"{ALB}target-type": "targetType",
    f"{ALB}certificate-arn": "certificateArn",
    f"{ALB}ssl-policy": "sslPolicy",
    f"{ALB}load-balancer-attributes": "loadBalancerAttributes",
    f"{ALB}healthcheck-path": "healthCheckPath",
    f"{ALB}success-codes": "healthCheckSuccessCodes",
    f"{ALB}group.name": "loadBalancerGroup",
    f"{ALB}group.order": "loadBalancerGroupOrder",
    f"{ALB}ip-address-type": "ipAddressType",
    "kubernetes.io/ingress.class": "ingressClass",
}
"""Annotation of the Ingress → the setting that it comes from."""
ANNOTATION_OF_SETTING: Final[Mapping[str, str]] = {key: name for name, key in SETTING_OF_ANNOTATION.items()}
"""The way back."""
SETTING_OF_PARAMETER: Final[Mapping[str, str]] = {
    "scheme": "loadBalancerScheme",
    "sslPolicy": "sslPolicy",
    "ipAddressType": "ipAddressType",
    "targetType": "targetType",
}
"""Parameter of an IngressClass → the setting that it wins over."""
IDLE_TIMEOUT: Final = "idle_timeout.timeout_seconds"
DELETION_PROTECTION: Final = "deletion_protection.enabled"


def balancer_annotations(
    *, scheme: str, ssl_policy: str, idle_timeout: int, attributes: Mapping[str, str], ip_address_type: str | None
) -> dict[str, str]:
    """The annotations of the Ingress that describe its load balancer, on which all members of a group must agree."""
    wanted = {IDLE_TIMEOUT: str(idle_timeout), **attributes}
    found = {
        "scheme": scheme,
        "listen-ports": '[{"HTTP": 80}, {"HTTPS": 443}]',
        "ssl-redirect": "443",
        "ssl-policy": ssl_policy,
        "load-balancer-attributes": ",".join(f"{name}={value}" for name, value in sorted(wanted.items())),
        **({} if ip_address_type is None else {"ip-address-type": ip_address_type}),
    }
    return {f"{ALB}{name}": value for name, value in found.items()}


@dataclass(frozen=True)
class Attribute:
    """An attribute of a load balancer.

    Args:
        default: what AWS makes a load balancer with.
        choices: the values that AWS takes; empty for any.
        minimum, maximum: the range of a number.
    """

    default: str
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None

    def problem(self, value: str) -> str | None:
        """What is wrong with a value; None if AWS takes it."""
        if self.choices and value not in self.choices:
            return f"must be {' or '.join(self.choices)}"
        if self.minimum is None or self.maximum is None:
            return None
        is_in_range = value.isascii() and value.isdecimal() and self.minimum <= int(value) <= self.maximum
        return None if is_in_range else f"must be a number from {self.minimum} to {self.maximum}"


_NO: Final = Attribute("false", ("true", "false"))
_YES: Final = Attribute("true", ("true", "false"))
_TEXT: Final = Attribute("")

ATTRIBUTES: Final[Mapping[str, Attribute]] = {
    **{
        f"{logs}.s3.{name}": _NO if name == "enabled" else _TEXT
        for logs in ("access_logs", "connection_logs", "health_check_logs")
        for name in ("enabled", "bucket", "prefix")
    },
    "client_keep_alive.seconds": Attribute("3600", minimum=60, maximum=604_800),
    DELETION_PROTECTION: _NO,
    IDLE_TIMEOUT: Attribute("60", minimum=1, maximum=4000),
    "ipv6.deny_all_igw_traffic": _NO,
    "load_balancing.cross_zone.enabled": Attribute("true", ("true",)),
    "routing.http.desync_mitigation_mode": Attribute("defensive", ("monitor", "defensive", "strictest")),
    "routing.http.drop_invalid_header_fields.enabled": _NO,
    "routing.http.preserve_host_header.enabled": _NO,
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": _NO,
    "routing.http.xff_client_port.enabled": _NO,
    "routing.http.xff_header_processing.mode": Attribute("append", ("append", "preserve", "remove")),
    "routing.http2.enabled": _YES,
    "waf.fail_open.enabled": _NO,
    "zonal_shift.config.enabled": _NO,
}
"""The attributes of an application load balancer."""

_OLD_POLICIES: Final = (
    *("2015-05", "2016-08", "TLS-1-0-2015-04", "TLS-1-1-2017-01", "TLS-1-2-2017-01", "TLS-1-2-Ext-2018-06"),
    *("FS-2018-06", "FS-1-1-2019-08", "FS-1-2-2019-08", "FS-1-2-Res-2019-08", "FS-1-2-Res-2020-10"),
    *(f"TLS13-{name}-2021-06" for name in ("1-0", "1-1", "1-2", "1-2-Res", "1-2-Ext1", "1-2-Ext2", "1-3")),
    *(
        f"TLS13-{name}-FIPS-2023-04"
        for name in ("1-0", "1-1", "1-2", "1-2-Res", "1-2-Ext0", "1-2-Ext1", "1-2-Ext2", "1-3")
    ),
)
TLS_POLICIES: Final = tuple(f"ELBSecurityPolicy-{name}" for name in _OLD_POLICIES)
"""The TLS policies up to April 2023. AWS adds newer ones; each has its month in its name."""
_MONTH: Final = re.compile(r"-(\d{4})-(\d{1,2})\Z", re.ASCII)
_LAST: Final = (2023, 4)


INGRESS_ANNOTATIONS: Final = frozenset(
    """
    acm-pca-arn auth-idp-cognito auth-idp-oidc auth-on-unauthenticated-request auth-scope auth-session-cookie
    auth-session-timeout auth-type backend-protocol backend-protocol-version certificate-arn create-acm-cert
    customer-owned-ipv4-pool dry-run-plan enable-frontend-nlb frontend-nlb-attributes frontend-nlb-eip-allocations
    frontend-nlb-healthcheck-healthy-threshold-count frontend-nlb-healthcheck-interval-seconds
    frontend-nlb-healthcheck-path frontend-nlb-healthcheck-port frontend-nlb-healthcheck-protocol
    frontend-nlb-healthcheck-success-codes frontend-nlb-healthcheck-timeout-seconds
    frontend-nlb-healthcheck-unhealthy-threshold-count frontend-nlb-listener-port-mapping frontend-nlb-scheme
    frontend-nlb-security-groups frontend-nlb-subnets frontend-nlb-tags group.name group.order
    healthcheck-interval-seconds healthcheck-path healthcheck-port healthcheck-protocol healthcheck-timeout-seconds
    healthy-threshold-count inbound-cidrs ip-address-type ipam-ipv4-pool-id jwt-validation listen-ports
    load-balancer-attributes load-balancer-name manage-backend-security-group-rules minimum-load-balancer-capacity
    multi-cluster-target-group mutual-authentication scheme security-group-prefix-lists security-groups
    shield-advanced-protection ssl-policy ssl-redirect subnets success-codes tags target-control-port
    target-group-attributes target-node-labels target-type unhealthy-threshold-count use-regex-path-match waf-acl-id
    wafv2-acl-arn wafv2-acl-name web-acl-id
    """.split()  # noqa: SIM905 (a list of seventy lines says the same)
)
"""What the AWS Load Balancer Controller reads up to 3.5, below `alb.ingress.kubernetes.io/`; 2.x knows most of them.

https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/pkg/annotations/constants.go
"""
_OF_A_PORT: Final = ("listener-attributes.",)
_OF_A_SERVICE: Final = ("actions.", "conditions.", "transforms.")


def is_read(annotation: str) -> bool:
    """Whether the controller reads an annotation of this name below `alb.ingress.kubernetes.io/`."""
    return annotation in INGRESS_ANNOTATIONS or annotation.startswith((*_OF_A_PORT, *_OF_A_SERVICE))


def nearest_annotation(name: str) -> str:
    """The annotation with the most similar name."""
    return get_close_matches(name, sorted(INGRESS_ANNOTATIONS), n=1, cutoff=0.0)[0]


def is_newer_policy(policy: str) -> bool:
    """Whether a TLS policy may be one that AWS has added since the list was written."""
    month = _MONTH.search(policy)
    return month is None or (int(month[1]), int(month[2])) > _LAST


def nearest_policy(policy: str) -> str:
    """The known TLS policy with the most similar name."""
    return get_close_matches(policy, TLS_POLICIES, n=1, cutoff=0.0)[0]


def nearest_attribute(name: str) -> str:
    """The attribute with the most similar name."""
    return get_close_matches(name, ATTRIBUTES, n=1, cutoff=0.0)[0]
