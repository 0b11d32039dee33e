"""The way to the cluster of a stack that is verified."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipeline.verify.findings import CannotAskError
from settings.errors import SettingsError
from settings.model import Settings
from survey.aws import AwsAccount

WAY = "check the way to the cluster; docs/verify.md names the rights that this needs"


def api_of(settings: Settings, account: Callable[[], AwsAccount]) -> Any:
    """A ClusterApi of the cluster that the settings name.

    Args:
        settings: of the stack.
        account: returns the AWS account of the stack, in which `eksCluster` is.

    Raises:
        CannotAskError: there is no way to it.
    """
    from live.api import ClusterApi
    from live.cluster import Cluster
    from survey.eks import find_eks_cluster

    cluster = Cluster(kubeconfig=settings.kubeconfig, context=settings.kube_context)
    try:
        if settings.eks_cluster:
            cluster = find_eks_cluster(account(), settings.eks_cluster)
        return ClusterApi(cluster)
    except SettingsError as error:
        said = str(error.problems[0]) if settings.eks_cluster else told(error)
        raise CannotAskError(said, WAY, unknown=True) from None


def told(error: SettingsError) -> str:
    """What the error says, without the setting that it names."""
    return error.problems[0].message
