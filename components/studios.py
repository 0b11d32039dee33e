"""Studios as a whole, on either target: surveyed first, and put together if nothing speaks against it."""

from __future__ import annotations

import pulumi
import pulumi_aws

from components.cluster import ClusterConnection, eks_connection
from components.compose import ComposeStudios, ComposeStudiosArgs
from components.compose_site import find_site
from components.kubernetes import KubernetesStudios, KubernetesStudiosArgs
from components.pods import owner_of_stack
from settings.model import Settings
from settings.targets import COMPOSE
from survey.certificate import survey_certificate
from survey.choices import Choices
from survey.platform import survey_platform


def deploy(
    name: str, settings: Settings, cluster_name: str, opts: pulumi.ResourceOptions | None = None
) -> KubernetesStudios | ComposeStudios:
    """Studios on the target of the settings, with the region and profile that the AWS provider is configured for.

    Args:
        name: the component's name.
        settings: of the stack.
        cluster_name: the name of the Kubernetes provider.
        opts: of the component.

    Raises:
        SettingsError: what is there does not fit the settings.
    """
    region, profile = pulumi_aws.config.region, pulumi_aws.config.profile
    survey_certificate(settings, region=region, profile=profile)
    if settings.target == COMPOSE:
        site = find_site(settings, Choices(region=region, profile=profile))
        return ComposeStudios(name, ComposeStudiosArgs(settings=settings, site=site, profile=profile), opts)
    field_manager = owner_of_stack()
    if settings.eks_cluster is not None:
        cluster = eks_connection(settings.eks_cluster, profile=profile)
    else:
        cluster = ClusterConnection(kubeconfig=settings.kubeconfig, context=settings.kube_context)
    survey_platform(cluster.access(), settings, field_manager=field_manager)
    provider = cluster.provider(cluster_name, settings.namespace)
    return KubernetesStudios(
        name,
        KubernetesStudiosArgs(settings=settings, cluster=cluster, field_manager=field_manager),
        pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(providers=[provider])),
    )
