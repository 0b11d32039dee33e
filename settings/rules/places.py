"""Where Platform, its cluster and the sessions' hosts are."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from settings import hosts
from settings.errors import Problem
from settings.model import Settings
from settings.remedies import Write
from settings.rules.book import RuleBook

RULES = RuleBook()

LONGEST_COMMON_NAME = 64
"""RFC 5280's limit of a certificate's common name, which ACM takes from the first domain."""

LONGEST_PLATFORM_HOST = 253 - 64
"""DNS's limit of a name, less a session's label and its dot."""


@RULES.needs("platformUrl", "connectUrl")
def _connect_url_is_a_first_level_subdomain(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    expected = f"https://connect.{settings.platform_host}"
    if not hosts.is_first_level_subdomain(settings.connect_host, settings.platform_host):
        yield Problem(
            "connectUrl",
            settings.connect_url,
            f"must be a first-level subdomain of {settings.platform_host}, the host of platformUrl; write {expected}",
        )
    elif hosts.port_of(settings.connect_url) is not None:
        yield Problem(
            "connectUrl",
            settings.connect_url,
            f"has a port, and the load balancer listens at 443; write https://{settings.connect_host}",
        )


@RULES.needs("platformUrl", "certificateArn")
def _certificate_and_sessions_have_room_for_their_names(
    settings: Settings, given: Collection[str]
) -> Iterator[Problem]:
    length = len(settings.platform_host)
    if length > LONGEST_PLATFORM_HOST:
        yield Problem(
            "platformUrl",
            settings.platform_url,
            f"has a host of {length} characters, and the hosts of sessions, under it, would be longer than DNS allows; "
            f"write one of {LONGEST_PLATFORM_HOST} or fewer",
        )
    elif length > LONGEST_COMMON_NAME and settings.certificate_arn is None:
        yield Problem(
            "platformUrl",
            settings.platform_url,
            f"has a host of {length} characters, and ACM makes certificates for {LONGEST_COMMON_NAME} or fewer; "
            "write the ARN of a certificate that you have in certificateArn",
        )


@RULES.needs("hostedZone", "hostedZoneId")
def _the_hosted_zone_is_named_once(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    if settings.hosted_zone is not None and settings.hosted_zone_id is not None:
        yield Problem("hostedZoneId", settings.hosted_zone_id, "names the zone a second time; remove it or hostedZone")
    if settings.hosted_zone is None and settings.hosted_zone_id is None:
        yield Problem(
            "hostedZone",
            None,
            "is not set; write the Route 53 zone that Platform's host is in: "
            f"{Write('hostedZone', settings.platform_host)}",
        )


@RULES.needs("hostedZone", "platformUrl")
def _the_hosted_zone_holds_the_platform(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    zone, host = settings.hosted_zone, settings.platform_host
    if zone is not None and not hosts.is_within(host, zone):
        yield Problem(
            "hostedZone", zone, f"does not hold {host}, the host of platformUrl; write {host} or a parent of it"
        )


@RULES.needs("eksCluster", "kubeconfig", "kubeContext")
def _the_cluster_is_named_once(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    if settings.eks_cluster is None:
        return
    for key, value in (("kubeconfig", settings.kubeconfig), ("kubeContext", settings.kube_context)):
        if value is not None:
            yield Problem(key, value, f"names another way to the cluster than eksCluster; remove {key} or eksCluster")
