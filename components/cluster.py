"""The Kubernetes provider for the cluster that Platform runs in."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes

from live.api import ClusterApi
from live.cluster import Cluster


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
