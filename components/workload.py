"""What the connect proxy and the connect server have in common, beside their pods: arguments, budget and Service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
from pulumi_kubernetes import core, meta, policy

from components.pods import ConnectContainer, PodSettings, SecretKey, labels_of, management
from components.timeouts import gone_soon, timeouts
from settings.labels import APP


@dataclass(frozen=True, kw_only=True)
class ConnectWorkloadArgs:
    """The arguments that :class:`ConnectProxyArgs` and :class:`ConnectServerArgs` have in common."""

    namespace: str
    """Where Platform runs."""
    workload: str
    """The name of the workload and of its Service: `connect-proxy` or `connect-server`."""
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
    management_port: int | None = None
    """Port of metrics and readiness, `CONNECT_MANAGEMENT_PORT`; none without it."""
    publish_management: bool = False
    """Give the Service the management port, too, for Prometheus to find it there."""
    secret_mounts: Mapping[str, str] = field(default_factory=dict)
    """Mount path → name of a Secret that exists already."""

    @property
    def selector(self) -> dict[str, str]:
        """The labels that select the pods."""
        return {APP: self.workload}

    @property
    def management_service_ports(self) -> list[core.v1.ServicePortArgs]:
        """The management port, where the Service is to have it."""
        return [
            core.v1.ServicePortArgs(name=name, port=port, target_port=name, protocol="TCP")
            for name, port in (management(self.management_port) if self.publish_management else {}).items()
        ]

    def metadata(self, annotations: Mapping[str, str] | None = None) -> meta.v1.ObjectMetaArgs:
        """Name, namespace and labels of the workload's objects."""
        return meta.v1.ObjectMetaArgs(
            name=self.workload, namespace=self.namespace, labels=labels_of(self.workload), annotations=annotations
        )

    def container(
        self,
        name: str,
        ports: Mapping[str, int],
        *,
        ready_port: str,
        alive_port: str,
        storage: Mapping[str, str] | None = None,
        ready_path: str | None = None,
        more_mounts: Mapping[str, pulumi.Input[str]] | None = None,
    ) -> ConnectContainer:
        """The one container of its pods; the arguments are those of :class:`ConnectContainer`.

        What it reads besides ``secret_mounts`` is in ``more_mounts``, in the same form.
        """
        return ConnectContainer(
            name=name,
            image=self.image,
            ports={**ports, **management(self.management_port)},
            ready_port=ready_port,
            alive_port=alive_port,
            config_map=self.config_map,
            secrets=self.secrets,
            secret_mounts={**self.secret_mounts, **(more_mounts or {})},
            storage=storage or {},
            ready_path=ready_path,
        )


def disruption_budget(args: ConnectWorkloadArgs) -> policy.v1.PodDisruptionBudgetInitArgs:
    """Lets nodes be drained one pod at a time; a pod that isn't ready never stands in the way."""
    return policy.v1.PodDisruptionBudgetInitArgs(
        metadata=args.metadata(),
        spec=policy.v1.PodDisruptionBudgetSpecArgs(
            max_unavailable=1,
            selector=meta.v1.LabelSelectorArgs(match_labels=args.selector),
            unhealthy_pod_eviction_policy="AlwaysAllow",
        ),
    )


def make_disruption_budget(
    name: str, inputs: policy.v1.PodDisruptionBudgetInitArgs, parent: pulumi.Resource
) -> policy.v1.PodDisruptionBudget:
    """The budget of a workload."""
    return policy.v1.PodDisruptionBudget(f"{name}-disruption-budget", inputs, gone_soon(parent))


def make_service(
    name: str, inputs: core.v1.ServiceInitArgs, args: ConnectWorkloadArgs, parent: pulumi.Resource
) -> core.v1.Service:
    """The Service over the pods; the provider waits until it has one that is ready."""
    opts = pulumi.ResourceOptions(parent=parent, custom_timeouts=timeouts(args.pods.ready_seconds))
    return core.v1.Service(f"{name}-service", inputs, opts)
