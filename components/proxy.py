"""connect-proxy: what a browser talks to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
from pulumi_kubernetes import apps, core, meta, policy

from components.error_hooks import seconds
from components.pods import (
    ConnectContainer,
    PodSettings,
    SecretKey,
    disruption_budget,
    labels_of,
    management,
    name_of,
    pod_template,
    rollout_timeouts,
)
from components.stuck_pods import stuck_pods_explained
from live.cluster import Cluster
from settings.fields import default_of

_DRAIN_BESIDE_THE_SERVERS = {"pulumi.com/deletionPropagationPolicy": "background"}
"""Goes on with a destroy at once: the servers, which are waited for, drain at the same time and no quicker."""

SERVICE_PORT = 80
"""The Service's port in Seqera's templates, and the one that the Ingress routes to."""


@dataclass(frozen=True, kw_only=True)
class ConnectProxyArgs:
    """The arguments of :class:`ConnectProxy`."""

    namespace: str
    """Where Platform runs."""
    workload: str
    """The name of the Deployment and of the Service: `connect-proxy`."""
    image: str
    """Repository and tag."""
    pods: PodSettings
    """Replicas, scheduling, resources."""
    config_map: pulumi.Input[str]
    """The ConfigMap; every key of it is an environment variable."""
    secrets: Mapping[str, SecretKey]
    """Environment variables by name, each read from a Secret."""
    checksum: pulumi.Input[str]
    """Any text that changes with what the pods read, so that they restart: an output of StudiosConfiguration."""
    http_port: int = 8081
    """Where the proxy listens: `CONNECT_HTTP_PORT`."""
    management_port: int | None = None
    """Port of metrics and readiness, `CONNECT_MANAGEMENT_PORT`; none without it."""
    readiness_path: str | None = None
    """Path at the management port that tells whether the proxy is ready; without it the HTTP port does."""
    storage_root: str = default_of("storageRoot")
    """Where the proxy writes: `CONNECT_STORAGE_ROOT`."""
    storage_size: str = default_of("storageSize")
    """The size limit there, in Kubernetes' units."""
    secret_mounts: Mapping[str, str] = field(default_factory=dict)
    """Mount path → name of a Secret that exists already."""
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
        metadata = _metadata(args)
        selector = {"app": args.workload}
        container = ConnectContainer(
            name="proxy",
            image=args.image,
            ports={"proxy": args.http_port, **management(args.management_port)},
            ready_port="proxy",
            # The one port that is documented for it.
            alive_port="proxy",
            config_map=args.config_map,
            secrets=args.secrets,
            secret_mounts=args.secret_mounts,
            # Connect 0.8.3 and later keep their state in a file: a writable mount is mandatory.
            storage={args.storage_root: args.storage_size},
            ready_path=args.readiness_path,
        )
        deployment = apps.v1.Deployment(
            f"{name}-deployment",
            metadata=_metadata(args, _DRAIN_BESIDE_THE_SERVERS),
            spec=apps.v1.DeploymentSpecArgs(
                replicas=args.pods.replicas,
                selector=meta.v1.LabelSelectorArgs(match_labels=selector),
                # A new pod is ready before an old one goes.
                strategy=apps.v1.DeploymentStrategyArgs(
                    type="RollingUpdate",
                    rolling_update=apps.v1.RollingUpdateDeploymentArgs(max_surge=1, max_unavailable=0),
                ),
                template=pod_template(args.workload, container, args.pods, args.checksum),
            ),
            opts=pulumi.ResourceOptions(
                parent=self,
                custom_timeouts=rollout_timeouts(args.pods, one_by_one=False),
                # The provider leaves a field to whoever has written it since.
                ignore_changes=["spec.replicas"] if args.pods.autoscaled else None,
                hooks=stuck_pods_explained(f"{name}-deployment-explained", cluster, args.namespace, selector, self),
            ),
        )
        policy.v1.PodDisruptionBudget(
            f"{name}-disruption-budget",
            metadata=metadata,
            spec=disruption_budget(args.workload),
            opts=pulumi.ResourceOptions(parent=self),
        )
        service = core.v1.Service(
            f"{name}-service",
            metadata=metadata,
            spec=core.v1.ServiceSpecArgs(
                type="NodePort" if args.node_port else "ClusterIP",
                selector=selector,
                ports=[core.v1.ServicePortArgs(name="http", port=SERVICE_PORT, target_port="proxy", protocol="TCP")],
            ),
            opts=pulumi.ResourceOptions(parent=self, custom_timeouts=seconds(args.pods.ready_seconds)),
        )
        self.service_name = service.metadata.apply(name_of)
        self.deployment_name = deployment.metadata.apply(name_of)
        self.register_outputs({"service_name": self.service_name, "deployment_name": self.deployment_name})


def _metadata(args: ConnectProxyArgs, annotations: Mapping[str, str] | None = None) -> meta.v1.ObjectMetaArgs:
    return meta.v1.ObjectMetaArgs(
        name=args.workload, namespace=args.namespace, labels=labels_of(args.workload), annotations=annotations
    )
