"""From a group of Ingresses to the load balancer that they ask for: no calls, no clock, no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from testbed.loadbalancer import certificates, rules, targets
from testbed.loadbalancer.certificates import CertificateError
from testbed.loadbalancer.groups import Group
from testbed.loadbalancer.objects import Backend, Cluster
from testbed.loadbalancer.settings import Member, ModelError, exclusive, merged, read_members
from testbed.loadbalancer.stack import (
    CLUSTER_TAG,
    RESOURCE_TAG,
    STACK_TAG,
    Account,
    Action,
    FixedResponse,
    Forward,
    Listener,
    LoadBalancer,
    RedirectToHttps,
    Rule,
    SecurityGroup,
    Stack,
    TargetGroup,
)
from testbed.loadbalancer.subnets import choose_subnets

_DEFAULT_SSL_POLICY = "ELBSecurityPolicy-2016-08"


def build(group: Group, cluster: Cluster, account: Account, cluster_name: str) -> Stack:
    """What ``group`` asks for.

    Args:
        group: with one member at least.
        cluster: the Services, endpoints and nodes that it may refer to.
        account: the subnets, certificates and policies that it may refer to.
        cluster_name: goes into names and tags.

    Raises:
        ModelError: it can't be made; the message is the controller's where it has one.
    """
    return _Builder(group, read_members(group.members), cluster, account, cluster_name).build()


@dataclass
class _Builder:
    group: Group
    members: Sequence[Member]
    cluster: Cluster
    account: Account
    cluster_name: str
    target_groups: dict[str, TargetGroup] = field(default_factory=dict)

    def build(self) -> Stack:
        by_port = self._members_by_port()
        redirect = self._redirect_port(by_port)
        load_balancer, vpc_id = self._load_balancer()
        listeners = tuple(self._listener(port, by_port[port], redirect) for port in sorted(by_port))
        return Stack(
            id=str(self.group.id),
            vpc_id=vpc_id,
            load_balancer=load_balancer,
            security_group=None if load_balancer.security_groups else self._security_group(by_port, load_balancer),
            listeners=listeners,
            target_groups=tuple(self.target_groups[name] for name in sorted(self.target_groups)),
        )

    # Listeners

    def _members_by_port(self) -> dict[int, list[Member]]:
        by_port: dict[int, list[Member]] = {}
        for member in self.members:
            for port, protocol in member.listen_ports.items():
                first = by_port.setdefault(port, [member])[0]
                if first.listen_ports[port] != protocol:
                    raise ModelError(
                        f"failed to merge listenPort config for port: {port}: conflicting protocol,"
                        f" {first.ingress.key}: {first.listen_ports[port]} | {member.ingress.key}: {protocol}"
                    )
                if member is not first:
                    by_port[port].append(member)
        return by_port

    def _redirect_port(self, by_port: Mapping[int, Sequence[Member]]) -> int | None:
        port: int | None = exclusive(self.members, "ssl-redirect", "sslRedirect port")
        if port is not None and port not in by_port:
            raise ModelError(f"listener does not exist for SSLRedirect port: {port}")
        if port is not None and by_port[port][0].listen_ports[port] != "HTTPS":
            raise ModelError(f"listener protocol non-SSL for SSLRedirect port: {port}")
        return port

    def _listener(self, port: int, members: Sequence[Member], redirect: int | None) -> Listener:
        protocol = members[0].listen_ports[port]
        tags = self._tags(str(port), merged((member.tags for member in members), "tag"))
        listener = Listener(port, protocol, FixedResponse(404), (), "", (), tags)
        if protocol == "HTTP":
            if redirect is not None:
                # Rules would never be looked at: everything goes to HTTPS.
                return replace(listener, default_action=RedirectToHttps(redirect))
        else:
            listener = replace(
                listener, certificates=self._certificates(members), ssl_policy=self._ssl_policy(port, members)
            )
        return replace(listener, default_action=self._default_action(members), rules=self._rules(port, members))

    def _ssl_policy(self, port: int, members: Sequence[Member]) -> str:
        try:
            policy: str = exclusive(members, "ssl-policy", "sslPolicy", _DEFAULT_SSL_POLICY)
        except ModelError as error:
            raise ModelError(f"failed to merge listenPort config for port: {port}: {error}") from None
        if policy not in self.account.ssl_policies:
            raise ModelError(f"SSLPolicyNotFound: SSL policy '{policy}' not found")
        return policy

    def _certificates(self, members: Sequence[Member]) -> tuple[str, ...]:
        """The default one first: the first of the first member that has any."""
        arns: dict[str, None] = {}
        for member in members:
            try:
                explicit = member.settings.get("certificate-arn")
                arns.update(dict.fromkeys(explicit or certificates.discover(member.ingress.hosts, self.account)))
            except CertificateError as error:
                raise ModelError(f"ingress: {member.ingress.key}: {error}") from None
        if not arns:
            raise ModelError("A certificate must be specified for HTTPS listeners")
        try:
            certificates.require_issued(arns, self.account)
            for member in members:
                certificates.require_coverage(member.ingress.hosts, tuple(arns), self.account)
        except CertificateError as error:
            raise ModelError(str(error)) from None
        return tuple(arns)

    def _default_action(self, members: Sequence[Member]) -> Action:
        having = [member for member in members if member.ingress.default_backend]
        if len(having) > 1:
            keys = " ".join(member.ingress.key for member in having)
            raise ModelError(f"multiple ingress defined default backend: [{keys}]")
        for member in having:
            if backend := member.ingress.default_backend:
                return self._forward(member, backend)
        return FixedResponse(404)

    def _rules(self, port: int, members: Sequence[Member]) -> tuple[Rule, ...]:
        result: list[Rule] = []
        for member in members:
            for host_rule in member.ingress.rules:
                for path in rules.in_order(host_rule.paths):
                    action = self._forward(member, path.backend)
                    try:
                        patterns = rules.patterns(path)
                    except ValueError as error:
                        raise ModelError(f"ingress: {member.ingress.key}: {error}") from None
                    hosts = (host_rule.host,) if host_rule.host else ()
                    priority = len(result) + 1
                    tags = self._tags(f"{port}:{priority}", member.tags)
                    # A rule needs a condition: without host and path it is the one that matches everything.
                    result.append(Rule(priority, hosts, patterns or (() if hosts else ("/*",)), action, tags))
        return tuple(result)

    def _forward(self, member: Member, backend: Backend) -> Forward:
        try:
            group = targets.build(member, backend, self.cluster, str(self.group.id), self.cluster_name)
        except ModelError as error:
            raise ModelError(f"ingress: {member.ingress.key}: {error}") from None
        tags = {**group.tags, **self._tags(group.tags[RESOURCE_TAG], {})}
        self.target_groups[group.name] = replace(group, tags=tags)
        return Forward(group.name)

    # The load balancer itself

    def _load_balancer(self) -> tuple[LoadBalancer, str]:
        scheme: str = exclusive(self.members, "scheme", "scheme", "internal")
        address_type: str = exclusive(self.members, "ip-address-type", "IPAddressType", "ipv4")
        named: tuple[str, ...] = exclusive(self.members, "subnets", "subnets", ())
        subnets = choose_subnets(named, scheme, self.account.subnets, self.cluster_name)
        attributes = merged(
            (member.settings.get("load-balancer-attributes", {}) for member in self.members),
            "load balancer attributes",
        )
        load_balancer = LoadBalancer(
            name=exclusive(self.members, "load-balancer-name", "load balancer name") or self._name(scheme),
            scheme=scheme,
            ip_address_type=address_type,
            subnets=tuple(subnet.id for subnet in subnets),
            security_groups=self._security_group_ids(),
            attributes=attributes,
            tags=self._tags("LoadBalancer", self._all_tags()),
        )
        return load_balancer, subnets[0].vpc_id

    def _name(self, *more: str) -> str:
        group = self.group.id
        identity = (self.cluster_name, str(group), *more)
        if group.namespace:
            return targets.short_name(group.namespace, group.name, widths=(8, 8), identity=identity)
        return targets.short_name(group.name, widths=(17,), identity=identity)

    def _security_group_ids(self) -> tuple[str, ...]:
        wanted: tuple[str, ...] = exclusive(self.members, "security-groups", "securityGroups", ())
        result = []
        for name_or_id in wanted:
            found = [key for key, name in self.account.security_groups.items() if name_or_id in (key, name)]
            if not found:
                raise ModelError(f"couldn't find all security groups: [{name_or_id}]")
            result += found
        return tuple(result)

    def _security_group(self, by_port: Mapping[int, Sequence[Member]], lb: LoadBalancer) -> SecurityGroup:
        inbound: set[tuple[int, str]] = set()
        everywhere = ("0.0.0.0/0", "::/0") if lb.ip_address_type == "dualstack" else ("0.0.0.0/0",)
        for port, members in by_port.items():
            try:
                networks: Any = exclusive(members, "inbound-cidrs", "inbound-cidrs", everywhere)
            except ModelError as error:
                raise ModelError(f"failed to merge listenPort config for port: {port}: {error}") from None
            inbound.update((port, network) for network in networks)
        tags = self._tags("ManagedLBSecurityGroup", self._all_tags())
        return SecurityGroup(self._name(), frozenset(inbound), tags)

    def _all_tags(self) -> dict[str, str]:
        return merged((member.tags for member in self.members), "tag")

    def _tags(self, resource: str, tags: Mapping[str, str]) -> dict[str, str]:
        own = {CLUSTER_TAG: self.cluster_name, STACK_TAG: str(self.group.id), RESOURCE_TAG: resource}
        return {**tags, **own}
