"""Lookups about the account, the region, an EKS cluster or an instance."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from botocore.exceptions import ClientError
from botocore.signers import RequestSigner

from testbed.plugins.aws import tagging
from testbed.plugins.aws.errors import code_of
from testbed.plugins.aws.schema import Argument, Arguments, Lookup
from testbed.plugins.aws.security_group import single, to_filters
from testbed.plugins.aws.session import Aws
from testbed.plugins.provider import Properties, ProviderError

#: What ``aws eks get-token`` signs for, in seconds; EKS takes the token for longer.
_TOKEN_EXPIRES: Final = 60


class GetCallerIdentity(Lookup):
    """``aws.get_caller_identity``."""

    qualified_name = "aws:index/getCallerIdentity:getCallerIdentity"
    title = "STS Caller Identity"
    arguments: ClassVar[Arguments] = {"id": Argument("string")}
    regional = False

    def find(self, aws: Aws, args: Properties) -> Properties:
        """Who we are."""
        identity = aws.client("sts").get_caller_identity()
        account = identity["Account"]
        return {"id": account, "accountId": account, "arn": identity["Arn"], "userId": identity["UserId"]}


class GetRegion(Lookup):
    """``aws.get_region``."""

    qualified_name = "aws:index/getRegion:getRegion"
    title = "Region"
    arguments: ClassVar[Arguments] = {
        "endpoint": Argument("string"),
        "id": Argument("string"),
        "name": Argument("string"),
    }

    def find(self, aws: Aws, args: Properties) -> Properties:
        """The one that is asked for, or the provider's own."""
        region = args.get("name") or aws.region
        descriptions = {
            entry["RegionName"]: entry for entry in aws.client("ec2").describe_regions(AllRegions=True)["Regions"]
        }
        if region not in descriptions:
            raise ProviderError(f"finding Region using name: invalid name: {region!r}")
        aws.region = region
        return {"id": region, "name": region, "description": region, "endpoint": f"ec2.{region}.amazonaws.com"}


class GetPartition(Lookup):
    """``aws.get_partition``."""

    qualified_name = "aws:index/getPartition:getPartition"
    title = "Partition"
    arguments: ClassVar[Arguments] = {"id": Argument("string")}
    regional = False

    def find(self, aws: Aws, args: Properties) -> Properties:
        """``aws``, but for China and the like."""
        partition = aws.session.partition
        suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
        reverse = ".".join(reversed(suffix.split(".")))
        return {"id": partition, "partition": partition, "dnsSuffix": suffix, "reverseDnsPrefix": reverse}


class GetCluster(Lookup):
    """``aws.eks.get_cluster``."""

    qualified_name = "aws:eks/getCluster:getCluster"
    title = "EKS Cluster"
    arguments: ClassVar[Arguments] = {"name": Argument("string", required=True), "tags": Argument("map")}

    def find(self, aws: Aws, args: Properties) -> Properties:
        """By name."""
        name = args["name"]
        try:
            found = aws.client("eks").describe_cluster(name=name)["cluster"]
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                raise ProviderError(f"reading EKS Cluster ({name}): couldn't find resource") from error
            raise
        vpc = found.get("resourcesVpcConfig") or {}
        network = found.get("kubernetesNetworkConfig") or {}
        logging = (found.get("logging") or {}).get("clusterLogging") or []
        issuer = ((found.get("identity") or {}).get("oidc") or {}).get("issuer", "")
        return {
            "id": name,
            "name": name,
            "arn": found["arn"],
            "clusterId": "",
            "accessConfigs": [],
            "certificateAuthorities": [{"data": found["certificateAuthority"]["data"]}],
            "computeConfigs": [],
            "controlPlaneScalingConfigs": [],
            "createdAt": found["createdAt"].isoformat(),
            "deletionProtection": bool(found.get("deletionProtection")),
            "enabledClusterLogTypes": [kind for entry in logging if entry.get("enabled") for kind in entry["types"]],
            "endpoint": found["endpoint"],
            "identities": [{"oidcs": [{"issuer": issuer}]}] if issuer else [],
            "kubeApiServerConfigs": [],
            "kubeControllerManagerConfigs": [],
            "kubeSchedulerConfigs": [],
            "kubernetesNetworkConfigs": [
                {
                    "elasticLoadBalancings": [],
                    "ipFamily": network.get("ipFamily", "ipv4"),
                    "serviceIpv4Cidr": network.get("serviceIpv4Cidr", ""),
                    "serviceIpv6Cidr": network.get("serviceIpv6Cidr", ""),
                }
            ],
            "outpostConfigs": [],
            "platformVersion": found.get("platformVersion", ""),
            "remoteNetworkConfigs": [],
            "roleArn": found["roleArn"],
            "status": found["status"],
            "storageConfigs": [],
            "tags": aws.session.without_ignored(found.get("tags") or {}),
            "upgradePolicies": [],
            "version": found["version"],
            "vpcConfig": {
                "clusterSecurityGroupId": vpc.get("clusterSecurityGroupId", ""),
                "controlPlaneEgressMode": "",
                "endpointPrivateAccess": bool(vpc.get("endpointPrivateAccess")),
                "endpointPublicAccess": bool(vpc.get("endpointPublicAccess")),
                "publicAccessCidrs": vpc.get("publicAccessCidrs") or [],
                "securityGroupIds": vpc.get("securityGroupIds") or [],
                "subnetIds": vpc.get("subnetIds") or [],
                "vpcId": vpc.get("vpcId", ""),
            },
            "zonalShiftConfigs": [],
        }


