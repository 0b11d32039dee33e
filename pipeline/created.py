"""The provider's ids of resources after an interrupted creation: by name where AWS or Kubernetes knows them by one."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from survey.aws_access import AwsAccess
from survey.aws_session import AwsSession

Resource = Mapping[str, Any]
Inputs = Mapping[str, Any]


def find(resource: Resource, state: Sequence[Resource]) -> str | None:
    """The id of what the creation of ``resource`` would have made; None where making it again is harmless.

    Where the id follows from the inputs, nothing is asked: whether such a thing is there, the next refresh tells. The
    credentials are those of the AWS provider in the state: what it is configured with, else the environment's.

    Args:
        resource: as the state has it, without an id.
        state: the resources that the state has already.

    Raises:
        botocore.exceptions.ClientError, BotoCoreError: AWS doesn't answer, or doesn't allow to look.
    """
    inputs: Inputs = resource.get("inputs") or {}
    kind = str(resource["type"])
    if kind.startswith("kubernetes:"):
        metadata = inputs["metadata"]
        return f"{metadata['namespace']}/{metadata['name']}" if metadata.get("namespace") else str(metadata["name"])
    if kind in _BY_INPUTS:
        return _BY_INPUTS[kind](inputs)
    if kind not in _BY_ASKING:
        return None
    of_provider = (each for each in state if f"{each['urn']}::{each.get('id')}" == resource.get("provider"))
    used: Inputs = next(of_provider, {}).get("inputs") or {}
    known = {str(each["id"]) for each in state if each["type"] == kind and each.get("id")}
    session = AwsSession(AwsAccess.read(used.get))
    candidates = _BY_ASKING[kind](functools.partial(session.client, region=used.get("region")), inputs)
    return next((each for each in candidates if each not in known), None)


Client = Callable[[str], Any]


def _record(inputs: Inputs) -> str:
    parts = [inputs["zoneId"], str(inputs["name"]).rstrip(".").lower(), inputs["type"], inputs.get("setIdentifier")]
    return "_".join(part for part in parts if part)


def _certificates(client: Client, inputs: Inputs) -> Iterator[str]:
    """Those for these names with the stack's tags, the newest first."""
    acm = client("acm")
    names = {inputs["domainName"], *inputs.get("subjectAlternativeNames", [])}
    found = [
        acm.describe_certificate(CertificateArn=summary["CertificateArn"])["Certificate"]
        for page in acm.get_paginator("list_certificates").paginate()
        for summary in page["CertificateSummaryList"]
        if summary["DomainName"] == inputs["domainName"]
    ]
    for each in sorted(found, key=lambda certificate: certificate["CreatedAt"], reverse=True):
        tags = acm.list_tags_for_certificate(CertificateArn=each["CertificateArn"])["Tags"]
        has = {tag["Key"]: tag.get("Value", "") for tag in tags}
        if set(each["SubjectAlternativeNames"]) == names and has.items() >= dict(inputs.get("tags") or {}).items():
            yield each["CertificateArn"]


def _ingress_rules(client: Client, inputs: Inputs) -> Iterator[str]:
    filters = [{"Name": "group-id", "Values": [inputs["securityGroupId"]]}]
    asked = (inputs.get("referencedSecurityGroupId"), inputs["ipProtocol"], inputs["fromPort"], inputs["toPort"])
    pages = client("ec2").get_paginator("describe_security_group_rules").paginate(Filters=filters)
    for rule in (rule for page in pages for rule in page["SecurityGroupRules"] if not rule["IsEgress"]):
        source = rule.get("ReferencedGroupInfo", {}).get("GroupId")
        if asked == (source, rule["IpProtocol"], rule["FromPort"], rule["ToPort"]):
            yield rule["SecurityGroupRuleId"]


def _target_groups(client: Client, inputs: Inputs) -> Iterator[str]:
    elb = client("elbv2")
    try:
        yield elb.describe_target_groups(Names=[inputs["name"]])["TargetGroups"][0]["TargetGroupArn"]
    except elb.exceptions.TargetGroupNotFoundException:
        return


def _listener_rules(client: Client, inputs: Inputs) -> Iterator[str]:
    """Those that forward to the same target group, which belongs only to the stack."""
    pages = client("elbv2").get_paginator("describe_rules").paginate(ListenerArn=inputs["listenerArn"])
    wanted = set(_targets(inputs["actions"], "targetGroupArn"))
    for rule in (rule for page in pages for rule in page["Rules"]):
        if wanted & set(_targets(rule["Actions"], "TargetGroupArn")):
            yield rule["RuleArn"]


def _targets(actions: list[Mapping[str, Any]], key: str) -> Iterator[str]:
    return (action[key] for action in actions if action.get(key))


def _secrets(client: Client, inputs: Inputs) -> Iterator[str]:
    manager = client("secretsmanager")
    try:
        yield manager.describe_secret(SecretId=inputs["name"])["ARN"]
    except manager.exceptions.ResourceNotFoundException:
        return


def _associations(client: Client, inputs: Inputs) -> Iterator[str]:
    """Those of the document, which has a name of the stack's own."""
    filters = [{"key": "Name", "value": inputs["name"]}]
    for page in client("ssm").get_paginator("list_associations").paginate(AssociationFilterList=filters):
        yield from (found["AssociationId"] for found in page["Associations"])


_BY_INPUTS: Mapping[str, Callable[[Inputs], str]] = {
    "aws:route53/record:Record": _record,
    "aws:lb/listenerCertificate:ListenerCertificate": lambda inputs: (
        f"{inputs['listenerArn']}_{inputs['certificateArn']}"
    ),
    "aws:iam/rolePolicy:RolePolicy": lambda inputs: f"{inputs['role']}:{inputs['name']}",
    "aws:ssm/document:Document": lambda inputs: str(inputs["name"]),
}
_BY_ASKING: Mapping[str, Callable[[Client, Inputs], Iterator[str]]] = {
    "aws:acm/certificate:Certificate": _certificates,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _ingress_rules,
    "aws:lb/targetGroup:TargetGroup": _target_groups,
    "aws:lb/listenerRule:ListenerRule": _listener_rules,
    "aws:secretsmanager/secret:Secret": _secrets,
    "aws:ssm/association:Association": _associations,
}
