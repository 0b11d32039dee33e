"""The policies in docs/ allow what the program asks of AWS, and little else: each resource, and each call of its own.

The slow tests of the engine see the actions themselves; these see a resource or a call that is new.
"""

from __future__ import annotations

import ast
import importlib
import json
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path

import botocore.session
import pulumi
import pytest
from botocore import xform_name

from settings.targets import KUBERNETES, TARGETS
from testbed import paths
from tests.unit.imports import reached_from

POLICIES = {target: "iam.json" if target == KUBERNETES else f"iam-{target}.json" for target in TARGETS}
BESIDE = set(re.findall(r"`([a-z0-9]+:[A-Z]\w+)`", (paths.CHECKOUT / "docs" / "rights.md").read_text(encoding="utf-8")))
"""What docs/rights.md adds to the policies for some settings."""
NOT_NEEDED = {
    "kubernetes": {"eks:ListClusters": "it is advice: what is denied is left out of the message"},
    "compose": {"eks:DescribeCluster": "eksCluster is a setting of Kubernetes"},
}
"""Calls that no policy allows, and why."""
ONLY_FOR_RECOVER = {"acm:ListCertificates", "ssm:ListAssociations"}
NAMES = {"elbv2": "elasticloadbalancing"}
"""Service of the SDK → that of its actions, where it is another."""

#: What Pulumi's AWS provider asks for each resource and each look-up: service, and the actions in it.
RESOURCES: Mapping[str, str] = {
    "aws:acm/certificate:Certificate": (
        "acm: RequestCertificate DescribeCertificate DeleteCertificate "
        "ListTagsForCertificate AddTagsToCertificate RemoveTagsFromCertificate"
    ),
    "aws:acm/certificateValidation:CertificateValidation": "acm: DescribeCertificate",
    "aws:route53/record:Record": "route53: GetHostedZone ChangeResourceRecordSets GetChange ListResourceRecordSets",
    "aws:route53/getZone:getZone": ("route53: ListHostedZones ListHostedZonesByName GetHostedZone ListTagsForResource"),
    "aws:lb/getHostedZoneId:getHostedZoneId": "",
    "aws:lb/targetGroup:TargetGroup": (
        "elasticloadbalancing: CreateTargetGroup DescribeTargetGroups DescribeTargetGroupAttributes ModifyTargetGroup "
        "ModifyTargetGroupAttributes DeleteTargetGroup DescribeTags AddTags RemoveTags"
    ),
    "aws:lb/targetGroupAttachment:TargetGroupAttachment": (
        "elasticloadbalancing: RegisterTargets DescribeTargetHealth DeregisterTargets"
    ),
    "aws:lb/listener:Listener": "elasticloadbalancing: CreateListener DescribeListeners ModifyListener DeleteListener",
    "aws:lb/listenerCertificate:ListenerCertificate": (
        "elasticloadbalancing: AddListenerCertificates DescribeListenerCertificates RemoveListenerCertificates"
    ),
    "aws:lb/listenerRule:ListenerRule": (
        "elasticloadbalancing: CreateRule DescribeRules ModifyRule SetRulePriorities DeleteRule AddTags RemoveTags"
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": (
        "ec2: AuthorizeSecurityGroupIngress DescribeSecurityGroupRules ModifySecurityGroupRules "
        "RevokeSecurityGroupIngress CreateTags DeleteTags"
    ),
    "aws:secretsmanager/secret:Secret": (
        "secretsmanager: CreateSecret DescribeSecret GetResourcePolicy UpdateSecret DeleteSecret "
        "TagResource UntagResource"
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": (
        "secretsmanager: PutSecretValue GetSecretValue UpdateSecretVersionStage"
    ),
    "aws:iam/rolePolicy:RolePolicy": "iam: PutRolePolicy GetRolePolicy DeleteRolePolicy",
    "aws:ssm/document:Document": (
        "ssm: CreateDocument DescribeDocument DescribeDocumentPermission GetDocument UpdateDocument "
        "UpdateDocumentDefaultVersion DeleteDocument AddTagsToResource RemoveTagsFromResource ListTagsForResource"
    ),
    "aws:ssm/association:Association": (
        "ssm: CreateAssociation DescribeAssociation UpdateAssociation DeleteAssociation "
        "AddTagsToResource RemoveTagsFromResource ListTagsForResource"
    ),
}


