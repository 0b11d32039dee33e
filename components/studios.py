"""Studios as a whole, on either target: surveyed first, and put together if nothing speaks against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pulumi

from components.cluster import eks_cluster, kubernetes_provider
from components.compose import ComposeStudios, ComposeStudiosArgs
from components.compose_site import find_site
from components.kubernetes import KubernetesStudios, KubernetesStudiosArgs
from components.pods import owner_of_stack
from live.cluster import Cluster
from settings.model import Settings
from settings.targets import COMPOSE, KUBERNETES
from survey.certificate import survey_certificate
from survey.choices import Choices
from survey.platform import survey_platform


@dataclass(frozen=True)
class Place:
    """Where a component goes.

    Args:
        name: the component's name.
        cluster_name: the name of the Kubernetes provider.
        region, profile: what the AWS provider is configured for.
        opts: of the component.
    """

    name: str
    cluster_name: str
    region: str | None
    profile: str | None
    opts: pulumi.ResourceOptions | None


def deploy(
    name: str,
    settings: Settings,
    cluster_name: str,
    *,
    region: str | None,
    profile: str | None,
    opts: pulumi.ResourceOptions | None = None,
) -> KubernetesStudios | ComposeStudios:
    """Studios on the target of the settings.

    Args:
        name: the component's name.
        settings: of the stack.
        cluster_name: the name of the Kubernetes provider.
        region, profile: what the AWS provider is configured for.
        opts: of the component.

    Raises:
        SettingsError: what is there does not fit the settings.
    """
    survey_certificate(settings, region=region, profile=profile)
    return _DEPLOYED[settings.target](settings, Place(name, cluster_name, region, profile, opts))


def _on_kubernetes(settings: Settings, place: Place) -> KubernetesStudios:
    field_manager = owner_of_stack()
    if settings.eks_cluster is not None:
        cluster = eks_cluster(settings.eks_cluster, profile=place.profile)
    else:
        cluster = Cluster(kubeconfig=settings.kubeconfig, context=settings.kube_context)
    survey_platform(cluster, settings, field_manager=field_manager)
    provider = kubernetes_provider(place.cluster_name, cluster, settings.namespace)
    return KubernetesStudios(
        place.name,
        KubernetesStudiosArgs(settings=settings, cluster=cluster, field_manager=field_manager),
        pulumi.ResourceOptions.merge(place.opts, pulumi.ResourceOptions(providers=[provider])),
    )


def _on_compose(settings: Settings, place: Place) -> ComposeStudios:
    site = find_site(settings, Choices(region=place.region, profile=place.profile))
    return ComposeStudios(
        place.name, ComposeStudiosArgs(settings=settings, site=site, profile=place.profile), place.opts
    )


_DEPLOYED: Mapping[str, Callable[[Settings, Place], KubernetesStudios | ComposeStudios]] = {
    KUBERNETES: _on_kubernetes,
    COMPOSE: _on_compose,
}
"""Target → how Studios is deployed on it."""
