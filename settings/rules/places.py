"""Where Platform, its cluster and the sessions' hosts are."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from settings import hosts
from settings.errors import Problem
from settings.model import Settings
from settings.rules.book import RuleBook

RULES = RuleBook()

LONGEST_COMMON_NAME = 64
"""RFC 5280's limit of a certificate's common name, which ACM takes from the first domain."""

LONGEST_DOMAIN_OF_SESSIONS = 253 - 64
"""DNS's limit of a name, less a session's label and its dot."""


@RULES.needs("platformUrl", "connectUrl", "pathRouting")
def _connect_has_a_host_of_its_own(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    message = _wrong_host(settings)
    if message is not None:
        yield Problem("connectUrl", settings.connect_url, message)
    if hosts.port_of(settings.connect_url) is not None:
        instead = "leave it out" if message else f"write https://{settings.connect_host}"
        yield Problem(
            "connectUrl", settings.connect_url, f"has a port, and the load balancer listens at 443; {instead}"
        )


def _wrong_host(settings: Settings) -> str | None:
    """Why the proxy can't have its host; None where it can."""
    platform, connect = settings.platform_host, settings.connect_host
    instead = f"for example https://connect.{platform}"
    if connect == platform:
        return f"must be another host than Platform's, {instead}"
    if settings.path_routing:
        return None
    if "." not in settings.sessions_domain:
        return f"must have a host of three labels or more, {instead}: sessions are at *.{settings.sessions_domain}"
    if not hosts.are_related(connect, platform):
        return f"must be beside {platform}, the host of platformUrl, or below it, {instead}; or write pathRouting: true"
    return None


@RULES.needs("platformUrl", "connectUrl", "pathRouting", "certificate", "certificateArn")
def _certificate_and_sessions_have_room_for_their_names(
    settings: Settings, given: Collection[str]
) -> Iterator[Problem]:
    if _wrong_host(settings) is not None:
        return
    domain = settings.certificate_domains[0]
    is_platforms = domain == settings.platform_host
    key, value = ("platformUrl", settings.platform_url) if is_platforms else ("connectUrl", settings.connect_url)
    what = f"a host of {len(domain)} characters" if is_platforms else f"the domain {domain} of {len(domain)} characters"
    if len(domain) > LONGEST_DOMAIN_OF_SESSIONS and not settings.path_routing:
        yield Problem(
            key,
            value,
            f"has {what}, and the hosts of sessions, under it, would be longer than DNS allows; "
            f"write one of {LONGEST_DOMAIN_OF_SESSIONS} or fewer",
        )
    elif len(domain) > LONGEST_COMMON_NAME and settings.makes_certificate:
        yield Problem(
            key,
            value,
            f"has {what}, and ACM makes certificates for {LONGEST_COMMON_NAME} or fewer; "
            "write the ARN of a certificate that you have in certificateArn",
        )


@RULES.needs("hostedZone", "hostedZoneId")
def _the_hosted_zone_is_named_once(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    if settings.hosted_zone is not None and settings.hosted_zone_id is not None:
        yield Problem("hostedZoneId", settings.hosted_zone_id, "names the zone a second time; remove it or hostedZone")


@RULES.needs("hostedZone", "platformUrl", "connectUrl", "pathRouting", "certificate", "certificateArn")
def _the_hosted_zone_holds_the_hosts(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    zone = settings.hosted_zone
    if zone is None or _wrong_host(settings) is not None:
        return
    for domain in settings.zone_domains:
        if not hosts.is_within(domain, zone):
            told = ", the host of platformUrl" if domain == settings.platform_host else ", which connectUrl needs"
            yield Problem("hostedZone", zone, f"does not hold {domain}{told}; write {domain} or a parent of it")
            return


@RULES.needs("eksCluster", "kubeconfig", "kubeContext")
def _the_cluster_is_named_once(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    if settings.eks_cluster is None:
        return
    for key, value in (("kubeconfig", settings.kubeconfig), ("kubeContext", settings.kube_context)):
        if value is not None:
            yield Problem(key, value, f"names another way to the cluster than eksCluster; remove {key} or eksCluster")
