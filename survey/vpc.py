"""The networks of a VPC, for the setting that asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from settings.errors import Problem, SettingsError
from settings.model import Settings
from settings.types.network import VPC
from survey.aws import AwsAccount
from survey.aws_errors import AwsError


def with_trusted_networks(settings: Settings, account: AwsAccount, vpc_id: str | None = None) -> Settings:
    """The settings with the networks of the VPC's subnets in the place of `trustedProxyCidrs: vpc`.

    Args:
        settings: of the stack.
        account: the account and region of the VPC.
        vpc_id: its id; None for that of the stack's EKS cluster.

    Raises:
        SettingsError: the VPC or its subnets cannot be looked up.
    """
    if settings.trusted_proxy_cidrs != VPC:
        return settings
    try:
        found = vpc_id or account.call("eks", "describe_cluster", _vpc_of_cluster, name=settings.eks_cluster)
        filters = [{"Name": "vpc-id", "Values": [found]}]
        networks = account.pages("ec2", "describe_subnets", "Subnets", _networks_of_subnet, Filters=filters)
    except AwsError as error:
        raise SettingsError([Problem("trustedProxyCidrs", list(VPC), f"cannot be looked up: {error}")]) from None
    cidrs = tuple(sorted(cidr for each in networks for cidr in each))
    if not cidrs:
        message = f"finds no subnet in {found}; write the networks"
        raise SettingsError([Problem("trustedProxyCidrs", list(VPC), message)])
    return settings.model_copy(update={"trusted_proxy_cidrs": cidrs})


def _vpc_of_cluster(answer: Mapping[str, Any]) -> str:
    return str(answer["cluster"]["resourcesVpcConfig"]["vpcId"])


def _networks_of_subnet(subnet: Mapping[str, Any]) -> list[str]:
    ipv6 = subnet.get("Ipv6CidrBlockAssociationSet") or []
    associated = [each["Ipv6CidrBlock"] for each in ipv6 if each["Ipv6CidrBlockState"]["State"] == "associated"]
    return [*([subnet["CidrBlock"]] if subnet.get("CidrBlock") else []), *associated]
