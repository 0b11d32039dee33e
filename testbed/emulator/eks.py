"""EKS: a cluster of the emulator that leads to a real API server, and the names of those there are.

moto makes up an endpoint and a certificate authority, and its API has no way to say better; it leaves out the VPC.
"""

from __future__ import annotations

from moto.core import DEFAULT_ACCOUNT_ID
from moto.ec2.models import ec2_backends
from moto.eks.models import Cluster, eks_backends


def connect(region: str, name: str, endpoint: str, certificate_authority: str) -> None:
    """Lets the cluster answer with this API server.

    Args:
        region: where the cluster is.
        name: the cluster's name.
        endpoint: the API server's URL.
        certificate_authority: its CA certificates, PEM in base64, as EKS returns them.

    Raises:
        KeyError: there is no such cluster.
    """
    cluster = eks_backends[DEFAULT_ACCOUNT_ID][region].clusters[name]
    cluster.endpoint = endpoint
    cluster.certificate_authority = {"data": certificate_authority}
    (first, *_) = cluster.resources_vpc_config["subnetIds"]
    subnet = ec2_backends[DEFAULT_ACCOUNT_ID][region].get_subnet(first)
    cluster.resources_vpc_config = {**cluster.resources_vpc_config, "vpcId": subnet.vpc_id}


def clusters() -> list[Cluster]:
    """All clusters of all regions."""
    return [cluster for backend in eks_backends[DEFAULT_ACCOUNT_ID].values() for cluster in backend.clusters.values()]
