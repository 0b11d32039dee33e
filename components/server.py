"""connect-server: the end of the tunnels that the Studio sessions open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import pulumi
from pulumi_kubernetes import apps, core, meta, policy

from components.pods import name_of, pod_template
from components.stuck_pods import name_once_rolled_out, stuck_pods_explained
from components.timeouts import rollout_seconds, rollout_timeouts
from components.workload import ConnectWorkloadArgs, disruption_budget, make_disruption_budget, make_service
from live.cluster import Cluster
from settings.fields import default_of


@dataclass(frozen=True, kw_only=True)
class ConnectServerArgs(ConnectWorkloadArgs):
    """The arguments of :class:`ConnectServer`."""

    tunnel_port: int = default_of("tunnelPort")
    """Where the tunnels arrive: `CONNECT_TUNNEL_PORT`."""
    listener_port: int = default_of("listenerPort")
    """Where the proxy asks for them: `CONNECT_LISTENER_PORT`."""


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
        objects = server_objects(args)
        # The Service waits for the pods, so the StatefulSet takes its name from the arguments and not from it.
        stateful_set = apps.v1.StatefulSet(
            f"{name}-stateful-set",
            objects.stateful_set,
            pulumi.ResourceOptions(
                parent=self,
                custom_timeouts=rollout_timeouts(args.pods, one_by_one=True),
                hooks=stuck_pods_explained(
                    f"{name}-stateful-set-explained", cluster, args.namespace, args.selector, self
                ),
            ),
        )
        make_disruption_budget(name, objects.disruption_budget, self)
        self.service_name = make_service(name, objects.service, args, self).metadata.apply(name_of)
        self.stateful_set_name = name_once_rolled_out(
            stateful_set.metadata, cluster, args.namespace, "StatefulSet", rollout_seconds(args.pods, one_by_one=True)
        )
        self.register_outputs({"service_name": self.service_name, "stateful_set_name": self.stateful_set_name})


class ServerObjects(NamedTuple):
    """What a server is in the cluster."""

    stateful_set: apps.v1.StatefulSetInitArgs
    disruption_budget: policy.v1.PodDisruptionBudgetInitArgs
    service: core.v1.ServiceInitArgs


def server_objects(args: ConnectServerArgs) -> ServerObjects:
    """The objects of a server, made of its arguments and nothing else."""
    ports = {"tunnel": args.tunnel_port, "listener": args.listener_port}
    container = args.container("server", ports, ready_port="listener", alive_port="tunnel")
    return ServerObjects(
        stateful_set=apps.v1.StatefulSetInitArgs(
            metadata=args.metadata(),
            spec=apps.v1.StatefulSetSpecArgs(
                replicas=args.pods.replicas,
                service_name=args.workload,
                # One after the other, a pod that never becomes ready would hold up also the update that mends it:
                # https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback
                pod_management_policy="Parallel",
                selector=meta.v1.LabelSelectorArgs(match_labels=args.selector),
                template=pod_template(args.workload, container, args.pods, args.checksum),
            ),
        ),
        disruption_budget=disruption_budget(args),
        service=core.v1.ServiceInitArgs(
            metadata=args.metadata(),
            spec=core.v1.ServiceSpecArgs(
                cluster_ip="None",
                # Servers look each other up while they start, and are still reached by their names while they drain.
                publish_not_ready_addresses=True,
                selector=args.selector,
                ports=[
                    core.v1.ServicePortArgs(name=port, port=number, target_port=port, protocol="TCP")
                    for port, number in ports.items()
                ]
                + args.management_service_ports,
            ),
        ),
    )
