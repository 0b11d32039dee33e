"""A Studios beside a Platform on Docker Compose: the stack makes its own, and then the load balancer changes over.

The containers and the rule at the listener belong to files, or to Terraform, of their owner, and are left. The stack's
rule comes after theirs, so that sessions change over in one moment: when theirs is removed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pipeline.adopt.compose_plan import of_connect, plan_on_compose, proxy_of
from pipeline.adopt.found import URL_VARIABLE
from pipeline.adopt.host import look
from pipeline.adopt.record import form_of_session_record
from pipeline.adopt.stack import (
    AdoptionError,
    agreed,
    file_of,
    previewed,
    pulumi,
    read_what_exists,
    say,
    show,
    take_into_state,
    tell_next_steps,
    write,
    zones_account,
)
from pipeline.adopt.way import find_way, name_of
from pipeline.verify.deployment import Deployment
from settings.parsing import parse_settings
from survey.aws import AwsAccount
from survey.compose import find_site


def adopt(deployment: Deployment, *, yes: bool) -> int:
    """Takes the Studios that exists into the stack; returns the exit code.

    Raises:
        AdoptionError, NothingToAdoptError, SettingsError: it can't be taken.
        AwsError: AWS refuses.
    """
    stack = deployment.stack
    if _own_targets(stack) is not None:
        say(f"Studios has been deployed by {stack} already; there is nothing to take.")
        return 0
    account = AwsAccount(deployment.aws_access)
    values, encrypted = deployment.written
    site = find_site(deployment.settings, account)
    host = look(deployment.aws("ssm"), site.instance_id, deployment.settings.compose_folder)
    proxy = proxy_of(host, deployment.settings)
    reached = parse_settings({**values, "connectUrl": proxy.variables[URL_VARIABLE].rstrip("/")}, encrypted)
    record = form_of_session_record(zones_account(deployment), reached)
    way = find_way(account, site, reached)
    plan = plan_on_compose(host, values, encrypted, way, record)
    show(plan.rows, plan.settings, stack)
    if not (yes or agreed("Take it into the stack")):
        say("Nothing was changed.")
        return 1
    # Each step may be repeated.
    write(plan.settings, file_of(stack))
    take_into_state(deployment, previewed(stack, []), (), None)
    read_what_exists(stack)
    tell_next_steps(stack, "once the new proxy is healthy behind the load balancer")
    return 0


def remove_old(deployment: Deployment, *, yes: bool) -> int:
    """Removes the rules and target groups of the earlier Studios; returns the exit code.

    Raises:
        AdoptionError, SettingsError: the stack's own does not serve yet.
        AwsError: AWS refuses.
    """
    stack, settings, account = deployment.stack, deployment.settings, AwsAccount(deployment.aws_access)
    ours = _own_targets(stack)
    if ours is None:
        raise AdoptionError("the stack's own proxy has not been deployed yet; run: pulumi up")
    health = account.call("elbv2", "describe_target_health", _states, TargetGroupArn=ours)
    if set(health) != {"healthy"}:
        told = ", ".join(sorted(set(health))) or "without a target"
        raise AdoptionError(f"the stack's own proxy is {told} behind the load balancer; run: pulumi up, or wait")
    site = find_site(settings, account)
    rules = {arn: groups for arn, groups in find_way(account, site, settings).rules.items() if ours not in groups}
    if rules:
        say("To be removed: " + ", ".join(name_of(arn) for arn in rules))
        if not (yes or agreed("Remove them")):
            say("Nothing was changed.")
            return 1
    for rule in rules:
        account.call("elbv2", "delete_rule", _nothing, RuleArn=rule)
        say(f"{name_of(rule)} is removed: sessions are reached through the stack's own")
    for group in sorted({group for groups in rules.values() for group in groups}):
        if not account.call("elbv2", "describe_target_groups", _users, TargetGroupArns=[group]):
            account.call("elbv2", "delete_target_group", _nothing, TargetGroupArn=group)
            say(f"{name_of(group)} is removed")
    host = look(deployment.aws("ssm"), site.instance_id, settings.compose_folder)
    old = [each.name for each in of_connect(host) if each.name not in (settings.proxy_name, settings.server_name)]
    if old:
        names = " ".join(old)
        say(f"Take {' and '.join(old)} out of your compose file, after: docker compose rm --stop --force {names}")
    elif not rules:
        say("Nothing is left of the earlier Studios.")
    return 0


def _own_targets(stack: str) -> str | None:
    """The ARN of the stack's own target group; None before its first up."""
    state = json.loads(pulumi("stack", stack, "export").stdout)
    for each in state["deployment"].get("resources") or []:
        if each["type"] == "aws:lb/targetGroup:TargetGroup" and each["urn"].endswith("::studios-network-targets"):
            return str(each["id"])
    return None


def _states(answer: Mapping[str, Any]) -> list[str]:
    return [str(each["TargetHealth"]["State"]) for each in answer["TargetHealthDescriptions"]]


def _users(answer: Mapping[str, Any]) -> list[str]:
    return [arn for group in answer["TargetGroups"] for arn in group["LoadBalancerArns"]]


def _nothing(_: Any) -> None:
    return None
