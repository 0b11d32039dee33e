"""Ingress and load balancer."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from settings.marks import Derived, Only
from settings.model.section import Section
from settings.targets import COMPOSE, KUBERNETES
from settings.types import aws, kubernetes, pods, text


class LoadBalancerSection(Section):
    """How sessions are reached: the Ingress and its load balancer, or Platform's load balancer with Docker Compose."""

    heading: ClassVar[str] = "Ingress and load balancer"

    ingress: Annotated[Literal["create", "none"], Only(KUBERNETES)] = Field(
        default="create",
        description=(
            "Whether the stack makes an Ingress, which becomes an application load balancer, or leaves the route to "
            "you: `none` (docs/ingress.md)."
        ),
        examples=["none"],
    )
    ingress_name: Annotated[kubernetes.ObjectName, Only(KUBERNETES)] = Field(
        default="connect-ingress", description="Name of the Ingress.", examples=["studios"]
    )
    ingress_class: Annotated[kubernetes.ObjectName, Only(KUBERNETES)] = Field(
        default="alb",
        description="IngressClass of the AWS Load Balancer Controller or of EKS Auto Mode.",
        examples=["alb-internal"],
    )
    ingress_annotations: Annotated[pods.Annotations, Only(KUBERNETES)] = Field(
        default={},
        description="Further annotations of the Ingress, beside those that other settings become.",
        examples=[
            {"alb.ingress.kubernetes.io/wafv2-acl-arn": "arn:aws:wafv2:us-east-1:111122223333:regional/webacl/a/b"}
        ],
    )
    ip_address_type: Annotated[
        Literal["ipv4", "dualstack", "dualstack-without-public-ipv4"] | None, Only(KUBERNETES)
    ] = Field(
        default=None,
        description="Addresses of the load balancer: `ipv4`, `dualstack` or `dualstack-without-public-ipv4`.",
        examples=["dualstack"],
    )
    load_balancer_group: Annotated[aws.GroupName | None, Only(KUBERNETES), Derived("a load balancer of its own")] = (
        Field(
            default=None,
            description="Ingress group: shares the load balancer of the Ingresses with this `group.name`.",
            examples=["platform"],
        )
    )
    load_balancer_group_order: Annotated[int | None, Only(KUBERNETES)] = Field(
        default=None,
        ge=-1000,
        le=1000,
        description="Order of its rules in the group; the lowest comes first.",
        examples=[10],
    )
    load_balancer_scheme: Annotated[Literal["internet-facing", "internal"], Only(KUBERNETES)] = Field(
        default="internet-facing",
        description="Who reaches the load balancer: `internet-facing` or `internal`.",
        examples=["internal"],
    )
    load_balancer: Annotated[aws.LoadBalancer | None, Only(COMPOSE)] = Field(
        default=None,
        description="Platform's application load balancer, by name or ARN. Exactly one of this and `loadBalancerTags`.",
        examples=["platform"],
    )
    load_balancer_tags: Annotated[aws.Tags | None, Only(COMPOSE)] = Field(
        default=None,
        description="Load balancer by its tags: the one that has all of them.",
        examples=[{"Name": "seqera-platform"}],
    )
    listener_arn: Annotated[aws.ListenerArn | None, Only(COMPOSE), Derived("the one at port 443")] = Field(
        default=None,
        description="HTTPS listener of the load balancer, by ARN. At most one of this and `listenerTags`.",
        examples=[
            "arn:aws:elasticloadbalancing:us-east-1:111122223333:listener/app/platform/0123456789abcdef/0123456789abcdef"
        ],
    )
    listener_tags: Annotated[aws.Tags | None, Only(COMPOSE)] = Field(
        default=None,
        description="Listener by its tags: the one HTTPS listener of the load balancer that has all of them.",
        examples=[{"Name": "seqera-platform"}],
    )
    listener_rule_priority: Annotated[int | None, Only(COMPOSE), Derived("after the last")] = Field(
        default=None,
        ge=1,
        le=50000,
        description="Priority of the sessions' rule at the listener; the lowest comes first.",
        examples=[10],
    )
    idle_timeout: int = Field(
        default=301,
        ge=1,
        le=4000,
        description=(
            "Seconds without traffic after which a connection, also a WebSocket, is cut. "
            "On Compose: what the load balancer should have."
        ),
        examples=[600],
    )
    load_balancer_attributes: Annotated[aws.LoadBalancerAttributes, Only(KUBERNETES)] = Field(
        default={"routing.http2.enabled": "false"},
        description="Further attributes of the load balancer.",
        examples=[{"routing.http2.enabled": "false", "routing.http.drop_invalid_header_fields.enabled": "true"}],
    )
    ssl_policy: Annotated[aws.SslPolicy, Only(KUBERNETES)] = Field(
        default="ELBSecurityPolicy-TLS-1-2-Ext-2018-06",
        description="TLS policy of the HTTPS listener.",
        examples=["ELBSecurityPolicy-TLS13-1-2-2021-06"],
    )
    target_type: Annotated[Literal["instance", "ip"], Only(KUBERNETES)] = Field(
        default="instance",
        description="How the load balancer reaches the proxy: through a NodePort, or its pods' addresses.",
        examples=["ip"],
    )
    health_check_path: text.UrlPath = Field(
        default="/", description="Path that the load balancer's health check requests.", examples=["/health"]
    )
    health_check_success_codes: aws.SuccessCodes = Field(
        default="200-499", description="Status codes that count as healthy.", examples=["200-399"]
    )
