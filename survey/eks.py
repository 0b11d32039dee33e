"""An EKS cluster that a setting names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from live.cluster import Cluster, kubeconfig_for_eks
from settings.errors import Problem, SettingsError
from survey.aws import AwsAccount
from survey.aws_errors import AwsError


def find_eks_cluster(account: AwsAccount, cluster_name: str) -> Cluster:
    """Looks an EKS cluster up and returns the way to it, with the AWS CLI fetching a token for each call.

    Args:
        account: the account and region that it is in.
        cluster_name: its name.

    Raises:
        SettingsError: there is no such cluster, it isn't ready, or it may not be looked up.
    """
    place = account.place

    def read(answer: Mapping[str, Any]) -> dict[str, Any] | str:
        cluster = answer["cluster"]
        if "endpoint" not in cluster:
            return str(cluster["status"])
        return kubeconfig_for_eks(
            cluster_name,
            cluster["endpoint"],
            cluster["certificateAuthority"]["data"],
            region=cluster["arn"].split(":")[3],
            profile=account.access.profile,
        )

    try:
        found = account.call("eks", "describe_cluster", read, name=cluster_name)
    except AwsError as error:
        if error.code == "ResourceNotFoundException":
            message = f"is not an EKS cluster of {place} in {account.region}{_there(account)}"
        else:
            message = f"cannot be looked up: {error}"
        raise SettingsError([Problem("eksCluster", cluster_name, message)]) from None
    if isinstance(found, str):
        message = f"is {found}; run the command again once it is ACTIVE"
        raise SettingsError([Problem("eksCluster", cluster_name, message)])
    return Cluster(kubeconfig=json.dumps(found), setting="eksCluster")


def _there(account: AwsAccount) -> str:
    try:
        names = account.pages("eks", "list_clusters", "clusters", str)
    except AwsError:
        return ""
    return f"; there are {', '.join(sorted(names))}" if names else "; there is none"
