"""Seqera Studios, deployed beside an existing Seqera Platform install."""

import pulumi
import pulumi_aws

from components.cluster import ClusterConnection, eks_connection
from components.kubernetes import KubernetesStudios, KubernetesStudiosArgs
from components.outputs import STACK_OUTPUTS
from settings.loader import load_settings, reporting_problems
from survey.platform import survey_platform

settings = load_settings()
field_manager = f"studios-{pulumi.get_stack()}"

with reporting_problems():
    if settings.eks_cluster is not None:
        cluster = eks_connection(settings.eks_cluster, profile=pulumi_aws.config.profile)
    else:
        cluster = ClusterConnection(kubeconfig=settings.kubeconfig, context=settings.kube_context)
    survey_platform(cluster.access(), settings, field_manager=field_manager)
    provider = cluster.provider("cluster", settings.namespace)

studios = KubernetesStudios(
    "studios",
    KubernetesStudiosArgs(settings=settings, cluster=cluster, field_manager=field_manager),
    pulumi.ResourceOptions(providers=[provider]),
)

for output in STACK_OUTPUTS:
    pulumi.export(output.name, getattr(studios, output.attribute))
