"""What there is in the AWS account for a load balancer to refer to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from testbed.loadbalancer.stack import Account, Certificate, Subnet


def read(client: Callable[[str], Any]) -> Account:
    """Reads subnets, certificates, security policies and security groups.

    Args:
        client: makes boto3 clients by service name.
    """
    ec2 = client("ec2")
    subnets = [
        Subnet(item["SubnetId"], item["VpcId"], item["AvailabilityZone"], tags_of(item))
        for page in ec2.get_paginator("describe_subnets").paginate()
        for item in page["Subnets"]
    ]
    groups = {
        item["GroupId"]: tags_of(item).get("Name", "")
        for page in ec2.get_paginator("describe_security_groups").paginate()
        for item in page["SecurityGroups"]
    }
    policies = client("elbv2").describe_ssl_policies()["SslPolicies"]
    return Account(
        subnets=tuple(subnets),
        certificates=_certificates(client("acm")),
        ssl_policies=frozenset(policy["Name"] for policy in policies),
        security_groups=groups,
    )


def tags_of(resource: Mapping[str, Any]) -> dict[str, str]:
    """The tags of any description that has a list of ``Tags``."""
    return {tag["Key"]: tag["Value"] for tag in resource.get("Tags", ())}


def _certificates(acm: Any) -> dict[str, Certificate]:
    result = {}
    for page in acm.get_paginator("list_certificates").paginate():
        for summary in page["CertificateSummaryList"]:
            arn = summary["CertificateArn"]
            try:
                detail = acm.describe_certificate(CertificateArn=arn)["Certificate"]
            except acm.exceptions.ResourceNotFoundException:
                continue  # deleted since it was listed
            names = (detail["DomainName"], *detail.get("SubjectAlternativeNames", ()))
            result[arn] = Certificate(arn, detail["Status"], tuple(dict.fromkeys(names)))
    return result
