"""Who may talk to connect-proxy and connect-server, and whom they may talk to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import meta, networking

from components.pods import labels_of
from components.timeouts import gone_soon
from settings.labels import APP

INSTANCE_METADATA = {"0.0.0.0/0": "169.254.169.254/32", "::/0": "fd00:ec2::254/128"}
"""All addresses, and among them those at which EC2 gives a node's credentials to any client."""


@dataclass(frozen=True, kw_only=True)
class StudiosNetworkPoliciesArgs:
    """The arguments of :class:`StudiosNetworkPolicies`."""

    namespace: str
    """Where the pods run."""
    proxy: str
    """The proxy's workload: `app` labels its pods with that name."""
    proxy_port: int
    """Where the proxy listens."""
    ssh_port: int | None = None
    """Where the proxy takes SSH; none without it."""
    server: str
    """The server's workload: `app` labels its pods with that name."""
    server_ports: Sequence[int]
    """Where the server listens for the proxy and, through it, for sessions."""
    management_port: int | None = None
    """Where both give metrics; none without it."""
    management_namespace: str | None = None
    """The namespace with the pods that may fetch them; without it no pod may."""


class StudiosNetworkPolicies(pulumi.ComponentResource):
    """Lets all clients reach the proxy on its ports, only the proxy reach the server, and neither reach EC2's metadata.

    The proxy's callers can't be narrowed down: with target type ``instance`` they come from the addresses of the nodes,
    with ``ip`` from those of the load balancer, and both change. A network plugin that knows no policies ignores them.
    """

    def __init__(self, name: str, args: StudiosNetworkPoliciesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("studios:index:StudiosNetworkPolicies", name, {}, opts)
        for role, policy in network_policies(args).items():
            networking.v1.NetworkPolicy(f"{name}-{role}", policy, gone_soon(self))
        self.register_outputs({})


def network_policies(args: StudiosNetworkPoliciesArgs) -> dict[str, networking.v1.NetworkPolicyInitArgs]:
    """The policies, by the pods that they are for."""
    from_proxy = networking.v1.NetworkPolicyPeerArgs(pod_selector=_pods(args.proxy))
    rules = {
        "proxy": (args.proxy, _ingress([args.proxy_port, *([args.ssh_port] if args.ssh_port else [])])),
        "server": (args.server, _ingress(args.server_ports, from_proxy)),
    }
    return {
        role: networking.v1.NetworkPolicyInitArgs(
            metadata=meta.v1.ObjectMetaArgs(name=workload, namespace=args.namespace, labels=labels_of(workload)),
            spec=networking.v1.NetworkPolicySpecArgs(
                pod_selector=_pods(workload),
                policy_types=["Ingress", "Egress"],
                ingress=[rule, *_management(args)],
                egress=[networking.v1.NetworkPolicyEgressRuleArgs(to=_everywhere_but_instance_metadata())],
            ),
        )
        for role, (workload, rule) in rules.items()
    }


def _pods(app: str) -> meta.v1.LabelSelectorArgs:
    return meta.v1.LabelSelectorArgs(match_labels={APP: app})


def _ingress(
    ports: Sequence[int], source: networking.v1.NetworkPolicyPeerArgs | None = None
) -> networking.v1.NetworkPolicyIngressRuleArgs:
    return networking.v1.NetworkPolicyIngressRuleArgs(
        from_=None if source is None else [source],
        ports=[networking.v1.NetworkPolicyPortArgs(port=port, protocol="TCP") for port in ports],
    )


def _management(args: StudiosNetworkPoliciesArgs) -> list[networking.v1.NetworkPolicyIngressRuleArgs]:
    if args.management_port is None or args.management_namespace is None:
        return []
    # Every namespace has this label, written by the API server itself.
    namespace = meta.v1.LabelSelectorArgs(match_labels={"kubernetes.io/metadata.name": args.management_namespace})
    return [_ingress([args.management_port], networking.v1.NetworkPolicyPeerArgs(namespace_selector=namespace))]


def _everywhere_but_instance_metadata() -> list[networking.v1.NetworkPolicyPeerArgs]:
    # Some plugins don't take pods for a part of any address block.
    every_pod = networking.v1.NetworkPolicyPeerArgs(namespace_selector=meta.v1.LabelSelectorArgs())
    return [
        every_pod,
        *(
            networking.v1.NetworkPolicyPeerArgs(ip_block=networking.v1.IPBlockArgs(cidr=cidr, except_=[excluded]))
            for cidr, excluded in INSTANCE_METADATA.items()
        ),
    ]
