"""The way of SSH clients to connect-proxy: a network load balancer of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import core, meta

from components.error_hooks import explained
from components.in_service import ends_in_service
from components.ingress import hostname_of
from components.pods import READY_SECONDS, labels_of, name_of
from components.timeouts import timeouts
from live.cluster import Cluster
from live.ingress import no_load_balancer, warnings_of
from settings.labels import APP
from survey.aws import AwsAccount

NLB = "service.beta.kubernetes.io/aws-load-balancer"
"""The beginning of the AWS Load Balancer Controller's annotations of a Service."""


@dataclass(frozen=True, kw_only=True)
class SshServiceArgs:
    """The arguments of :class:`SshService`."""

    namespace: str
    """Where the proxy runs."""
    service_name: str
    """The Service's name: `connect-proxy-ssh`."""
    workload: str
    """The proxy's workload: `app` labels its pods with that name."""
    port: int
    """Where the proxy takes SSH, and the load balancer too."""
    scheme: str
    """`internet-facing` or `internal`."""
    target_type: str
    """`ip` (pods) or `instance` (the nodes' ports)."""
    client_cidrs: Sequence[str]
    """Networks with clients that are let in."""
    ip_address_type: str | None = None
    """Addresses of the load balancer: `ipv4`, `dualstack` or `dualstack-without-public-ipv4`."""
    tags: str | None = None
    """AWS tags of what the controller makes, as its annotation has them: `owner=research,stage=test`."""
    ready_seconds: int = READY_SECONDS
    """How long the controller may take to make the load balancer."""


class SshService(pulumi.ComponentResource):
    """A Service for which the AWS Load Balancer Controller makes a network load balancer that keeps client addresses.

    https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/annotations/

    Args:
        cluster: where to read what the controller says of the Service, if there is no load balancer in time.
        account: the account that the load balancer is in, where `up` waits until it is in service; None if only the AWS
            provider knows it.
    """

    service_name: pulumi.Output[str]
    """The Service."""
    load_balancer_hostname: pulumi.Output[str]
    """The DNS name of the network load balancer, known once the controller has made it."""

    def __init__(
        self,
        name: str,
        args: SshServiceArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        cluster: Cluster | None = None,
        account: AwsAccount | None = None,
    ) -> None:
        super().__init__("studios:index:SshService", name, {}, opts)

        async def explain(_: pulumi.ErrorHookArgs) -> str | None:
            if cluster is None:
                return None
            said = warnings_of(cluster, args.namespace, args.service_name, kind="Service")
            return no_load_balancer("Service", args.namespace, args.service_name, args.ready_seconds, said)

        service = core.v1.Service(
            f"{name}-service",
            ssh_service_object(args),
            pulumi.ResourceOptions(
                parent=self,
                custom_timeouts=timeouts(args.ready_seconds),
                hooks=explained(f"{name}-service-explained", explain, self),
            ),
        )
        self.service_name = service.metadata.apply(name_of)
        self.load_balancer_hostname = service.status.apply(hostname_of)
        owner = f"Service {args.namespace}/{args.service_name}"
        ends_in_service(self.load_balancer_hostname, account, owner, args.ready_seconds)
        self.register_outputs(
            {"service_name": self.service_name, "load_balancer_hostname": self.load_balancer_hostname}
        )


def ssh_service_object(args: SshServiceArgs) -> core.v1.ServiceInitArgs:
    """The Service, made of the arguments and nothing else."""
    return core.v1.ServiceInitArgs(
        metadata=meta.v1.ObjectMetaArgs(
            name=args.service_name,
            namespace=args.namespace,
            labels=labels_of(args.workload),
            annotations=_annotations(args),
        ),
        spec=core.v1.ServiceSpecArgs(
            type="LoadBalancer",
            # Through another node the proxy would see that node's address, and count traffic for it.
            external_traffic_policy="Local",
            load_balancer_source_ranges=list(args.client_cidrs),
            selector={APP: args.workload},
            ports=[core.v1.ServicePortArgs(name="ssh", port=args.port, target_port="ssh", protocol="TCP")],
        ),
    )


def _annotations(args: SshServiceArgs) -> dict[str, str]:
    values = {
        # Leaves the Service to the controller; without it the cloud provider would make a classic load balancer.
        "type": "external",
        "nlb-target-type": args.target_type,
        "scheme": args.scheme,
        "target-group-attributes": "preserve_client_ip.enabled=true",
    }
    if args.ip_address_type is not None:
        # A network load balancer has no addresses without public IPv4.
        dualstack = args.ip_address_type.startswith("dualstack")
        values["ip-address-type"] = "dualstack" if dualstack else args.ip_address_type
    if args.tags is not None:
        values["additional-resource-tags"] = args.tags
    return {f"{NLB}-{key}": value for key, value in values.items()}
