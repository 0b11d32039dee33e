"""``aws:vpc``: single ingress rules of security groups, and the lookup of a group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from botocore.exceptions import ClientError

from testbed.plugins.aws import tagging
from testbed.plugins.aws.errors import code_of
from testbed.plugins.aws.schema import Argument, Arguments, ResourceType
from testbed.plugins.aws.session import Aws
from testbed.plugins.provider import CheckFailure, Properties

_SOURCES: Final = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")
_GONE: Final = ("InvalidSecurityGroupRuleId.NotFound", "InvalidGroup.NotFound", "InvalidPermission.NotFound")
#: Protocols that EC2 knows by number, too.
_PROTOCOL_NUMBERS: Final = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "all": "-1"}


class SecurityGroupIngressRule(ResourceType):
    """One rule with one source."""

    qualified_name = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    title = "VPC Security Group Ingress Rule"
    arguments: ClassVar[Arguments] = {
        "securityGroupId": Argument("string", required=True, replaces=True),
        "ipProtocol": Argument("string", required=True, same=lambda name: _PROTOCOL_NUMBERS.get(name, name)),
        "fromPort": Argument("int"),
        "toPort": Argument("int"),
        "cidrIpv4": Argument("string"),
        "cidrIpv6": Argument("string"),
        "prefixListId": Argument("string"),
        "referencedSecurityGroupId": Argument("string"),
        "description": Argument("string"),
    }
    attributes = frozenset({"arn", "securityGroupRuleId"})
    tagged = True

    def label(self, inputs: Properties) -> str:
        """Its group."""
        return str(inputs["securityGroupId"])

    def check(self, inputs: Properties) -> Iterator[CheckFailure]:
        """Exactly one source."""
        given = [source for source in _SOURCES if source in inputs]
        if len(given) != 1:
            count = f"{len(given)} attributes" if given else "No attribute"
            yield CheckFailure(
                given[0] if given else _SOURCES[0],
                f"{count} specified when one (and only one) of [{', '.join(_SOURCES)}] is required",
            )

    def replacing(self, old: Properties, new: Properties) -> list[str]:
        """Another kind of source can't be had in place."""
        return [source for source in _SOURCES if (old.get(source) is None) != (new.get(source) is None)]

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """Returns the rule's own id."""
        tags = tagging.to_list(inputs.get("tagsAll"))
        answer = aws.client("ec2").authorize_security_group_ingress(
            GroupId=inputs["securityGroupId"],
            IpPermissions=[_permission(inputs)],
            TagSpecifications=[{"ResourceType": "security-group-rule", "Tags": tags}] if tags else [],
        )
        return str(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """As EC2 describes the rule."""
        rule = _find(aws, id)
        if rule is None or rule["IsEgress"]:
            return None
        everything = rule["IpProtocol"] == "-1"
        return {
            "arn": rule.get("SecurityGroupRuleArn") or _arn(aws, id),
            "securityGroupRuleId": id,
            "securityGroupId": rule["GroupId"],
            "ipProtocol": rule["IpProtocol"],
            "fromPort": None if everything else rule.get("FromPort"),
            "toPort": None if everything else rule.get("ToPort"),
            "cidrIpv4": rule.get("CidrIpv4"),
            "cidrIpv6": rule.get("CidrIpv6"),
            "prefixListId": rule.get("PrefixListId"),
            "referencedSecurityGroupId": (rule.get("ReferencedGroupInfo") or {}).get("GroupId"),
            "description": rule.get("Description") or None,
            "tagsAll": tagging.to_dict(rule.get("Tags")),
        }

    def update(self, aws: Aws, id: str, old: Properties, new: Properties, timeout: float) -> None:
        """All of the rule at once, if anything but its tags changes."""
        keys = (*_SOURCES, "ipProtocol", "fromPort", "toPort", "description")
        if all(old.get(key) == new.get(key) for key in keys):
            return
        wanted = {
            "IpProtocol": new["ipProtocol"],
            "FromPort": new.get("fromPort", -1),
            "ToPort": new.get("toPort", -1),
            "CidrIpv4": new.get("cidrIpv4"),
            "CidrIpv6": new.get("cidrIpv6"),
            "PrefixListId": new.get("prefixListId"),
            "ReferencedGroupId": new.get("referencedSecurityGroupId"),
            "Description": new.get("description", ""),
        }
        rule = {key: value for key, value in wanted.items() if value is not None}
        aws.client("ec2").modify_security_group_rules(
            GroupId=new["securityGroupId"],
            SecurityGroupRules=[{"SecurityGroupRuleId": id, "SecurityGroupRule": rule}],
        )

    def tag(self, aws: Aws, id: str, put: Mapping[str, str], drop: list[str]) -> None:
        """As for all of EC2."""
        if drop:
            aws.client("ec2").delete_tags(Resources=[id], Tags=[{"Key": key} for key in drop])
        if put:
            aws.client("ec2").create_tags(Resources=[id], Tags=tagging.to_list(put))

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """One that is gone is not an error."""
        try:
            aws.client("ec2").revoke_security_group_ingress(GroupId=state["securityGroupId"], SecurityGroupRuleIds=[id])
        except ClientError as error:
            if code_of(error) not in _GONE:
                raise


def _find(aws: Aws, id: str) -> dict[str, Any] | None:
    try:
        rules = aws.client("ec2").describe_security_group_rules(SecurityGroupRuleIds=[id])["SecurityGroupRules"]
    except ClientError as error:
        if code_of(error) in _GONE:
            return None
        raise
    return dict(rules[0]) if rules else None


def _arn(aws: Aws, id: str) -> str:
    return f"arn:{aws.session.partition}:ec2:{aws.region}:{aws.session.account_id}:security-group-rule/{id}"


def _permission(inputs: Properties) -> dict[str, Any]:
    permission: dict[str, Any] = {"IpProtocol": inputs["ipProtocol"]}
    for key, name in (("fromPort", "FromPort"), ("toPort", "ToPort")):
        if inputs.get(key) is not None:
            permission[name] = inputs[key]
    places = {
        "cidrIpv4": ("IpRanges", "CidrIp"),
        "cidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
        "prefixListId": ("PrefixListIds", "PrefixListId"),
        "referencedSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
    }
    for key, (name, inner) in places.items():
        if inputs.get(key) is not None:
            source = {inner: inputs[key]}
            if inputs.get("description"):
                source["Description"] = inputs["description"]
            permission[name] = [source]
    return permission
