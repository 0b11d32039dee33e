"""Names, ids and ARNs of AWS."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from settings.types.kubernetes import SUBDOMAIN
from settings.types.text import MapInText, Text, form, scalar_as_text

_GROUP = re.compile(rf"(?=.{{1,63}}\Z){SUBDOMAIN}", re.ASCII)
_CERTIFICATE = re.compile(r"arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[A-Za-z0-9-]+", re.ASCII)
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[!-~]{1,512}", re.ASCII)
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
_ZONE_ID = re.compile(r"Z[A-Z0-9]{1,31}", re.ASCII)
_CLUSTER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", re.ASCII)
_SUCCESS_CODES = re.compile(r"[2-4]\d\d(-[2-4]\d\d)?(,[2-4]\d\d(-[2-4]\d\d)?)*", re.ASCII)
_SSL_POLICY = re.compile(r"ELBSecurityPolicy-[A-Za-z0-9-]{1,100}", re.ASCII)
_ATTRIBUTE = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+", re.ASCII)
_ATTRIBUTE_VALUE = re.compile(r"[!-+\--~]*", re.ASCII)
_INSTANCE = re.compile(r"i-[0-9a-f]{8}([0-9a-f]{9})?", re.ASCII)
_SECURITY_GROUP = re.compile(r"sg-[0-9a-f]{8}([0-9a-f]{9})?", re.ASCII)
_NAME_OF_BALANCER = r"[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?"
_LOAD_BALANCER = re.compile(
    _NAME_OF_BALANCER
    + r"|arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:loadbalancer/app/[A-Za-z0-9-]+/[0-9a-f]+",
    re.ASCII,
)
_NETWORK_LOAD_BALANCER = re.compile(
    _NAME_OF_BALANCER
    + r"|arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:loadbalancer/net/[A-Za-z0-9-]+/[0-9a-f]+",
    re.ASCII,
)
_LISTENER = re.compile(
    r"arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:listener/app/[A-Za-z0-9-]+/[0-9a-f]+/[0-9a-f]+", re.ASCII
)
_TAG_KEY = re.compile(r"(?!aws:)[A-Za-z0-9 _.:/=+@-]{1,128}", re.ASCII)


def _ascending(codes: str) -> str:
    for part in codes.split(","):
        first, _, last = part.partition("-")
        if last and last < first:
            raise ValueError(f"has {part}, which ends before it begins; write {last}-{first}")
    return codes


GroupName = Annotated[
    Text, form(_GROUP, "must be an Ingress group name: at most 63 characters from a-z, 0-9, '-' and '.'")
]
SslPolicy = Annotated[
    Text,
    form(_SSL_POLICY, "must be a TLS policy of a load balancer, for example ELBSecurityPolicy-TLS13-1-2-2021-06"),
]
CertificateArn = Annotated[
    Text,
    form(
        _CERTIFICATE,
        "must be the ARN of an ACM certificate, for example arn:aws:acm:<region>:<account>:certificate/<id>",
    ),
]
RoleArn = Annotated[
    Text, form(_ROLE, "must be the ARN of an IAM role, for example arn:aws:iam::444455556666:role/dns-editor")
]
ExternalId = Annotated[
    Text, form(_EXTERNAL_ID, "must be an external id: 2 to 1224 of letters, digits and +=,.@:/-, for example studios-1")
]
HostedZoneId = Annotated[Text, form(_ZONE_ID, "must be a Route 53 zone id, for example Z0123456789ABCDEFGHIJ")]
ClusterName = Annotated[Text, form(_CLUSTER, "must be the name of an EKS cluster; `aws eks list-clusters` prints them")]
InstanceId = Annotated[Text, form(_INSTANCE, "must be the id of an EC2 instance, for example i-0123456789abcdef0")]
SecurityGroupId = Annotated[
    Text, form(_SECURITY_GROUP, "must be the id of a security group, for example sg-0123456789abcdef0")
]
LoadBalancer = Annotated[
    Text, form(_LOAD_BALANCER, "is neither name nor ARN of an application load balancer; write one of them")
]
NetworkLoadBalancer = Annotated[
    Text, form(_NETWORK_LOAD_BALANCER, "must be the name or ARN of a network load balancer, for example platform-ssh")
]
ListenerArn = Annotated[
    Text, form(_LISTENER, "must be the ARN of a listener; `aws elbv2 describe-listeners` prints them as ListenerArn")
]
SuccessCodes = Annotated[
    Text,
    form(_SUCCESS_CODES, "must be status codes from 200 to 499, for example 200-399 or 200,302"),
    AfterValidator(_ascending),
]
Tags = Annotated[
    dict[
        Annotated[str, form(_TAG_KEY, "must be the key of a tag, for example Name")],
        Annotated[str, BeforeValidator(scalar_as_text), Field(max_length=256)],
    ],
    MapInText,
    Field(min_length=1),
]
LoadBalancerAttributes = Annotated[
    dict[
        Annotated[str, form(_ATTRIBUTE, "must be an attribute of a load balancer, for example routing.http2.enabled")],
        Annotated[
            str,
            BeforeValidator(scalar_as_text),
            form(_ATTRIBUTE_VALUE, "has a comma, a space or a control character, which the annotation cannot hold"),
        ],
    ],
    MapInText,
]
