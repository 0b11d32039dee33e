"""The way of sessions to a Platform on Docker Compose: rules and certificate at the load balancer's listener."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from settings.model import Settings
from survey.aws import AwsAccount
from survey.aws_errors import AwsError
from survey.balancer import certificates_of
from survey.certificate import described, serves
from survey.compose import ComposeSite
from survey.listener_rules import groups_of, hosts_of


@dataclass(frozen=True)
class Way:
    """How sessions come to the instance today.

    Args:
        rules: those of the listener that match the sessions' hosts: ARN → target groups.
        priorities: of these rules.
        certificate: one of the listener's that covers the hosts.
    """

    rules: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    priorities: tuple[int, ...] = ()
    certificate: str | None = None


def find_way(account: AwsAccount, site: ComposeSite, settings: Settings) -> Way:
    """The rules and the certificate at the listener that sessions use.

    Raises:
        AwsError: the rules can't be read.
    """
    wanted = {settings.session_host, settings.connect_host}
    rules = [
        rule
        for rule in account.pages("elbv2", "describe_rules", "Rules", dict, ListenerArn=site.listener_arn)
        if wanted & {*hosts_of(rule)}
    ]
    arns = certificates_of(account, site.listener_arn)
    return Way(
        {rule["RuleArn"]: tuple(groups_of(rule)) for rule in rules},
        tuple(int(rule["Priority"]) for rule in rules),
        next((arn for arn in dict.fromkeys(arns) if _covers(account, arn, wanted)), None),
    )


def name_of(arn: str) -> str:
    """``listener-rule/…/id`` or ``targetgroup/name``: what AWS' console shows."""
    kind, *rest = arn.rpartition(":")[2].split("/")
    return f"{kind} {rest[0] if kind == 'targetgroup' else rest[-1]}"


def _covers(account: AwsAccount, arn: str, hosts: set[str]) -> bool:
    try:
        return serves(described(account, arn), hosts)
    except AwsError:
        return False
