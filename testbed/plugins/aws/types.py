"""All resource types of the stand-in, by token."""

from __future__ import annotations

from testbed.plugins.aws import (
    acm,
    elb_listeners,
    elb_rules,
    elb_targets,
    iam,
    route53,
    secretsmanager,
    security_group,
    ssm,
    ssm_documents,
)
from testbed.plugins.aws.schema import ResourceType

TYPES: dict[str, ResourceType] = {
    type_.qualified_name: type_
    for type_ in (
        acm.Certificate(),
        acm.CertificateValidation(),
        route53.Record(),
        elb_listeners.Listener(),
        elb_rules.ListenerCertificate(),
        elb_rules.ListenerRule(),
        elb_targets.TargetGroup(),
        elb_targets.TargetGroupAttachment(),
        iam.RolePolicy(),
        secretsmanager.Secret(),
        secretsmanager.SecretVersion(),
        security_group.SecurityGroupIngressRule(),
        ssm.Parameter(),
        ssm_documents.Association(),
        ssm_documents.Document(),
    )
}
