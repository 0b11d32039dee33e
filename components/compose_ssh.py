"""The way of SSH clients to the proxy on a Docker Compose host."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import lb, vpc

from components.instance_targets import instance_targets
from survey.compose import ComposeSite
from survey.ssh_balancer import SshBalancer


@dataclass(frozen=True, kw_only=True)
class ComposeSshNetworkArgs:
    """The arguments of :class:`ComposeSshNetwork`.

    Args:
        site: the instance, and the network load balancer, if one is given.
        port: where the proxy takes SSH on the instance, and the load balancer too.
        client_cidrs: networks with clients that are let in.
    """

    site: ComposeSite
    port: int
    client_cidrs: Sequence[str]


class ComposeSshNetwork(pulumi.ComponentResource):
    """Rules of security groups for SSH; at a network load balancer a target group with the instance, and a listener."""

    load_balancer_hostname: pulumi.Output[str] | None
    """The DNS name of the network load balancer; None where clients connect to the instance."""

    def __init__(self, name: str, args: ComposeSshNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("studios:index:ComposeSshNetwork", name, {}, opts)
        self._name, self._args = name, args
        balancer, instance_group = args.site.ssh_balancer, args.site.instance_security_group
        if balancer is None:
            self._let_in("client", instance_group, args.client_cidrs)
        elif balancer.security_group is not None:
            self._let_in("client", balancer.security_group, args.client_cidrs)
            self._rule("balancer", instance_group, {"referenced_security_group_id": balancer.security_group})
        else:
            # Without a group of its own it only passes on: the instance sees its clients, and its health checks.
            self._let_in("client", instance_group, args.client_cidrs)
            self._let_in("check", instance_group, _beside(balancer.subnet_cidrs, args.client_cidrs))
        self.load_balancer_hostname = None if balancer is None else self._behind(balancer)
        self.register_outputs({"load_balancer_hostname": self.load_balancer_hostname})

    def _behind(self, balancer: SshBalancer) -> pulumi.Output[str]:
        """The instance behind a listener of the load balancer."""
        args = self._args
        targets, attachment = instance_targets(
            self._name,
            args.site,
            args.port,
            self,
            protocol="TCP",
            health_check=lb.TargetGroupHealthCheckArgs(protocol="TCP"),
            preserve_client_ip=True,
        )
        listener = lb.Listener(
            f"{self._name}-listener",
            load_balancer_arn=balancer.arn,
            port=args.port,
            protocol="TCP",
            default_actions=[lb.ListenerDefaultActionArgs(type="forward", target_group_arn=targets.arn)],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[attachment]),
        )

        def hostname(_arn: str) -> str:
            return balancer.hostname

        return listener.arn.apply(hostname)

    def _let_in(self, role: str, group: str, cidrs: Sequence[str]) -> None:
        for place, cidr in enumerate(cidrs):
            family = "cidr_ipv6" if ":" in cidr else "cidr_ipv4"
            self._rule(f"{role}-{place}", group, {family: cidr})

    def _rule(self, role: str, group: str, source: Mapping[str, str]) -> None:
        vpc.SecurityGroupIngressRule(
            f"{self._name}-{role}",
            security_group_id=group,
            ip_protocol="tcp",
            from_port=self._args.port,
            to_port=self._args.port,
            cidr_ipv4=source.get("cidr_ipv4"),
            cidr_ipv6=source.get("cidr_ipv6"),
            referenced_security_group_id=source.get("referenced_security_group_id"),
            description="Studios: SSH to connect-proxy",
            opts=pulumi.ResourceOptions(parent=self),
        )


def _beside(cidrs: Sequence[str], let_in: Sequence[str]) -> list[str]:
    """The IPv4 networks that none of those let in contains."""
    wide = [ipaddress.IPv4Network(each) for each in let_in if ":" not in each]
    return [cidr for cidr in cidrs if not any(ipaddress.IPv4Network(cidr).subnet_of(each) for each in wide)]