class GetClusterAuth(Lookup):
    """``aws.eks.get_cluster_auth``: like the official one, it hands out the token in plain text."""

    qualified_name = "aws:eks/getClusterAuth:getClusterAuth"
    title = "EKS Cluster Auth"
    arguments: ClassVar[Arguments] = {"name": Argument("string", required=True)}

    def find(self, aws: Aws, args: Properties) -> Properties:
        """A presigned GetCallerIdentity request that names the cluster."""
        sts = aws.client("sts")
        signer = RequestSigner(
            sts.meta.service_model.service_id,
            aws.region,
            "sts",
            "v4",
            sts._request_signer._credentials,
            sts.meta.events,
        )
        url = signer.generate_presigned_url(
            {
                "method": "GET",
                "url": f"{sts.meta.endpoint_url.rstrip('/')}/?Action=GetCallerIdentity&Version=2011-06-15",
                "body": {},
                "headers": {"x-k8s-aws-id": args["name"]},
                "context": {},
            },
            operation_name="",
            expires_in=_TOKEN_EXPIRES,
        )
        token = base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
        return {"id": args["name"], "name": args["name"], "token": f"k8s-aws-v1.{token}"}


class GetInstance(Lookup):
    """``aws.ec2.get_instance``."""

    qualified_name = "aws:ec2/getInstance:getInstance"
    title = "EC2 Instance"
    arguments: ClassVar[Arguments] = {
        "instanceId": Argument("string"),
        "instanceTags": Argument("map"),
        "tags": Argument("map"),
        "filters": Argument(
            "list",
            fields={"name": Argument("string", required=True), "values": Argument("list", required=True)},
        ),
    }
    missing = frozenset({"getPasswordData", "getUserData"})

    def find(self, aws: Aws, args: Properties) -> Properties:
        """Exactly one that is not terminated."""
        by = {"InstanceIds": [args["instanceId"]]} if args.get("instanceId") else {}
        try:
            answer = aws.client("ec2").describe_instances(**by, Filters=to_filters(args, "instanceTags"))
        except ClientError as error:
            if not code_of(error).startswith("InvalidInstanceID"):
                raise
            answer = {"Reservations": []}
        instances = [item for reservation in answer["Reservations"] for item in reservation["Instances"]]
        living = [item for item in instances if item["State"]["Name"] != "terminated"]
        return {**args, **self._answer(aws, single("EC2 Instance", living))}

    @staticmethod
    def _answer(aws: Aws, found: Mapping[str, Any]) -> Properties:
        instance = found["InstanceId"]
        groups = found.get("SecurityGroups") or []
        placement = found.get("Placement") or {}
        interfaces = found.get("NetworkInterfaces") or []
        account = aws.session.account_id
        return {
            "id": instance,
            "instanceId": instance,
            "arn": f"arn:{aws.session.partition}:ec2:{aws.region}:{account}:instance/{instance}",
            "ami": found.get("ImageId", ""),
            "associatePublicIpAddress": bool(found.get("PublicIpAddress")),
            "availabilityZone": placement.get("AvailabilityZone", ""),
            "iamInstanceProfile": (found.get("IamInstanceProfile") or {}).get("Arn", "").rsplit("/", 1)[-1],
            "instanceState": found["State"]["Name"],
            "instanceType": found["InstanceType"],
            "keyName": found.get("KeyName", ""),
            "launchTime": found["LaunchTime"].isoformat(),
            "monitoring": (found.get("Monitoring") or {}).get("State") == "enabled",
            "networkInterfaceId": interfaces[0]["NetworkInterfaceId"] if interfaces else "",
            "privateDns": found.get("PrivateDnsName", ""),
            "privateIp": found.get("PrivateIpAddress", ""),
            "publicDns": found.get("PublicDnsName", ""),
            "publicIp": found.get("PublicIpAddress", ""),
            "securityGroups": [group["GroupName"] for group in groups],
            "vpcSecurityGroupIds": [group["GroupId"] for group in groups],
            "subnetId": found.get("SubnetId", ""),
            "tags": aws.session.without_ignored(tagging.to_dict(found.get("Tags"))),
            "tenancy": placement.get("Tenancy", ""),
        }
