"""connect-proxy: what a browser talks to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
from pulumi_kubernetes import apps, core, meta, policy

from components.failures import seconds
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

SERVICE_PORT = 80
"""The Service's port in Seqera's templates, and the one that the Ingress routes to."""


@dataclass(frozen=True, kw_only=True)
class ConnectProxyArgs:
    """The arguments of :class:`ConnectProxy`.

    Args:
        namespace: where Platform runs.
        workload: the name of the Deployment and of the Service: ``connect-proxy``.
        image: repository and tag.
        pods: replicas, scheduling, resources.
        config_map: the ConfigMap whose every key is an environment variable.
        secrets: further environment variables, each from a Secret.
        checksum: changes with what the pods read.
        http_port: where the proxy listens: ``CONNECT_HTTP_PORT``.
        management_port: ``CONNECT_MANAGEMENT_PORT``; None if it has none.
        readiness_path: what the management port is asked for, to tell whether the proxy is ready; None for a TCP
            connection to ``http_port`` instead.
        storage_root: where the proxy writes: ``CONNECT_STORAGE_ROOT``.
        storage_size: the size limit there, in Kubernetes' units.
        secret_mounts: mount path → name of a Secret that exists already.
        node_port: open the Service on every node, for a load balancer whose targets are nodes and not pods.
    """

    namespace: str
    workload: str
    image: str
    pods: PodSettings
    config_map: pulumi.Input[str]
    secrets: Mapping[str, SecretKey]
    checksum: pulumi.Input[str]
    http_port: int = 8081
    management_port: int | None = None
    readiness_path: str | None = None
    storage_root: str = "/data"
    storage_size: str = "100Mi"
    secret_mounts: Mapping[str, str] = field(default_factory=dict)
    node_port: bool = False


class ConnectProxy(pulumi.ComponentResource):
    """A Deployment, a Service from port 80 to it, in the shape of Seqera's ``proxy.yml``, and a disruption budget."""

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
        metadata = meta.v1.ObjectMetaArgs(name=args.workload, namespace=args.namespace, labels=labels_of(args.workload))
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
            metadata=metadata,
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
