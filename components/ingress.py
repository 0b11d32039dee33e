"""The route from the load balancer to connect-proxy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
from pulumi_kubernetes import core, meta, networking

from components.error_hooks import explained
from components.ingress_verdict import IngressVerdict, Patience
from components.pods import READY_SECONDS, common_labels, name_of
from components.timeouts import timeouts
from live.cluster import Cluster
from live.ingress import LiveIngress, complaints, no_load_balancer
from settings.balancers import ALB, balancer_annotations
from settings.fields import default_of
from survey.aws import AwsAccount


@dataclass(frozen=True, kw_only=True)
class StudiosIngressArgs:
    """The arguments of :class:`StudiosIngress`."""

    namespace: str
    """Where Platform runs."""
    ingress_name: str
    """The Ingress's name."""
    host: str
    """`*.example.com`; with path routing the connect host."""
    service_name: pulumi.Input[str]
    """Name of the proxy's Service."""
    service_port: int
    """Port of the proxy's Service."""
    certificate_arn: pulumi.Input[str]
    """An issued certificate that covers `host`."""
    ingress_class: str = default_of("ingressClass")
    """The class that the controller serves."""
    scheme: str = default_of("loadBalancerScheme")
    """`internet-facing` or `internal`."""
    target_type: str = default_of("targetType")
    """`ip` (pods) or `instance` (the nodes' ports)."""
    ssl_policy: str = default_of("sslPolicy")
    """The name of a predefined ELB security policy."""
    idle_timeout_seconds: int = default_of("idleTimeout")
    """Seconds without traffic after which a connection is cut; 60 s would cut a quiet WebSocket."""
    load_balancer_attributes: Mapping[str, str] = field(default_factory=lambda: default_of("loadBalancerAttributes"))
    """Further attributes of the load balancer, by name."""
    healthcheck_path: str = default_of("healthCheckPath")
    """Path that the target group asks for."""
    success_codes: str = default_of("healthCheckSuccessCodes")
    """Status codes that mean the proxy is alive."""
    group_name: str | None = None
    """Share the load balancer of the Ingresses with this `group.name`; without it the Ingress gets one of its own."""
    group_order: int | None = None
    """Where this Ingress's rules stand among the group's, lowest first."""
    annotations: Mapping[str, str] = field(default_factory=dict)
    """Further annotations of the Ingress."""
    ip_address_type: str | None = None
    """Addresses of the load balancer: `ipv4`, `dualstack` or `dualstack-without-public-ipv4`."""
    ready_seconds: int = READY_SECONDS
    """How long the controller may take to make the load balancer."""


class StudiosIngress(pulumi.ComponentResource):
    """An Ingress for the AWS Load Balancer Controller, with the annotations of Seqera's ``ingress.eks.yml``.

    https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/

    Args:
        cluster: where to read what the controller says of the Ingress. With it a change is done when the controller
            has brought it about, and fails when the controller refuses it; without it the outputs are those that the
            provider has seen.
        account: where the load balancer is, to see whether a change is in effect; None if that isn't known.
    """

    ingress_name: pulumi.Output[str]
    """The Ingress."""
    load_balancer_hostname: pulumi.Output[str]
    """The DNS name of the load balancer, known once the controller has made it."""

    def __init__(
        self,
        name: str,
        args: StudiosIngressArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        cluster: Cluster | None = None,
        account: AwsAccount | None = None,
    ) -> None:
        super().__init__("studios:index:StudiosIngress", name, {}, opts)
        wanted = {
            "metadata": {"annotations": _annotations(args)},
            "spec": {"ingressClassName": args.ingress_class},
        }
        live = LiveIngress(cluster, args.namespace, args.ingress_name) if cluster is not None else None
        verdict = None if live is None else IngressVerdict(live, account, Patience(whole=args.ready_seconds))

        async def explain(failure: pulumi.ErrorHookArgs) -> str | None:
            if ".status.loadBalancer" not in failure.errors[0]:
                return None
            said = complaints(each for each in live.events() if each.get("type") == "Warning") if live else []
            return no_load_balancer(
                "Ingress", args.namespace, args.ingress_name, args.ready_seconds, said, args.ingress_class
            )

        hooks = explained(f"{name}-ingress-explained", explain, self)
        if verdict is not None:
            before = verdict.hook(f"{name}-ingress-before")
            hooks.before_create, hooks.before_update = [before], [before]

        ingress = networking.v1.Ingress(
            f"{name}-ingress",
            ingress_object(args),
            pulumi.ResourceOptions(
                parent=self,
                custom_timeouts=timeouts(args.ready_seconds),
                hooks=hooks,
            ),
        )
        self.ingress_name = ingress.metadata.apply(name_of)
        known = ingress.status.apply(hostname_of)
        if verdict is None:
            self.load_balancer_hostname = known
        else:
            self.load_balancer_hostname = known.apply(lambda hostname: verdict.hostname(hostname, wanted))
            # Nothing waits for it but the end of the program: the record must not, where the old address is gone.
            self.load_balancer_hostname.apply(verdict.confirmed)
        self.register_outputs(
            {"ingress_name": self.ingress_name, "load_balancer_hostname": self.load_balancer_hostname}
        )


def ingress_object(args: StudiosIngressArgs) -> networking.v1.IngressInitArgs:
    """The Ingress, made of the arguments and nothing else."""
    backend = networking.v1.IngressBackendArgs(
        service=networking.v1.IngressServiceBackendArgs(
            name=args.service_name,
            port=networking.v1.ServiceBackendPortArgs(number=args.service_port),
        )
    )
    return networking.v1.IngressInitArgs(
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
    )


def _annotations(args: StudiosIngressArgs) -> dict[str, pulumi.Input[str]]:
    of_balancer = balancer_annotations(
        scheme=args.scheme,
        ssl_policy=args.ssl_policy,
        idle_timeout=args.idle_timeout_seconds,
        attributes=args.load_balancer_attributes,
        ip_address_type=args.ip_address_type,
    )
    values: dict[str, pulumi.Input[str]] = {
        "target-type": args.target_type,
        "certificate-arn": args.certificate_arn,
        "healthcheck-path": args.healthcheck_path,
        "success-codes": args.success_codes,
    }
    if args.group_name is not None:
        values["group.name"] = args.group_name
    if args.group_order is not None:
        values["group.order"] = str(args.group_order)
    return {**args.annotations, **of_balancer, **{f"{ALB}{key}": value for key, value in values.items()}}


def hostname_of(status: networking.v1.outputs.IngressStatus | core.v1.outputs.ServiceStatus | None) -> str:
    """The DNS name of the load balancer that the controller has made for an Ingress or a Service; empty without one."""
    balancers = (status.load_balancer.ingress if status and status.load_balancer else None) or []
    return next((balancer.hostname for balancer in balancers if balancer.hostname), "")
