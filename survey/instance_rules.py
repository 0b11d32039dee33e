"""The rules of the instance's security group, among which that of the proxy is about to be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from settings.errors import Problem
from survey.aws import AwsAccount
from survey.aws_errors import AwsError


def opened_already(account: AwsAccount, group: str, source: str, port: int) -> Iterator[Problem]:
    """A rule that lets the load balancer in already: EC2 takes no second one like it, in the middle of an `up`.

    Who may not read the rules is not kept from deploying.

    Args:
        account: the account and region of the instance.
        group: the group of the instance that is opened.
        source: the group of the load balancer.
        port: that of the proxy.
    """
    filters = [{"Name": "group-id", "Values": [group]}]
    try:
        rules = account.pages("ec2", "describe_security_group_rules", "SecurityGroupRules", _rule, Filters=filters)
    except AwsError as error:
        if not error.is_denied:
            yield Problem("instanceSecurityGroup", group, f"has rules that cannot be looked up: {error}")
        return
    for name, protocol, ports, from_group in rules:
        if (protocol, ports, from_group) == ("tcp", (port, port), source):
            yield Problem(
                "proxyPort",
                port,
                f"is open already: the rule {name} of {group} lets {source} in, and this stack has not made it; remove "
                "it there once nothing needs it, or write another proxyPort",
            )
            return


def _rule(described: Mapping[str, Any]) -> tuple[str, str, tuple[Any, Any], str]:
    referenced = (described.get("ReferencedGroupInfo") or {}).get("GroupId", "")
    # EC2 says -1 for all ports.
    ports = described.get("FromPort"), described.get("ToPort")
    is_ours = not described["IsEgress"]
    return described["SecurityGroupRuleId"], described["IpProtocol"] if is_ours else "", ports, referenced
