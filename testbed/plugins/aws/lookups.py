"""All functions of the stand-in, by token."""

from __future__ import annotations

from testbed.plugins.aws import iam, lookup_account, lookup_acm, lookup_elb, route53, security_group
from testbed.plugins.aws.schema import Lookup

LOOKUPS: dict[str, Lookup] = {
    lookup.qualified_name: lookup
    for lookup in (
        lookup_acm.GetCertificate(),
        lookup_account.GetCallerIdentity(),
        lookup_account.GetCluster(),
        lookup_account.GetClusterAuth(),
        lookup_account.GetInstance(),
        iam.GetInstanceProfile(),
        lookup_account.GetPartition(),
        lookup_account.GetRegion(),
        lookup_elb.GetHostedZoneId(),
        lookup_elb.GetListener(),
        lookup_elb.GetLoadBalancer(),
        route53.GetZone(),
        security_group.GetSecurityGroup(),
    )
}
