"""AWS: what the load balancer is told to do with the hosts, and how its targets are."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from typing import Any

from pipeline.verify.deployment import Deployment
from pipeline.verify.findings import CannotAskError, Finding, bad, good
from pipeline.verify.network import first_line
from settings.balancers import IDLE_TIMEOUT
from settings.errors import SettingsError
from settings.fields import applies
from survey.aws import as_answered
from survey.aws_errors import AwsError
from survey.listener_rules import groups_of, values_in

_OF_RESOURCE = "/resource"
"""Ends the tag with which the load balancer controller, and EKS Auto Mode, name what a target group is for."""


class _Asked:
    """The load balancer of a stack, as the ELB API describes it.

    Raises:
        CannotAskError: AWS does not answer, or does not allow to look.
    """

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def pages(self, operation: str, key: str, **arguments: Any) -> list[dict[str, Any]]:
        try:
            found: list[dict[str, Any]] = self._deployment.account.pages(
                "elbv2", operation, key, as_answered, **arguments
            )
        except (AwsError, SettingsError) as error:
            raise _refused(error) from None
        return found

    def call(self, operation: str, **arguments: Any) -> Any:
        try:
            return self._deployment.account.call("elbv2", operation, as_answered, **arguments)
        except (AwsError, SettingsError) as error:
            raise _refused(error) from None

    def balancer(self) -> dict[str, Any]:
        hostname = self._deployment.output("loadBalancerHostname").lower()
        for each in self.pages("describe_load_balancers", "LoadBalancers"):
            if each.get("DNSName", "").lower() == hostname:
                return each
        raise CannotAskError(
            f"no load balancer has the name {hostname}",
            f"pulumi up --refresh -s {self._deployment.stack}, or check the AWS account",
        )

    def listener(self) -> dict[str, Any]:
        """The listener at the port of the proxy's URL."""
        port = self._deployment.connect_port
        for listener in self.pages(
            "describe_listeners", "Listeners", LoadBalancerArn=self.balancer()["LoadBalancerArn"]
        ):
            if listener["Port"] == port:
                return listener
        raise CannotAskError(f"the load balancer has no listener at port {port}", "add an HTTPS listener")

    def rules(self) -> list[dict[str, Any]]:
        """The listener's rules, in the order of their priorities."""
        rules = self.call("describe_rules", ListenerArn=self.listener()["ListenerArn"])["Rules"]
        return sorted(rules, key=lambda rule: (rule["Priority"] == "default", rule["Priority"].zfill(9)))

    def group_of(self, host: str) -> str | None:
        """The target group that requests for a host's page are forwarded to; None where a rule does something else."""
        for rule in self.rules():
            if _matches(rule, host):
                return next(iter(groups_of(rule)), None)
        return None

    def other_than_proxy(self, arn: str) -> str | None:
        """The name of a target group that is not the proxy's, by the tags of the controller; None if it is.

        With Docker Compose, by its targets: the groups of others have the same instance, but another port.
        """
        settings = self._deployment.settings
        if applies("instanceId", settings.target):
            described = self.call("describe_target_health", TargetGroupArn=arn)["TargetHealthDescriptions"]
            wanted = (self._deployment.output("instanceId"), settings.proxy_port)
            targets = [(each["Target"]["Id"], each["Target"].get("Port")) for each in described]
            return None if not targets or wanted in targets else _name_of_group(arn)
        if not applies("ingressClass", settings.target):
            return None
        described = self.call("describe_tags", ResourceArns=[arn])["TagDescriptions"]
        tags = {tag["Key"]: tag["Value"] for each in described for tag in each["Tags"]}
        resources = [value for key, value in tags.items() if key.endswith(_OF_RESOURCE)]
        own = any(
            value.startswith(f"{settings.namespace}/") and f"-{settings.proxy_name}:" in value for value in resources
        )
        if own or (tags and not resources):
            return None
        return _name_of_group(arn)


def _name_of_group(arn: str) -> str:
    return arn.split(":targetgroup/")[-1].split("/")[0]


