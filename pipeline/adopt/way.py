"""The way of sessions to a Platform on Docker Compose: rules and certificate at the load balancer's listener."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from settings.model import Settings
from survey.aws import AwsAccount
from survey.aws_errors import AwsError
from survey.certificate import covers
from survey.compose import ComposeSite


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
        if wanted & _hosts(rule)
    ]
    arns = account.pages(
        "elbv2", "describe_listener_certificates", "Certificates", _certificate_arn, ListenerArn=site.listener_arn
    )
    return Way(
        {rule["RuleArn"]: tuple(_groups(rule)) for rule in rules},
        tuple(int(rule["Priority"]) for rule in rules),
        next((arn for arn in dict.fromkeys(arns) if _covers(account, arn, wanted)), None),
    )


def name_of(arn: str) -> str:
    """``listener-rule/…/id`` or ``targetgroup/name``: what AWS' console shows."""
    kind, *rest = arn.rpartition(":")[2].split("/")
    return f"{kind} {rest[0] if kind == 'targetgroup' else rest[-1]}"


def _covers(account: AwsAccount, arn: str, hosts: set[str]) -> bool:
    try:
        certificate = account.call("acm", "describe_certificate", _certificate, CertificateArn=arn)
    except AwsError:
        return False
    names = [certificate["DomainName"], *certificate.get("SubjectAlternativeNames", [])]
    return certificate["Status"] == "ISSUED" and all(covers(names, host) for host in hosts)


def _hosts(rule: Mapping[str, Any]) -> set[str]:
    return {
        value.lower()
        for condition in rule["Conditions"]
        if condition["Field"] == "host-header"
        for value in condition.get("HostHeaderConfig", condition).get("Values", [])
    }


def _groups(rule: Mapping[str, Any]) -> Iterator[str]:
    for action in rule["Actions"]:
        several = [each["TargetGroupArn"] for each in action.get("ForwardConfig", {}).get("TargetGroups", [])]
        yield from several or ([action["TargetGroupArn"]] if "TargetGroupArn" in action else [])


def _certificate_arn(item: Mapping[str, Any]) -> str:
    return str(item["CertificateArn"])


def _certificate(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = answer["Certificate"]
    return found
