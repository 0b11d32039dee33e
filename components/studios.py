"""Deploys Studios on either target, after checking the existing install."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import pulumi

from components.cluster import kubernetes_provider
from components.dns import FoundZone
from components.pods import owner_of_stack
from components.studios_base import Studios
from components.studios_on_compose import ComposeStudios, ComposeStudiosArgs
from components.studios_on_kubernetes import KubernetesStudios, KubernetesStudiosArgs
from live.cluster import Cluster
from settings.advice import advice
from settings.errors import SettingsError
from settings.model import Settings
from settings.targets import COMPOSE, KUBERNETES
from survey.aws import AwsAccess, AwsAccount
from survey.certificate import survey_certificate
from survey.compose import ComposeSite, find_site
from survey.concurrency import run_in_parallel
from survey.dns import find_zone
from survey.eks import find_eks_cluster
from survey.platform import PlatformSurvey, survey_platform
from survey.records import ZoneFindings, survey_records
from survey.vpc import with_trusted_networks

_Surveyed = TypeVar("_Surveyed")


@dataclass(frozen=True)
class Place:
    """Where a component goes.

    Args:
        name: the component's name.
        cluster_name: the name of the Kubernetes provider.
        access: what the AWS provider is configured for.
        opts: of the component.
    """

    name: str
    cluster_name: str
    access: AwsAccess
    opts: pulumi.ResourceOptions | None


def deploy(
    name: str,
    settings: Settings,
    cluster_name: str,
    *,
    access: AwsAccess,
    opts: pulumi.ResourceOptions | None = None,
) -> Studios:
    """Studios on the target of the settings.

    Args:
        name: the component's name.
        settings: of the stack.
        cluster_name: the name of the Kubernetes provider.
        access: what the AWS provider is configured for.
        opts: of the component.

    Raises:
        SettingsError: the existing install does not fit the settings: all problems that the surveys found.
    """
    for warning in advice(settings):
        pulumi.log.warn(str(warning))
    _, deployed = _DEPLOYED[settings.target]
    return deployed(settings, Place(name, cluster_name, access, opts))


def _on_kubernetes(settings: Settings, place: Place) -> KubernetesStudios:
    field_manager = owner_of_stack()
    traces: list[bool] = []

    def platform(account: AwsAccount) -> tuple[Cluster, PlatformSurvey, Settings]:
        if settings.eks_cluster is not None:
            cluster = find_eks_cluster(account, settings.eks_cluster)
        else:
            cluster = Cluster(kubeconfig=settings.kubeconfig, context=settings.kube_context)
        found = survey_platform(cluster, settings, field_manager=field_manager, tell_trace=traces.append)
        return cluster, found, with_trusted_networks(found.settings, account)

    zone, (cluster, found, settled) = _surveyed(settings, place, platform, lambda: traces == [False])
    for warning in found.warnings:
        pulumi.log.warn(warning)
    provider = kubernetes_provider(place.cluster_name, cluster, settings.namespace)
    return KubernetesStudios(
        place.name,
        KubernetesStudiosArgs(settings=settled, cluster=cluster, zone=zone, field_manager=field_manager),
        pulumi.ResourceOptions.merge(place.opts, pulumi.ResourceOptions(providers=[provider])),
    )


def _on_compose(settings: Settings, place: Place) -> ComposeStudios:
    def site(account: AwsAccount) -> tuple[Settings, ComposeSite]:
        found = find_site(settings, account)
        return with_trusted_networks(settings, account, found.vpc_id), found

    # Nothing at hand tells whether the stack has been here: the record's own hook looks.
    zone, (settled, found) = _surveyed(settings, place, site, lambda: False)
    for warning in found.warnings:
        pulumi.log.warn(warning)
    args = ComposeStudiosArgs(settings=settled, site=found, zone=zone, profile=place.access.profile)
    return ComposeStudios(place.name, args, place.opts)


def _surveyed(
    settings: Settings, place: Place, survey: Callable[[AwsAccount], _Surveyed], is_first: Callable[[], bool]
) -> tuple[FoundZone | None, _Surveyed]:
    """The hosted zone, and what the target's own survey returns, side by side.

    Args:
        settings: of the stack.
        place: where its component goes.
        survey: that of the target.
        is_first: whether the stack has made nothing yet, as the survey has found out.

    Raises:
        SettingsError: the problems of all surveys.
    """
    account = AwsAccount(place.access)

    def dns() -> tuple[FoundZone | None, ZoneFindings]:
        if _has_aws_provider(place.opts):
            # It may lead to another account, where nothing but that provider can look.
            return None, ZoneFindings()
        zone = find_zone(account, settings)
        return FoundZone(zone.id, account), survey_records(account, settings, zone)

    def certificate() -> None:
        survey_certificate(account, settings)

    (of_dns, _, found), problems = run_in_parallel(dns, certificate, lambda: survey(account))
    zone, records = of_dns or (None, ZoneFindings())
    problems += records.problems
    if is_first():
        problems += records.first
    if problems:
        raise SettingsError(problems)
    return zone, found


def _has_aws_provider(opts: pulumi.ResourceOptions | None) -> bool:
    if opts is None:
        return False
    given = opts.providers or []
    providers = list(given.values()) if isinstance(given, Mapping) else list(given)
    return any(each.package == "aws" for each in [*providers, *([opts.provider] if opts.provider else [])])


_DEPLOYED: Mapping[str, tuple[type[Studios], Callable[[Settings, Place], Studios]]] = {
    KUBERNETES: (KubernetesStudios, _on_kubernetes),
    COMPOSE: (ComposeStudios, _on_compose),
}
"""Target → the component that is Studios on it, and how it is deployed."""

WHOLES: Mapping[str, type[Studios]] = {target: component for target, (component, _) in _DEPLOYED.items()}
"""Target → the component that is Studios on it."""
