"""Load balancers: who reaches them, how long a connection may be quiet, and what TLS they speak."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from .objects import UNKNOWN, Resource

ALB = "alb.ingress.kubernetes.io"
LEAST_IDLE_SECONDS = 300
"""A notebook that computes is quiet; Seqera's template says 301."""
DEFAULT_IDLE_SECONDS = 60
DEFAULT_SSL_POLICY = "ELBSecurityPolicy-2016-08"
"""What a listener gets if none is named: it accepts TLS 1.0."""
_ADVISED = "ELBSecurityPolicy-TLS13-1-2-2021-06"

#: AWS names a policy after the oldest TLS that it accepts; in TLS13-1-2 that is the second number.
_MODERN = re.compile(r"ELBSecurityPolicy-(TLS-1-2-|FS-1-2-|TLS13-1-[23]-)")
_LOAD_BALANCERS = ("aws:lb/loadBalancer:LoadBalancer", "aws:alb/loadBalancer:LoadBalancer")
_LISTENERS = ("aws:lb/listener:Listener", "aws:alb/listener:Listener")
_INTERNAL = (
    ("service.beta.kubernetes.io/aws-load-balancer-scheme", "internal"),
    ("service.beta.kubernetes.io/aws-load-balancer-internal", "true"),
)
_WORLD = ("0.0.0.0/0", "::/0")


def tls_1_2_or_newer(resource: Resource) -> Iterator[str]:
    """A listener accepts a TLS older than 1.2."""
    if _is_alb_ingress(resource):
        annotations = _alb(resource)
        if "certificate-arn" in annotations:
            yield from _policy(annotations.get("ssl-policy"), f"the annotation {ALB}/ssl-policy")
    elif resource.type in _LISTENERS and resource.at("protocol") in ("HTTPS", "TLS"):
        yield from _policy(resource.at("sslPolicy"), "sslPolicy")


def _policy(policy: Any, where: str) -> Iterator[str]:
    if policy is UNKNOWN:
        return
    name = policy or DEFAULT_SSL_POLICY
    if not _MODERN.match(name):
        by_default = "" if policy else ", by default,"
        yield f"{where} is{by_default} {name}, which accepts TLS older than 1.2; write {_ADVISED}"


def long_idle_timeout(resource: Resource) -> Iterator[str]:
    """A load balancer cuts connections, and with them WebSockets, that have been quiet for less than five minutes."""
    if _is_alb_ingress(resource):
        attributes = _alb(resource).get("load-balancer-attributes", "")
        if attributes is UNKNOWN:
            return
        pairs = dict(pair.strip().partition("=")[::2] for pair in str(attributes).split(","))
        yield from _seconds(pairs.get("idle_timeout.timeout_seconds"), "idle_timeout.timeout_seconds")
    elif resource.type in _LOAD_BALANCERS and resource.at("loadBalancerType") in (None, "application"):
        yield from _seconds(resource.at("idleTimeout"), "idleTimeout")


def _seconds(given: Any, where: str) -> Iterator[str]:
    if given is UNKNOWN:
        return
    seconds = DEFAULT_IDLE_SECONDS if given is None else float(given)
    if seconds < LEAST_IDLE_SECONDS:
        by_default = " by default" if given is None else ""
        yield f"{where} is{by_default} {seconds:.0f} s; write {LEAST_IDLE_SECONDS} or more, or quiet sessions are cut"


def certificate_covers_host(resources: Sequence[Resource]) -> Iterator[tuple[str, str]]:
    """The certificate of an Ingress, which this stack makes, does not cover one of its hosts."""
    by_urn = {resource.urn: resource for resource in resources}
    for ingress in (resource for resource in resources if _is_alb_ingress(resource)):
        arn = _alb(ingress).get("certificate-arn")
        certificates = _certificates(ingress, arn, by_urn)
        names = {str(name).lower() for certificate in certificates for name in _names(certificate)}
        if not names or UNKNOWN in names:
            continue
        for rule in ingress.list_at("spec.rules"):
            host = rule.get("host") if isinstance(rule, Mapping) else None
            if host and not covers(names, host):
                yield ingress.urn, f"the certificate is for {', '.join(sorted(names))}, which does not cover {host}"