def _again(deployment: Deployment) -> str:
    """What makes the load balancer controller write rules again.

    It does so where the Ingress changes, and when it starts. An update brings back an Ingress that is gone, and changes
    none that is there.
    """
    if not applies("ingressClass", deployment.settings.target):
        return f"pulumi up --refresh -s {deployment.stack}"
    settings = deployment.settings
    return (
        f"pulumi up --refresh -s {deployment.stack}; if the Ingress is there: kubectl -n {settings.namespace} annotate "
        f"ingress {settings.ingress_name} reconcile=$(date +%s) --overwrite"
    )


def _refused(error: Exception) -> CannotAskError:
    return CannotAskError(
        f"AWS can't be asked: {first_line(error)}",
        "check credentials and region; docs/verify.md names the rights that this needs",
        unknown=True,
    )


def _matches(rule: Mapping[str, Any], host: str) -> bool:
    """Whether a rule is for a host's page: it has no condition on anything but host and path."""
    asked = {"host-header": host, "path-pattern": "/"}
    return all(
        condition["Field"] in asked
        and any(fnmatch.fnmatchcase(asked[condition["Field"]], value) for value in values_in(condition))
        for condition in rule["Conditions"]
    )


def balancer_exists(deployment: Deployment) -> Finding:
    """AWS has the load balancer that the stack names, it is in service, and listens for HTTPS."""
    asked = _Asked(deployment)
    found = asked.balancer()
    state, name = found.get("State", {}), found["LoadBalancerName"]
    if state.get("Code") not in ("active", "active_impaired"):
        return bad(
            f"{name} is {state.get('Code')}: {state.get('Reason') or 'no reason given'}", "wait until it is active"
        )
    protocol, port = asked.listener()["Protocol"], deployment.connect_port
    if protocol not in ("HTTPS", "TLS"):
        return bad(f"{name} speaks {protocol} at port {port}", "make it an HTTPS listener")
    return good(f"{name}, {found['Scheme']}, {protocol} at {port}")


def rules_forward_hosts(deployment: Deployment) -> Finding:
    """The listener's rules lead the hosts to the proxy's targets."""
    asked = _Asked(deployment)
    groups = {host: asked.group_of(host) for host in deployment.hosts}
    for host, group in groups.items():
        if group is None:
            return bad(
                f"no rule of the HTTPS listener forwards {host}",
                f"{_again(deployment)}; look for rules of others in front of it",
            )
        if other := asked.other_than_proxy(group):
            return bad(
                f"the rule for {host} leads to the target group {other}, which is not connect-proxy's",
                f"{_again(deployment)}; look for rules of others in front of it",
            )
    if len(set(groups.values())) > 1:
        return bad(f"{' and '.join(groups)} lead to different targets", "look for rules of others in front of it")
    return good(f"the listener forwards {' and '.join(groups)}")


def targets_are_healthy(deployment: Deployment) -> Finding:
    """Every target of the proxy's group answers its health check."""
    asked = _Asked(deployment)
    arn = asked.group_of(deployment.connect_host)
    described = asked.call("describe_target_health", TargetGroupArn=arn)["TargetHealthDescriptions"] if arn else []
    if not described:
        return bad(
            "the target group has no targets", "look at the proxy's pods or container, and the load balancer controller"
        )
    sick = [each for each in described if each["TargetHealth"]["State"] != "healthy"]
    if sick:
        health, target = sick[0]["TargetHealth"], sick[0]["Target"]
        return bad(
            f"{len(sick)} of {len(described)} targets are not healthy: {target['Id']}:{target.get('Port', '')} is "
            f"{health['State']} ({health.get('Description') or health.get('Reason') or 'no reason given'})",
            "compare the target group's port and health check with the proxy's; check the security groups",
        )
    return good(f"{len(described)} healthy")


def idle_timeout(deployment: Deployment) -> Finding:
    """The load balancer keeps silent connections for as long as the settings say."""
    asked = _Asked(deployment)
    arn = asked.balancer()["LoadBalancerArn"]
    attributes = asked.call("describe_load_balancer_attributes", LoadBalancerArn=arn)["Attributes"]
    found = next((each["Value"] for each in attributes if each["Key"] == IDLE_TIMEOUT), "no")
    wanted = deployment.settings.idle_timeout
    if found != str(wanted):
        return bad(
            f"{found} s at the load balancer, and idleTimeout is {wanted}",
            f"set the load balancer's attribute {IDLE_TIMEOUT} to {wanted}",
        )
    return good(f"{found} s")
