"""Who makes the DNS records and the route, and the settings that have no effect then."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from settings.errors import Problem
from settings.fields import FIELDS, applies, value_of
from settings.model import Settings
from settings.model.dns import CREATE, EXTERNAL_DNS, NO_DNS, ROUTE53
from settings.remedies import Remove, Write
from settings.rules.book import RuleBook

RULES = RuleBook()

_ZONES = ("hostedZone", "hostedZoneId", "privateHostedZoneId", "hostedZoneRoleArn")
_OF_THE_INGRESS = (
    "ingressName",
    "ingressClass",
    "ingressAnnotations",
    "ipAddressType",
    "loadBalancerGroup",
    "loadBalancerGroupOrder",
    "loadBalancerScheme",
    "loadBalancerAttributes",
    "idleTimeout",
    "sslPolicy",
    "targetType",
    "healthCheckPath",
    "healthCheckSuccessCodes",
)


def _written(settings: Settings, given: Collection[str], keys: Collection[str]) -> Iterator[tuple[str, object]]:
    """The keys that were written with another value than their default, which the engine hands over as well."""
    for key in keys:
        value = value_of(settings, key)
        if key in given and value != FIELDS[key].default:
            yield key, value


@RULES.needs("dns", "certificate", "certificateArn", "sessionRecord", "hostedZoneExternalId", *_ZONES)
def _zones_are_of_route_53(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    unused = {
        ROUTE53: (),
        EXTERNAL_DNS: ("privateHostedZoneId", "sessionRecord", *(() if settings.makes_certificate else _ZONES)),
        NO_DNS: (*_ZONES, "sessionRecord"),
    }[settings.dns]
    for key, value in _written(settings, given, list(dict.fromkeys(unused))):
        yield Problem(key, value, f"has no effect with dns: {settings.dns}; {Remove(key)}, or {Write('dns', ROUTE53)}")
    if settings.hosted_zone_external_id is not None and settings.hosted_zone_role_arn is None:
        message = "has no effect without a role; set hostedZoneRoleArn, or remove it"
        yield Problem("hostedZoneExternalId", settings.hosted_zone_external_id, message)


@RULES.needs("dns", "target", "ingress")
def _external_dns_reads_the_ingress(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    if settings.dns != EXTERNAL_DNS:
        return
    if not applies("ingress", settings.target):
        lacks = f"target {settings.target} has none"
    elif settings.ingress == "none":
        lacks = "ingress is none"
    else:
        return
    yield Problem("dns", settings.dns, f"needs an Ingress, and {lacks}; {Write('dns', NO_DNS)}")


@RULES.needs("ingress", "dns", "ssh", "sessionRecord", "certificate", "certificateArn", *_ZONES, *_OF_THE_INGRESS)
def _without_an_ingress_nothing_describes_one(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    if settings.ingress != "none" or not applies("ingress", settings.target):
        return
    unused = (*_OF_THE_INGRESS, *(("sessionRecord",) if settings.dns == ROUTE53 else ()))
    for key, value in _written(settings, given, unused):
        yield Problem(key, value, f"has no effect with ingress: none; {Remove(key)}, or {Write('ingress', 'create')}")
    if settings.dns != ROUTE53 or settings.has_records:
        return
    for key, value in _written(settings, given, ("privateHostedZoneId",)):
        yield Problem(key, value, f"has no effect with ingress: none; {Remove(key)}, or {Write('ingress', 'create')}")
    if not settings.validates_in_zone:
        # No validation and no alias: the zones would be looked up for nothing.
        other = "certificateArn" if settings.certificate == CREATE else "certificate: none"
        for key, value in _written(settings, given, ("hostedZone", "hostedZoneId", "hostedZoneRoleArn")):
            yield Problem(key, value, f"has no effect with ingress: none and {other}; {Remove(key)}")


@RULES.needs("ingress", "target", "certificate", "certificateArn")
def _without_a_certificate_there_is_no_listener_of_ours(
    settings: Settings, given: Collection[str]
) -> Iterator[Problem]:
    if settings.certificate == CREATE or not applies("certificate", settings.target):
        return
    if settings.ingress != "none":
        message = (
            "leaves the load balancer of the Ingress without a certificate, and it takes those of ACM only; "
            f"{Write('ingress', 'none')}, for a route with a certificate of its own, or {Write('certificate', CREATE)}"
        )
        yield Problem("certificate", settings.certificate, message)
    for key, value in _written(settings, given, ("certificateArn", "certificateTimeout")):
        yield Problem(key, value, f"has no effect with certificate: none; {Remove(key)}")
