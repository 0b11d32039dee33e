"""All resource types and functions of the stand-in, by token."""

from __future__ import annotations

from typing import ClassVar

from testbed.emulator import hosted_zones
from testbed.plugins.aws import acm, elb, elb_targets, iam, route53, secretsmanager, security_group, ssm
from testbed.plugins.aws.schema import Argument, Arguments, Lookup, ResourceType
from testbed.plugins.aws.session import Aws
from testbed.plugins.provider import Properties, ProviderError


class GetHostedZoneId(Lookup):
    """``aws.lb.get_hosted_zone_id``: needs no call."""

    qualified_name = "aws:lb/getHostedZoneId:getHostedZoneId"
    title = "ELBv2 Hosted Zone ID"
    service = "elbv2"
    arguments: ClassVar[Arguments] = {"loadBalancerType": Argument("string", default="application")}

    def find(self, aws: Aws, args: Properties) -> Properties:
        """The region's."""
        kind = args["loadBalancerType"]
        if kind not in ("application", "network"):
            raise ProviderError(f"expected load_balancer_type to be one of [application network], got {kind}")
        zone = hosted_zones.zone_id(aws.region, kind)
        if zone is None:
            raise ProviderError(f"unsupported AWS Region: {aws.region}")
        return {"id": zone, "loadBalancerType": kind}


LOOKUPS: dict[str, Lookup] = {lookup.qualified_name: lookup for lookup in (GetHostedZoneId(), route53.GetZone())}

TYPES: dict[str, ResourceType] = {
    type_.qualified_name: type_
    for type_ in (
        acm.Certificate(),
        acm.CertificateValidation(),
        elb.Listener(),
        elb.ListenerCertificate(),
        elb.ListenerRule(),
        elb_targets.TargetGroup(),
        elb_targets.TargetGroupAttachment(),
        iam.RolePolicy(),
        route53.Record(),
        secretsmanager.Secret(),
        secretsmanager.SecretVersion(),
        security_group.SecurityGroupIngressRule(),
        ssm.Association(),
        ssm.Document(),
        ssm.Parameter(),
    )
}