def covers(names: Collection[str], host: str) -> bool:
    """Whether a certificate for these names is one for the host; ``*.example.com`` covers one level."""
    return host in names or f"*.{host.partition('.')[2]}" in names


def _certificates(ingress: Resource, arn: Any, by_urn: Mapping[str, Resource]) -> list[Resource]:
    every = [each for each in by_urn.values() if each.type == "aws:acm/certificate:Certificate"]
    if arn is None:
        return []
    if arn is not UNKNOWN:
        wanted = [part.strip() for part in str(arn).split(",")]
        return [certificate for certificate in every if certificate.at("arn") in wanted]
    # Before the first update no ARN is known, but which certificate it will come from is.
    reached, waiting = set(), list(ingress.depends_on)
    while waiting:
        urn = waiting.pop()
        if urn not in reached:
            reached.add(urn)
            waiting += by_urn[urn].depends_on if urn in by_urn else ()
    return [certificate for certificate in every if certificate.urn in reached]


def _names(certificate: Resource) -> list[Any]:
    return [certificate.at("domainName"), *certificate.list_at("subjectAlternativeNames")]


def no_public_service(resource: Resource, allowed: Collection[str] = ()) -> Iterator[str]:
    """A Service opens the cluster to the world, past the load balancer of the Ingress."""
    if not resource.is_kubernetes or resource.kind != "Service":
        return
    spec, name = resource.map_at("spec"), resource.at("metadata.name")
    if name in allowed:
        return
    if spec.get("externalIPs"):
        yield f"the Service {name} has externalIPs; take them out, and route to it through the Ingress"
    if spec.get("type") == "LoadBalancer":
        annotations = resource.map_at("metadata.annotations")
        is_internal = any(str(annotations.get(key)).lower() == value for key, value in _INTERNAL)
        ranges = resource.list_at("spec.loadBalancerSourceRanges")
        if not is_internal and (not ranges or any(cidr in _WORLD for cidr in ranges)):
            yield f"the Service {name} has a public load balancer of its own; route to it through the Ingress"


def no_open_security_group(resources: Sequence[Resource]) -> Iterator[tuple[str, str]]:
    """A security group lets the world in and is not that of a load balancer."""
    balancers = [resource for resource in resources if resource.type in _LOAD_BALANCERS]
    of_balancers = {urn for balancer in balancers for urn in balancer.depends_on}
    ids = {group for balancer in balancers for group in balancer.list_at("securityGroups")}
    for resource in resources:
        open_to = [cidr for cidr in _sources(resource) if cidr in _WORLD]
        own_group = resource.at("id") if resource.type.endswith(":SecurityGroup") else resource.at("securityGroupId")
        groups = {resource.urn, *resource.depends_on}
        if open_to and not groups & of_balancers and (not own_group or own_group not in ids):
            yield (
                resource.urn,
                f"lets {open_to[0]} in, and is not a load balancer's security group; name the networks that need it",
            )


def _sources(resource: Resource) -> list[Any]:
    """The networks that a security group or a rule of one lets in."""
    if resource.type == "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule":
        return [resource.at("cidrIpv4"), resource.at("cidrIpv6")]
    if resource.type == "aws:ec2/securityGroupRule:SecurityGroupRule":
        if resource.at("type") != "ingress":
            return []
        return [*resource.list_at("cidrBlocks"), *resource.list_at("ipv6CidrBlocks")]
    if resource.type == "aws:ec2/securityGroup:SecurityGroup":
        rules = [rule for rule in resource.list_at("ingress") if isinstance(rule, Mapping)]
        return [cidr for rule in rules for key in ("cidrBlocks", "ipv6CidrBlocks") for cidr in rule.get(key) or ()]
    return []


def _is_alb_ingress(resource: Resource) -> bool:
    if not resource.is_kubernetes or resource.kind != "Ingress":
        return False
    return bool(_alb(resource)) or resource.at("spec.ingressClassName") == "alb"


def _alb(resource: Resource) -> dict[str, Any]:
    """The annotations of the AWS Load Balancer Controller, without their prefix."""
    annotations = resource.map_at("metadata.annotations")
    return {key.removeprefix(f"{ALB}/"): value for key, value in annotations.items() if key.startswith(f"{ALB}/")}