def trees(target: str) -> Iterator[ast.Module]:
    """The modules that a stack on a target runs."""
    for module in sorted(reached_from(f"components.studios_on_{target}")):
        yield ast.parse(Path(str(importlib.import_module(module).__file__)).read_text(encoding="utf-8"))


def resources(target: str) -> set[str]:
    """The types of the AWS resources that the code makes, and of what it looks up by the provider."""
    found = set()
    for tree in trees(target):
        nodes = list(ast.walk(tree))
        statements = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.module == "pulumi_aws"]
        services = {alias.asname or alias.name: alias.name for node in statements for alias in node.names}
        for node in nodes:
            if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in services):
                continue
            made = getattr(importlib.import_module(f"pulumi_aws.{services[node.value.id]}"), node.attr)
            if node.attr.startswith("get_"):
                name = re.sub(r"_(\w)", lambda match: match[1].upper(), node.attr.removesuffix("_output"))
                found.add(f"aws:{services[node.value.id]}/{name}:{name}")
            elif isinstance(made, type) and issubclass(made, pulumi.CustomResource):
                found.add(str(made.pulumi_type))  # type: ignore[attr-defined]
    return found


def calls(target: str) -> set[str]:
    """The actions of the calls that the code makes itself."""
    session = botocore.session.get_session()
    found = set()
    for tree in trees(target):
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)) or len(node.args) < 3:
                continue
            words = [each.value for each in node.args[:2] if isinstance(each, ast.Constant)]
            if node.func.attr in ("call", "pages") and len(words) == 2:
                service, operation = map(str, words)
                (name,) = (
                    each for each in session.get_service_model(service).operation_names if xform_name(each) == operation
                )
                found.add(f"{NAMES.get(service, service)}:{name}")
    return found


def needed(type_: str) -> set[str]:
    """The actions of a resource."""
    assert type_ in RESOURCES, (
        f"{type_} is new: write the actions of AWS that Pulumi's provider asks for it into RESOURCES of {__file__}, "
        "and into docs/iam.json or docs/iam-compose.json"
    )
    service, _, actions = RESOURCES[type_].partition(": ")
    return {f"{service}:{action}" for action in actions.split()}


def allowed(target: str) -> set[str]:
    """The actions of a policy, or patterns of them."""
    policy_file = paths.CHECKOUT / "docs" / POLICIES[target]
    assert policy_file.exists(), f"write the policy of the target {target} into docs/{POLICIES[target]}"
    policy = json.loads(policy_file.read_text(encoding="utf-8"))
    actions = (each["Action"] for each in policy["Statement"])
    return {action for each in actions for action in ([each] if isinstance(each, str) else each)}


@pytest.mark.parametrize("target", TARGETS)
def test_the_policy_allows_each_action_that_a_resource_or_a_call_of_the_program_needs(target: str) -> None:
    patterns = allowed(target) | BESIDE
    asked = {(action, type_) for type_ in resources(target) for action in needed(type_)}
    asked |= {(action, "a call in the code") for action in calls(target) - set(NOT_NEEDED.get(target, {}))}
    missing = [each for each in sorted(asked) if not any(fnmatch(each[0], pattern) for pattern in patterns)]
    assert missing == [], f"write these actions into docs/{POLICIES[target]}, or for some settings into docs/rights.md"


@pytest.mark.parametrize("target", TARGETS)
def test_the_policy_allows_nothing_that_no_resource_and_no_call_needs(target: str) -> None:
    asked = {action for type_ in resources(target) for action in needed(type_)} | calls(target) | ONLY_FOR_RECOVER
    unused = {each for each in allowed(target) if not any(fnmatch(action, each) for action in asked)}
    assert unused == set(), f"remove these actions from docs/{POLICIES[target]}, or name in RESOURCES what needs them"


def test_each_row_is_of_a_resource_that_the_program_makes() -> None:
    made = {type_ for target in TARGETS for type_ in resources(target)}
    assert set(RESOURCES) - made == set(), f"remove these rows from RESOURCES of {__file__}"


@pytest.mark.parametrize("target", TARGETS)
def test_each_call_without_a_right_is_one_of_the_code(target: str) -> None:
    assert set(NOT_NEEDED.get(target, {})) - calls(target) == set(), f"remove these from NOT_NEEDED of {__file__}"
