"""connect-server: the end of the tunnels that the Studio sessions open."""

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
    rollout_seconds,
    rollout_timeouts,
)
from components.stuck_pods import name_once_rolled_out, stuck_pods_explained
from live.cluster import Cluster
from settings.fields import default_of


@dataclass(frozen=True, kw_only=True)
class ConnectServerArgs:
    """The arguments of :class:`ConnectServer`."""

    namespace: str
    """Where Platform runs."""
    workload: str
    """The name of the StatefulSet and of the Service: `connect-server`."""
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
    tunnel_port: int = default_of("tunnelPort")
    """Where the tunnels arrive: `CONNECT_TUNNEL_PORT`."""
    listener_port: int = default_of("listenerPort")
    """Where the proxy asks for them: `CONNECT_LISTENER_PORT`."""
    management_port: int | None = None
    """Port of metrics and readiness, `CONNECT_MANAGEMENT_PORT`; none without it."""
    secret_mounts: Mapping[str, str] = field(default_factory=dict)
    """Mount path → name of a Secret that exists already."""


class ConnectServer(pulumi.ComponentResource):
    """The connect server: a StatefulSet, and a headless Service over it."""

    service_name: pulumi.Output[str]
    """The headless Service; `<name>:7070` reaches a server directly."""
    stateful_set_name: pulumi.Output[str]
    """The StatefulSet, known once its pods are ready."""

    def __init__(
        self,
        name: str,
        args: ConnectServerArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        cluster: Cluster | None = None,
    ) -> None:
        super().__init__("studios:index:ConnectServer", name, {}, opts)
        metadata = meta.v1.ObjectMetaArgs(name=args.workload, namespace=args.namespace, labels=labels_of(args.workload))
        selector = {"app": args.workload}
        ports = {"tunnel": args.tunnel_port, "listener": args.listener_port}
        container = ConnectContainer(
            name="server",
            image=args.image,
            ports={**ports, **management(args.management_port)},
            ready_port="listener",
            alive_port="tunnel",
            config_map=args.config_map,
            secrets=args.secrets,
            secret_mounts=args.secret_mounts,
        )
        # The Service waits for the pods, so the StatefulSet takes its name from the arguments and not from it.
        stateful_set = apps.v1.StatefulSet(
            f"{name}-stateful-set",
            metadata=metadata,
            spec=apps.v1.StatefulSetSpecArgs(
                replicas=args.pods.replicas,
                service_name=args.workload,
                # One after the other, a pod that never becomes ready would hold up also the update that mends it:
                # https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback
                pod_management_policy="Parallel",
                selector=meta.v1.LabelSelectorArgs(match_labels=selector),
                template=pod_template(args.workload, container, args.pods, args.checksum),
            ),
            opts=pulumi.ResourceOptions(
                parent=self,
                custom_timeouts=rollout_timeouts(args.pods, one_by_one=True),
                hooks=stuck_pods_explained(f"{name}-stateful-set-explained", cluster, args.namespace, selector, self),
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
                cluster_ip="None",
                # Servers look each other up while they start, and are still reached by their names while they drain.
                publish_not_ready_addresses=True,
                selector=selector,
                ports=[
                    core.v1.ServicePortArgs(name=port, port=number, target_port=port, protocol="TCP")
                    for port, number in ports.items()
                ],
            ),
            opts=pulumi.ResourceOptions(parent=self, custom_timeouts=seconds(args.pods.ready_seconds)),
        )
        self.service_name = service.metadata.apply(name_of)
        self.stateful_set_name = name_once_rolled_out(
            stateful_set.metadata, cluster, args.namespace, "StatefulSet", rollout_seconds(args.pods, one_by_one=True)
        )
        self.register_outputs({"service_name": self.service_name, "stateful_set_name": self.stateful_set_name})
