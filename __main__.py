"""Seqera Studios, deployed beside an existing Seqera Platform install."""

import pulumi
import pulumi_aws

from components.cluster import ClusterConnection, eks_connection
from components.compose import ComposeStudios, ComposeStudiosArgs
from components.compose_site import find_site
from components.kubernetes import KubernetesStudios, KubernetesStudiosArgs
from components.outputs import outputs_of
from components.pods import owner_of_stack
from settings.loader import load_settings, reporting_problems
from settings.model import Settings
from settings.targets import COMPOSE
from survey.certificate import survey_certificate
from survey.platform import survey_platform


def on_kubernetes(settings: Settings) -> KubernetesStudios:
    """Studios in the cluster that Platform runs in."""
    profile = pulumi_aws.config.profile
    survey_certificate(settings, region=pulumi_aws.config.region, profile=profile)
    field_manager = owner_of_stack()
    if settings.eks_cluster is not None:
        cluster = eks_connection(settings.eks_cluster, profile=profile)
    else:
        cluster = ClusterConnection(kubeconfig=settings.kubeconfig, context=settings.kube_context)
    survey_platform(cluster.access(), settings, field_manager=field_manager)
    return KubernetesStudios(
        "studios",
        KubernetesStudiosArgs(settings=settings, cluster=cluster, field_manager=field_manager),
        pulumi.ResourceOptions(providers=[cluster.provider("cluster", settings.namespace)]),
    )


def on_compose(settings: Settings) -> ComposeStudios:
    """Studios on the instance that Platform runs on with Docker Compose."""
    profile = pulumi_aws.config.profile
    survey_certificate(settings, region=pulumi_aws.config.region, profile=profile)
    site = find_site(settings)
    return ComposeStudios("studios", ComposeStudiosArgs(settings=settings, site=site, profile=profile))


settings = load_settings()
with reporting_problems():
    studios = on_compose(settings) if settings.target == COMPOSE else on_kubernetes(settings)
for output in outputs_of(settings.target):
    pulumi.export(output.name, getattr(studios, output.attribute))
