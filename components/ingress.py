"""The route from the load balancer to connect-proxy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
from pulumi_kubernetes import meta, networking

from components.pods import common_labels, name_of

ALB = "alb.ingress.kubernetes.io"
"""The prefix of the AWS Load Balancer Controller's annotations."""


@dataclass(frozen=True, kw_only=True)
class StudiosIngressArgs:
    """The arguments of :class:`StudiosIngress`; the names are those of the controller's annotations.

    Args:
        namespace: where Platform runs.
        ingress_name: the Ingress's name.
        host: ``*.example.com``; with path routing the connect host.
        service_name: the proxy's Service.
        service_port: its port.
        certificate_arn: an issued certificate that covers ``host``.
        ingress_class: the class that the controller serves.
        scheme: ``internet-facing`` or ``internal``.
        target_type: ``ip`` (pods) or ``instance`` (the nodes' ports).
        ssl_policy: the name of a predefined ELB security policy.
        idle_timeout_seconds: ALB's own 60 s cut a WebSocket that is quiet.
        load_balancer_attributes: further attributes, by name.
        healthcheck_path, success_codes: what the target group asks for, and takes for an answer.
        group_name: share the load balancer of the Ingresses with this ``group.name``; None makes one of its own.
        group_order: where this Ingress's rules stand among the group's, lowest first.
        annotations: further annotations of the Ingress.
    """

    namespace: str
    ingress_name: str
    host: str
    service_name: pulumi.Input[str]
    service_port: int
    certificate_arn: pulumi.Input[str]
    ingress_class: str = "alb"
    scheme: str = "internet-facing"
    target_type: str = "ip"
    ssl_policy: str = "ELBSecurityPolicy-TLS13-1-2-2021-06"
    idle_timeout_seconds: int = 301
    load_balancer_attributes: Mapping[str, str] = field(default_factory=dict)
    healthcheck_path: str = "/"
    success_codes: str = "200-399"
    group_name: str | None = None
    group_order: int | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)


class StudiosIngress(pulumi.ComponentResource):
    """An Ingress for the AWS Load Balancer Controller, with the annotations of Seqera's ``ingress.eks.yml``.

    https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/
    """

    ingress_name: pulumi.Output[str]
    """The Ingress."""
    load_balancer_hostname: pulumi.Output[str]
    """The DNS name of the load balancer, known once the controller has made it."""

    def __init__(self, name: str, args: StudiosIngressArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("studios:index:StudiosIngress", name, {}, opts)
        backend = networking.v1.IngressBackendArgs(
            service=networking.v1.IngressServiceBackendArgs(
                name=args.service_name,
                port=networking.v1.ServiceBackendPortArgs(number=args.service_port),
            )
        )
        ingress = networking.v1.Ingress(
            f"{name}-ingress",
            metadata=meta.v1.ObjectMetaArgs(
                name=args.ingress_name,
                namespace=args.namespace,
                labels=common_labels(),
                annotations=_annotations(args),
            ),
            spec=networking.v1.IngressSpecArgs(
                ingress_class_name=args.ingress_class,
                rules=[
                    networking.v1.IngressRuleArgs(
                        host=args.host,
                        http=networking.v1.HTTPIngressRuleValueArgs(
                            paths=[
                                # The controller rejects "/*" with Prefix.
                                networking.v1.HTTPIngressPathArgs(path="/", path_type="Prefix", backend=backend)
                            ]
                        ),
                    )
                ],
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.ingress_name = ingress.metadata.apply(name_of)
        self.load_balancer_hostname = ingress.status.apply(_hostname_of)
        self.register_outputs(
            {"ingress_name": self.ingress_name, "load_balancer_hostname": self.load_balancer_hostname}
        )


def _annotations(args: StudiosIngressArgs) -> dict[str, pulumi.Input[str]]:
    attributes = {"idle_timeout.timeout_seconds": str(args.idle_timeout_seconds), **args.load_balancer_attributes}
    values: dict[str, pulumi.Input[str]] = {
        "scheme": args.scheme,
        "target-type": args.target_type,
        "certificate-arn": args.certificate_arn,
        "listen-ports": json.dumps([{"HTTP": 80}, {"HTTPS": 443}]),
        "ssl-redirect": "443",
        "ssl-policy": args.ssl_policy,
        "load-balancer-attributes": ",".join(f"{key}={value}" for key, value in sorted(attributes.items())),
        "healthcheck-path": args.healthcheck_path,
        "success-codes": args.success_codes,
    }
    if args.group_name is not None:
        values["group.name"] = args.group_name
    if args.group_order is not None:
        values["group.order"] = str(args.group_order)
    return {**args.annotations, **{f"{ALB}/{key}": value for key, value in values.items()}}


def _hostname_of(status: networking.v1.outputs.IngressStatus | None) -> str:
    balancers = (status.load_balancer.ingress if status and status.load_balancer else None) or []
    return next((balancer.hostname for balancer in balancers if balancer.hostname), "")
