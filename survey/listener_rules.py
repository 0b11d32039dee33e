"""The rules of Platform's listener, among which that of the sessions is about to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from settings.errors import Problem
from settings.hosts import parent_of
from settings.model import Settings
from survey.aws import AwsAccount
from survey.aws_errors import AwsError


def taken_from_platform(settings: Settings, account: AwsAccount, listener: str) -> Problem | None:
    """Whether the wildcard of the sessions would match Platform's own host first.

    It does where Connect is beside Platform, and Platform is served by the listener's default action, or by a rule that
    comes later. Who may not read the rules is not kept from deploying.
    """
    platform = settings.platform_host
    if settings.path_routing or parent_of(platform) != settings.sessions_domain:
        return None
    try:
        rules = account.pages("elbv2", "describe_rules", "Rules", _hosts_by_priority, ListenerArn=listener)
    except AwsError as error:
        if error.is_denied:
            return None
        return Problem("listenerArn", listener, f"has rules that cannot be looked up: {error}")
    own = settings.listener_rule_priority
    places = [priority for priority, hosts in rules if priority is not None and platform in hosts]
    if places and (own is None or min(places) < own):
        return None
    where = f"with the priority {min(places)} there" if places else "for which the listener has no rule"
    mend = (
        f"write a listenerRulePriority above {min(places)}" if places else "add one there, for that host and all paths"
    )
    return Problem(
        "connectUrl",
        settings.connect_url,
        f"puts the sessions at {settings.session_host}, which matches Platform's own host {platform} as well, {where}: "
        f"the proxy would get Platform's requests; {mend}, or put Connect below it, for example https://connect.{platform}",
    )


def _hosts_by_priority(rule: Mapping[str, Any]) -> tuple[int | None, set[str]]:
    hosts = {
        value.lower()
        for condition in rule["Conditions"]
        if condition["Field"] == "host-header"
        for value in condition.get("HostHeaderConfig", condition).get("Values", [])
    }
    return (None if rule["IsDefault"] else int(rule["Priority"])), hosts
