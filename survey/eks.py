"""An EKS cluster that a setting names."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from live.cluster import Cluster, kubeconfig_for_eks
from settings.errors import Problem, SettingsError
from settings.model import Settings
from survey.aws import AwsAccount
from survey.aws_access import AwsAccess
from survey.aws_errors import AwsError


def cluster_of(account: AwsAccount, settings: Settings) -> Cluster:
    """The way to the cluster of the settings: that of ``eksCluster``, or a kubeconfig's.

    Raises:
        SettingsError: as `find_eks_cluster` does.
    """
    if settings.eks_cluster is not None:
        return find_eks_cluster(account, settings.eks_cluster)
    return Cluster(kubeconfig=settings.kubeconfig, context=settings.kube_context)


def find_eks_cluster(account: AwsAccount, cluster_name: str) -> Cluster:
    """Looks an EKS cluster up and returns the way to it, with the AWS CLI fetching a token for each call.

    Args:
        account: the account and region that it is in.
        cluster_name: its name.

    Raises:
        SettingsError: there is no such cluster, it isn't ready, it may not be looked up, or `aws eks get-token` can't
            have the identity that the AWS provider has.
    """
    place = account.place
    if problems := [*unmatched(account.access)]:
        raise SettingsError(problems)

    def read(answer: Mapping[str, Any]) -> dict[str, Any] | str:
        cluster = answer["cluster"]
        if "endpoint" not in cluster:
            return str(cluster["status"])
        return kubeconfig_of(cluster_name, cluster, account.access)

    try:
        found = account.call("eks", "describe_cluster", read, name=cluster_name)
    except AwsError as error:
        if error.code == "ResourceNotFoundException":
            where = f"of {place} in {account.region}{_there(account)}"
            message = f"is not an EKS cluster {where}; write the right name, or its region in aws:region"
        else:
            message = f"cannot be looked up: {error}"
        raise SettingsError([Problem("eksCluster", cluster_name, message)]) from None
    if isinstance(found, str):
        message = f"is {found}; run the command again once it is ACTIVE"
        raise SettingsError([Problem("eksCluster", cluster_name, message)])
    return Cluster(kubeconfig=json.dumps(found), setting="eksCluster")


def kubeconfig_of(name: str, cluster: Mapping[str, Any], access: AwsAccess) -> dict[str, Any]:
    """A kubeconfig for a cluster as EKS describes it, in which the AWS CLI has the identity of the access."""
    role = access.roles[-1]["roleArn"] if access.roles else None
    return kubeconfig_for_eks(
        name,
        cluster["endpoint"],
        cluster["certificateAuthority"]["data"],
        region=cluster["arn"].split(":")[3],
        profile=None if access.web_identity is not None else access.profile,
        role_arn=role,
        variables=_variables(access),
    )


def unmatched(access: AwsAccess) -> Iterator[Problem]:
    """What the AWS provider is configured with and `aws eks get-token` can't be given without a file of AWS."""
    instead = (
        "can't be handed on to `aws eks get-token`, which eksCluster needs; write it into a profile of the AWS "
        "configuration and name that in aws:profile, or reach the cluster by kubeconfig"
    )
    if len(access.roles) > 1:
        yield Problem("aws:assumeRoles", [role.get("roleArn") for role in access.roles], f"is a chain, which {instead}")
    for place, role in enumerate(access.roles):
        for name in sorted(role.keys() - _KNOWN_OF_ROLE):
            yield Problem(f"aws:assumeRoles[{place}].{name}", None, instead)
    for name in sorted((access.web_identity or {}).keys() - {*_KNOWN_OF_ROLE, "webIdentityTokenFile"}):
        yield Problem(f"aws:assumeRoleWithWebIdentity.{name}", None, instead)
    if "accessKey" in access.more and access.web_identity is None:
        yield Problem("aws:accessKey", None, f"{instead}, or set AWS_ACCESS_KEY_ID in the environment")
    for name in ("insecure", "ec2MetadataServiceEndpoint", "ec2MetadataServiceEndpointMode"):
        if name in access.more:
            yield Problem(f"aws:{name}", None, instead)


_KNOWN_OF_ROLE = frozenset({"roleArn", "sessionName", "duration"})
_VARIABLES = {
    "customCaBundle": "AWS_CA_BUNDLE",
    "httpProxy": "HTTP_PROXY",
    "httpsProxy": "HTTPS_PROXY",
}
"""What a setting of the provider is to the AWS CLI."""


def _variables(access: AwsAccess) -> dict[str, str]:
    """The environment in which the AWS CLI goes the same way."""
    found = {variable: str(access.more[name]) for name, variable in _VARIABLES.items() if name in access.more}
    for name, variable in (
        ("sharedConfigFiles", "AWS_CONFIG_FILE"),
        ("sharedCredentialsFiles", "AWS_SHARED_CREDENTIALS_FILE"),
    ):
        if name in access.more:
            found[variable] = str(access.more[name][0])
    for name, variable in (
        ("useFipsEndpoint", "AWS_USE_FIPS_ENDPOINT"),
        ("useDualstackEndpoint", "AWS_USE_DUALSTACK_ENDPOINT"),
    ):
        if name in access.more:
            found[variable] = "true"
    if "sts" in access.endpoints and (access.roles or access.web_identity is not None):
        # Without a role the AWS CLI only signs, and EKS takes what is signed for the region's own endpoint.
        found["AWS_ENDPOINT_URL_STS"] = access.endpoints["sts"]
    if access.web_identity is not None:
        web = access.web_identity
        found |= {
            # Keys and a profile of the environment would come before the token.
            "AWS_ACCESS_KEY_ID": "",
            "AWS_SECRET_ACCESS_KEY": "",
            "AWS_PROFILE": "",
            "AWS_ROLE_ARN": str(web["roleArn"]),
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(web["webIdentityTokenFile"]),
            "AWS_ROLE_SESSION_NAME": str(web.get("sessionName") or "studios"),
        }
    return found


def _there(account: AwsAccount) -> str:
    try:
        names = account.pages("eks", "list_clusters", "clusters", str)
    except AwsError:
        return ""
    return f"; there are {', '.join(sorted(names))}" if names else "; there is none"
