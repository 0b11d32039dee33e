"""What an AWS account has before Studios comes: a network, an EKS cluster and a hosted zone."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterable
from typing import Any, Final

import boto3
from botocore.config import Config

from testbed import targets

REGION: Final = "us-east-1"
ZONE: Final = "example.com"
VPC_CIDR: Final = "10.0.0.0/16"
SUBNETS: Final = {"us-east-1a": "10.0.0.0/20", "us-east-1b": "10.0.16.0/20", "us-east-1c": "10.0.32.0/20"}
#: As EKS tells it: major and minor.
KUBERNETES_VERSION: Final = ".".join(targets.KUBERNETES_VERSION.split(".")[:2])
_CLUSTER_PATH: Final = "/_testbed/eks-cluster"
_NODE_PATH: Final = "/_testbed/node"

Tags = list[dict[str, str]]


def seed(
    endpoint_url: str, *, cluster_name: str, cluster_endpoint: str, cluster_ca: str, nodes: Iterable[str], pods: str
) -> str:
    """Makes whatever is missing, and returns the id of the VPC; what exists stays as it is.

    Args:
        endpoint_url: where the emulator listens.
        cluster_name: the name of the EKS cluster.
        cluster_endpoint: the URL of the API server that stands in for it.
        cluster_ca: that API server's CA certificates, PEM in base64.
        nodes: the providerIDs of the cluster's nodes, such as ``aws:///us-east-1a/i-0a000000000000001``.
        pods: the network of the pods' addresses, as CIDR.
    """
    return Seeder(endpoint_url, cluster_name).seed(cluster_endpoint, cluster_ca, nodes, pods)


class Seeder:
    """One run of :func:`seed`."""

    def __init__(self, endpoint_url: str, cluster_name: str) -> None:
        self._endpoint_url = endpoint_url.rstrip("/")
        self._cluster = cluster_name
        self._ec2 = self._client("ec2")
        self._owned = {"Key": f"kubernetes.io/cluster/{cluster_name}", "Value": "owned"}

    def seed(self, cluster_endpoint: str, cluster_ca: str, nodes: Iterable[str], pods: str) -> str:
        """See the function of this name."""
        vpc = self._vpc()
        self._internet_gateway(vpc)
        subnets = {zone: self._subnet(vpc, zone, cidr) for zone, cidr in SUBNETS.items()}
        group = self._security_group(vpc)
        self._hosted_zone()
        self._eks_cluster(self._role(), list(subnets.values()), group)
        cluster = {"endpoint": cluster_endpoint, "certificate_authority": cluster_ca}
        self._put(_CLUSTER_PATH, {"region": REGION, "name": self._cluster, **cluster})
        for node in nodes:
            _, zone, instance = node.removeprefix("aws://").split("/")
            place = {"subnet": subnets[zone], "group": group, "pods": pods}
            self._put(_NODE_PATH, {"region": REGION, "instance_id": instance, **place})
        return vpc

    def _client(self, service: str) -> Any:
        config = Config(retries={"mode": "standard", "max_attempts": 3})
        return boto3.client(service, region_name=REGION, endpoint_url=self._endpoint_url, config=config)

    def _vpc(self) -> str:
        found = self._ec2.describe_vpcs(Filters=self._named("vpc"))["Vpcs"]
        if found:
            return str(found[0]["VpcId"])
        made = self._ec2.create_vpc(CidrBlock=VPC_CIDR, TagSpecifications=self._tags("vpc", "vpc"))["Vpc"]["VpcId"]
        for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):
            self._ec2.modify_vpc_attribute(VpcId=made, **{attribute: {"Value": True}})
        return str(made)

    def _internet_gateway(self, vpc: str) -> None:
        if self._ec2.describe_internet_gateways(Filters=self._named("internet"))["InternetGateways"]:
            return
        made = self._ec2.create_internet_gateway(TagSpecifications=self._tags("internet-gateway", "internet"))
        self._ec2.attach_internet_gateway(VpcId=vpc, InternetGatewayId=made["InternetGateway"]["InternetGatewayId"])

    def _subnet(self, vpc: str, zone: str, cidr: str) -> str:
        name = f"public-{zone}"
        found = self._ec2.describe_subnets(Filters=self._named(name))["Subnets"]
        if found:
            return str(found[0]["SubnetId"])
        roles = [
            {"Key": "kubernetes.io/role/elb", "Value": "1"},
            {"Key": f"kubernetes.io/cluster/{self._cluster}", "Value": "shared"},
        ]
        made = self._ec2.create_subnet(
            VpcId=vpc, CidrBlock=cidr, AvailabilityZone=zone, TagSpecifications=self._tags("subnet", name, roles)
        )["Subnet"]["SubnetId"]
        self._ec2.modify_subnet_attribute(SubnetId=made, MapPublicIpOnLaunch={"Value": True})
        return str(made)

    def _security_group(self, vpc: str) -> str:
        found = self._ec2.describe_security_groups(Filters=self._named("nodes"))["SecurityGroups"]
        if found:
            return str(found[0]["GroupId"])
        made = self._ec2.create_security_group(
            GroupName=f"{self._cluster}-nodes",
            Description="Nodes and control plane of the cluster",
            VpcId=vpc,
            # The controller adds its rules to the one group of a node that bears the cluster's tag.
            TagSpecifications=self._tags("security-group", "nodes", [self._owned]),
        )
        return str(made["GroupId"])

    def _hosted_zone(self) -> None:
        route53 = self._client("route53")
        zones = route53.list_hosted_zones_by_name(DNSName=ZONE)["HostedZones"]
        if not any(zone["Name"].rstrip(".") == ZONE for zone in zones):
            route53.create_hosted_zone(Name=f"{ZONE}.", CallerReference=f"testbed-{ZONE}")

    def _role(self) -> str:
        iam = self._client("iam")
        name = f"{self._cluster}-cluster"
        try:
            return str(iam.get_role(RoleName=name)["Role"]["Arn"])
        except iam.exceptions.NoSuchEntityException:
            trust = {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "eks.amazonaws.com"},
                        "Action": ["sts:AssumeRole", "sts:TagSession"],
                    }
                ],
            }
            return str(iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"])

    def _eks_cluster(self, role: str, subnets: list[str], group: str) -> None:
        eks = self._client("eks")
        if self._cluster in eks.list_clusters()["clusters"]:
            return
        eks.create_cluster(
            name=self._cluster,
            version=KUBERNETES_VERSION,
            roleArn=role,
            resourcesVpcConfig={"subnetIds": subnets, "securityGroupIds": [group]},
        )

    def _put(self, path: str, body: dict[str, str]) -> None:
        """What EKS and EC2 would make themselves exists already here, and the emulator is told of it."""
        request = urllib.request.Request(  # noqa: S310 (the URL is the emulator's)
            f"{self._endpoint_url}{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
            method="PUT",
        )
        with urllib.request.urlopen(request, timeout=30):  # noqa: S310 (the URL is the emulator's)
            pass

    def _named(self, name: str) -> list[dict[str, Any]]:
        return [{"Name": "tag:Name", "Values": [f"{self._cluster}-{name}"]}]

    def _tags(self, type_: str, name: str, more: Tags | None = None) -> list[dict[str, Any]]:
        tags = [{"Key": "Name", "Value": f"{self._cluster}-{name}"}, *(more or [])]
        return [{"ResourceType": type_, "Tags": tags}]
