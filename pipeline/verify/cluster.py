"""The way to the cluster of a stack that is verified."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pipeline.verify.findings import CannotAskError
from pipeline.verify.network import first_line
from settings.errors import SettingsError
from settings.model import Settings
from survey.aws_access import AwsAccess

WAY = "check the way to the cluster; docs/verify.md names the rights that this needs"


def api_of(settings: Settings, aws: Callable[[str], Any], access: Callable[[], AwsAccess]) -> Any:
    """A ClusterApi of the cluster that the settings name.

    Args:
        settings: of the stack.
        aws: makes a client of boto3 for a service.
        access: returns the way to AWS that the stack has.

    Raises:
        CannotAskError: there is no way to it.
    """
    from live.api import ClusterApi
    from live.cluster import Cluster

    cluster = Cluster(kubeconfig=settings.kubeconfig, context=settings.kube_context)
    if settings.eks_cluster:
        cluster = Cluster(kubeconfig=_kubeconfig(settings.eks_cluster, aws, access), setting="eksCluster")
    try:
        return ClusterApi(cluster)
    except SettingsError as error:
        raise CannotAskError(told(error), WAY, unknown=True) from None


def told(error: SettingsError) -> str:
    """What the error says, without the setting that it names."""
    return error.problems[0].message


def _kubeconfig(name: str, aws: Callable[[str], Any], access: Callable[[], AwsAccess]) -> str:
    from survey.eks import kubeconfig_of

    try:
        found = aws("eks").describe_cluster(name=name)["cluster"]
    except Exception as error:
        # botocore raises errors of many kinds for credentials, regions and answers.
        raise CannotAskError(
            f"the EKS cluster {name} can't be looked up: {first_line(error)}",
            "check credentials and region",
            unknown=True,
        ) from None
    return json.dumps(kubeconfig_of(name, found, access()))
