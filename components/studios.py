"""Studios as a whole, on either target: surveyed first, and put together if nothing speaks against it."""

from __future__ import annotations

import pulumi

from components.cluster import eks_cluster, kubernetes_provider
from components.compose import ComposeStudios, ComposeStudiosArgs
from components.compose_site import find_site
from components.kubernetes import KubernetesStudios, KubernetesStudiosArgs
from components.pods import owner_of_stack
from live.cluster import Cluster
from settings.model import Settings
from settings.targets import COMPOSE
from survey.certificate import survey_certificate
from survey.choices import Choices
from survey.platform import survey_platform


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
    if settings.target == COMPOSE:
        site = find_site(settings, Choices(region=region, profile=profile))
        return ComposeStudios(name, ComposeStudiosArgs(settings=settings, site=site, profile=profile), opts)
    field_manager = owner_of_stack()
    if settings.eks_cluster is not None:
        cluster = eks_cluster(settings.eks_cluster, profile=profile)
    else:
        cluster = Cluster(kubeconfig=settings.kubeconfig, context=settings.kube_context)
    survey_platform(cluster, settings, field_manager=field_manager)
    provider = kubernetes_provider(cluster_name, cluster, settings.namespace)
    return KubernetesStudios(
        name,
        KubernetesStudiosArgs(settings=settings, cluster=cluster, field_manager=field_manager),
        pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(providers=[provider])),
    )
