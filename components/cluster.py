"""The Kubernetes provider for the cluster that Platform runs in, and the look-up of an EKS cluster."""

from __future__ import annotations

import json

import pulumi
import pulumi_kubernetes
from pulumi_aws import eks

from live.api import ClusterApi
from live.cluster import Cluster, kubeconfig_for_eks
from settings.errors import Problem, SettingsError


def kubernetes_provider(
    name: str, cluster: Cluster, namespace: str, opts: pulumi.ResourceOptions | None = None
) -> pulumi_kubernetes.Provider:
    """Returns the Kubernetes provider for a cluster.

    Args:
        name: the resource's name.
        cluster: the way to the cluster.
        namespace: where Platform runs.
        opts: the resource's options.

    Raises:
        SettingsError: the cluster can't be read.
    """
    # A provider that is replaced replaces all that it made. So the cluster is known by what stays the same
    # when the way to it changes: another kubeconfig, another context, or the name of the EKS cluster instead.
    identifier = ClusterApi(cluster).get(f"/api/v1/namespaces/{namespace}")["metadata"]["uid"]
    return pulumi_kubernetes.Provider(
        name,
        kubeconfig=cluster.kubeconfig,
        context=cluster.context,
        cluster_identifier=identifier,
        # Names are fixed: to replace a Secret or a ConfigMap is to be without it for a while.
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
        # The objects of this provider are ours only: an up mends what was scaled or edited by hand.
        # The Platform install's objects never go through it (components/platform_edits.py).
        enable_patch_force=True,
        opts=opts,
    )


def eks_cluster(cluster_name: str, profile: str | None = None) -> Cluster:
    """Looks an EKS cluster up by its name and returns the way to it, with the AWS CLI fetching a token for each call.

    Args:
        cluster_name: the name in the region and account that the AWS provider is configured for.
        profile: the profile for the AWS CLI; None for that of its environment.

    Raises:
        SettingsError: there is no such cluster there, or it may not be looked up.
    """
    try:
        cluster = eks.get_cluster(name=cluster_name)
    except Exception as error:
        # The SDK raises nothing narrower for an invoke that failed.
        reason = str(error).splitlines()[0]
        raise SettingsError([Problem("eksCluster", cluster_name, f"cannot be looked up: {reason}")]) from None
    kubeconfig = kubeconfig_for_eks(
        cluster_name,
        cluster.endpoint,
        cluster.certificate_authorities[0].data,
        region=cluster.arn.split(":")[3],
        profile=profile,
    )
    return Cluster(kubeconfig=json.dumps(kubeconfig), setting="eksCluster")
