"""``aws:vpc``: single ingress rules of security groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Final

from testbed.plugins.aws.calls import from_tags, properties, to_tags
from testbed.plugins.aws.schema import Argument, Arguments, ResourceType
from testbed.plugins.aws.session import Aws
from testbed.plugins.provider import CheckFailure, Properties

#: The kinds of source, and where each has its place in a permission.
_SOURCES: Final = {
    "cidrIpv4": ("IpRanges", "CidrIp"),
    "cidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "prefixListId": ("PrefixListIds", "PrefixListId"),
    "referencedSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
}


class SecurityGroupIngressRule(ResourceType):
    """One rule with one source."""

    qualified_name = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    title = "VPC Security Group Ingress Rule"
    service = "ec2"
    gone = ("InvalidSecurityGroupRuleId.NotFound", "InvalidGroup.NotFound", "InvalidPermission.NotFound")
    labelled_by = "securityGroupId"
    arguments: ClassVar[Arguments] = {
        "securityGroupId": Argument("string", required=True, replaces=True),
        "ipProtocol": Argument("string", required=True),
        "fromPort": Argument("int"),
        "toPort": Argument("int"),
        "description": Argument("string"),
        **dict.fromkeys(_SOURCES, Argument("string")),
    }
    attributes = frozenset({"arn", "securityGroupRuleId"})
    tagged_by = ("create_tags", "delete_tags", "Resources")

    def check(self, inputs: Properties) -> Iterator[CheckFailure]:
        """Exactly one source."""
        given = [source for source in _SOURCES if source in inputs]
        if len(given) != 1:
            count = f"{len(given)} attributes" if given else "No attribute"
            yield CheckFailure(
                given[0] if given else next(iter(_SOURCES)),
                f"{count} specified when one (and only one) of [{', '.join(_SOURCES)}] is required",
            )

    def replacing(self, old: Properties, new: Properties) -> list[str]:
        """Another kind of source can't be had in place."""
        return [source for source in _SOURCES if (old.get(source) is None) != (new.get(source) is None)]

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """Returns the rule's own id."""
        tags = to_tags(inputs.get("tagsAll") or {})
        made = aws.call(
            "authorize_security_group_ingress",
            GroupId=inputs["securityGroupId"],
            IpPermissions=[_permission(inputs)],
            TagSpecifications=[{"ResourceType": "security-group-rule", "Tags": tags}] if tags else [],
        )
        return str(made["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """As EC2 describes the rule."""
        for rule in aws.call("describe_security_group_rules", SecurityGroupRuleIds=[id])["SecurityGroupRules"]:
            if not rule["IsEgress"]:
                return {
                    **properties(rule),
                    "arn": rule.get("SecurityGroupRuleArn") or aws.arn("ec2", f"security-group-rule/{id}"),
                    "securityGroupId": rule["GroupId"],
                    "referencedSecurityGroupId": (rule.get("ReferencedGroupInfo") or {}).get("GroupId"),
                    "description": rule.get("Description") or None,
                    "tagsAll": from_tags(rule.get("Tags")),
                }
        return None

    def update(self, aws: Aws, id: str, old: Properties, new: Properties, timeout: float) -> None:
        """All of the rule at once, if anything but its tags changes."""
        if all(old.get(key) == new.get(key) for key in self.arguments):
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
        rules = [{"SecurityGroupRuleId": id, "SecurityGroupRule": rule}]
        aws.call("modify_security_group_rules", GroupId=new["securityGroupId"], SecurityGroupRules=rules)

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """The group stays."""
        aws.call("revoke_security_group_ingress", GroupId=state["securityGroupId"], SecurityGroupRuleIds=[id])


def _permission(inputs: Properties) -> dict[str, Any]:
    ports = {name: inputs[key] for key, name in (("fromPort", "FromPort"), ("toPort", "ToPort")) if key in inputs}
    description = {"Description": inputs["description"]} if inputs.get("description") else {}
    sources = {
        place: [{name: inputs[key], **description}] for key, (place, name) in _SOURCES.items() if inputs.get(key)
    }
    return {"IpProtocol": inputs["ipProtocol"], **ports, **sources}
