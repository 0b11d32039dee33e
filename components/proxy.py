"""connect-proxy: what a browser talks to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import pulumi
from pulumi_kubernetes import apps, core, meta, policy

from components.pods import name_of, pod_template
from components.stuck_pods import stuck_pods_explained
from components.timeouts import rollout_timeouts
from components.workload import ConnectWorkloadArgs, disruption_budget, make_disruption_budget, make_service
from live.cluster import Cluster
from settings.fields import default_of
from settings.mounts import SSH_KEY_MOUNT

_DRAIN_BESIDE_THE_SERVERS = {"pulumi.com/deletionPropagationPolicy": "background"}
"""Goes on with a destroy at once: the servers, which are waited for, drain at the same time and no quicker."""

SERVICE_PORT = 80
"""The Service's port in Seqera's templates, and the one that the Ingress routes to."""


@dataclass(frozen=True, kw_only=True)
class ConnectProxyArgs(ConnectWorkloadArgs):
    """The arguments of :class:`ConnectProxy`."""

    http_port: int = default_of("proxyPort")
    """Where the proxy listens: `CONNECT_HTTP_PORT`."""
    readiness_path: str | None = None
    """Path at the management port that tells whether the proxy is ready; without it the HTTP port does."""
    storage_root: str = default_of("storageRoot")
    """Where the proxy writes: `CONNECT_STORAGE_ROOT`."""
    storage_size: str = default_of("storageSize")
    """The size limit there, in Kubernetes' units."""
    ssh_port: int | None = None
    """Where the proxy takes SSH, `CONNECT_SSH_ADDR`; none without it."""
    ssh_key_secret: pulumi.Input[str] | None = None
    """Name of the Secret with the SSH host key, `ssh-privatekey`: mounted at `/etc/connect/ssh`."""
    node_port: bool = default_of("targetType") == "instance"
    """Open the Service on every node, for a load balancer with nodes as targets instead of pods."""


class ConnectProxy(pulumi.ComponentResource):
    """The connect proxy: a Deployment, and a Service from port 80 to it."""

    service_name: pulumi.Output[str]
    """The Service that the Ingress routes to, on port 80."""
    deployment_name: pulumi.Output[str]
    """The Deployment, known once its pods are ready."""

    def __init__(
        self,
        name: str,
        args: ConnectProxyArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        cluster: Cluster | None = None,
    ) -> None:
        super().__init__("studios:index:ConnectProxy", name, {}, opts)
        objects = proxy_objects(args)
        deployment = apps.v1.Deployment(
            f"{name}-deployment",
            objects.deployment,
            pulumi.ResourceOptions(
                parent=self,
                custom_timeouts=rollout_timeouts(args.pods, one_by_one=False),
                # The provider leaves a field to the client that has written it since.
                ignore_changes=["spec.replicas"] if args.pods.autoscaled else None,
                hooks=stuck_pods_explained(
                    f"{name}-deployment-explained", cluster, args.namespace, args.selector, self
                ),
            ),
        )
        make_disruption_budget(name, objects.disruption_budget, self)
        self.service_name = make_service(name, objects.service, args, self).metadata.apply(name_of)
        self.deployment_name = deployment.metadata.apply(name_of)
        self.register_outputs({"service_name": self.service_name, "deployment_name": self.deployment_name})


class ProxyObjects(NamedTuple):
    """What a proxy is in the cluster."""

    deployment: apps.v1.DeploymentInitArgs
    disruption_budget: policy.v1.PodDisruptionBudgetInitArgs
    service: core.v1.ServiceInitArgs


def proxy_objects(args: ConnectProxyArgs) -> ProxyObjects:
    """The objects of a proxy, made of its arguments and nothing else."""
    container = args.container(
        "proxy",
        {"proxy": args.http_port, **({} if args.ssh_port is None else {"ssh": args.ssh_port})},
        ready_port="proxy",
        # The one port that is documented for it.
        alive_port="proxy",
        # Connect 0.8.3 and later keep their state in a file: a writable mount is mandatory.
        storage={args.storage_root: args.storage_size},
        ready_path=args.readiness_path,
        more_mounts={} if args.ssh_key_secret is None else {SSH_KEY_MOUNT: args.ssh_key_secret},
    )
    return ProxyObjects(
        deployment=apps.v1.DeploymentInitArgs(
            metadata=args.metadata(_DRAIN_BESIDE_THE_SERVERS),
            spec=apps.v1.DeploymentSpecArgs(
                replicas=args.pods.replicas,
                selector=meta.v1.LabelSelectorArgs(match_labels=args.selector),
                # A new pod is ready before an old one goes.
                strategy=apps.v1.DeploymentStrategyArgs(
                    type="RollingUpdate",
                    rolling_update=apps.v1.RollingUpdateDeploymentArgs(max_surge=1, max_unavailable=0),
                ),
                template=pod_template(args.workload, container, args.pods, args.checksum),
            ),
        ),
        disruption_budget=disruption_budget(args),
        service=core.v1.ServiceInitArgs(
            metadata=args.metadata(),
            spec=core.v1.ServiceSpecArgs(
                type="NodePort" if args.node_port else "ClusterIP",
                selector=args.selector,
                ports=[
                    core.v1.ServicePortArgs(name="http", port=SERVICE_PORT, target_port="proxy", protocol="TCP"),
                    *args.management_service_ports,
                ],
            ),
        ),
    )
