"""The rules of a listener: what they match, where they lead, and whether that of the sessions fits among them.

The first rule that matches takes a request, in the order of their priorities:
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from settings.errors import Problem
from settings.hosts import is_matched
from settings.model import Settings
from survey.aws import AwsAccount
from survey.aws_errors import AwsError

_LAST: Final = 50_000
"""Beyond the highest priority: a rule without one of its own is put after all others."""
_ALL_PATHS: Final = {"*", "/*"}


@dataclass(frozen=True)
class Rule:
    """A rule of a listener.

    Args:
        priority: its place.
        hosts: the patterns of hosts that it is for; empty for every host.
        is_for_all: whether it takes all requests for these hosts.
    """

    priority: int
    hosts: frozenset[str]
    is_for_all: bool

    def __str__(self) -> str:
        return f"the rule with the priority {self.priority} for {', '.join(sorted(self.hosts)) or 'every host'}"


@dataclass(frozen=True)
class RuleFindings:
    """What stands against the rules.

    Args:
        problems: what holds for every stack.
        first: what holds for a stack that has made nothing yet: later, the rule may be its own.
    """

    problems: tuple[Problem, ...] = ()
    first: tuple[Problem, ...] = ()


def survey_rules(settings: Settings, account: AwsAccount, listener: str) -> RuleFindings:
    """Looks at the listener's rules. Who may not read them is not kept from deploying.

    Args:
        settings: of the stack.
        account: the account and region of the load balancer.
        listener: its HTTPS listener.
    """
    try:
        read = account.pages("elbv2", "describe_rules", "Rules", _rule, ListenerArn=listener)
    except AwsError as error:
        if error.is_denied:
            return RuleFindings()
        return RuleFindings((Problem("listenerArn", listener, f"has rules that cannot be looked up: {error}"),))
    rules = sorted(filter(None, read), key=lambda rule: rule.priority)
    problems = [*_taken_from_platform(settings, rules), *_taken_by(settings, rules)]
    first = [*_routed_already(settings, rules), *_taken_priority(settings, rules)]
    return RuleFindings(tuple(problems), tuple(first))


def _routed_already(settings: Settings, rules: Sequence[Rule]) -> Iterator[Problem]:
    if settings.existing_oidc:
        # A Studios that is adopted keeps its rule until the stack's own proxy is healthy.
        return
    for rule in rules:
        same = sorted(rule.hosts & {settings.session_host, settings.connect_host})
        if same:
            yield Problem(
                "connectUrl",
                settings.connect_url,
                f"is routed already: the listener has a rule with the priority {rule.priority} for {', '.join(same)}, "
                "which this stack has not made, and which would go on taking the requests; remove it there once "
                "nothing needs it, adopt the Studios behind it (docs/adopt.md), or write another host in connectUrl",
            )
            return


def _taken_from_platform(settings: Settings, rules: Sequence[Rule]) -> Iterator[Problem]:
    """Whether the wildcard of the sessions would match Platform's own host first.

    It does where Connect is beside Platform, and Platform is served by the listener's default action, or by a rule that
    comes later.
    """
    platform, session = settings.platform_host, settings.session_host
    if settings.path_routing or not is_matched(platform, session):
        return
    own = settings.listener_rule_priority
    places = [rule.priority for rule in rules if any(is_matched(platform, host) for host in rule.hosts - {session})]
    if places and (own is None or min(places) < own):
        return
    where = f"with the priority {min(places)} there" if places else "for which the listener has no rule"
    mend = (
        f"write a listenerRulePriority above {min(places)}" if places else "add one there, for that host and all paths"
    )
    yield Problem(
        "connectUrl",
        settings.connect_url,
        f"puts the sessions at {session}, which matches Platform's own host {platform} as well, {where}: "
        f"the proxy would get Platform's requests; {mend}, or put Connect below it, for example https://connect.{platform}",
    )


def _taken_priority(settings: Settings, rules: Sequence[Rule]) -> Iterator[Problem]:
    own = settings.listener_rule_priority
    for rule in rules:
        if rule.priority == own and settings.session_host not in rule.hosts:
            free = next(each for each in range(own + 1, _LAST) if each not in {rule.priority for rule in rules})
            message = f"is taken by {rule}; write another one, for example {free}"
            yield Problem("listenerRulePriority", own, message)


def _taken_by(settings: Settings, rules: Sequence[Rule]) -> Iterator[Problem]:
    """Rules that take the requests of the sessions first."""
    own = settings.listener_rule_priority
    place = own or next((rule.priority for rule in rules if settings.session_host in rule.hosts), _LAST)
    session = settings.session_host.replace("*", "x")
    for rule in rules:
        is_same = bool(rule.hosts & {settings.session_host, settings.connect_host})
        is_wider = not rule.hosts or any(is_matched(session, host) for host in rule.hosts)
        if rule.priority < place and rule.is_for_all and is_wider and not is_same:
            mend = (
                f"write a listenerRulePriority below {rule.priority}"
                if rule.priority > 1
                else "give that rule a higher number there, and write a listenerRulePriority below it"
            )
            unset = "is not set, and " if own is None else ""
            yield Problem(
                "listenerRulePriority",
                own,
                f"{unset}puts the rule for {settings.session_host} after {rule}, which would take its requests; {mend}",
            )
            return


def _rule(described: Mapping[str, Any]) -> Rule | None:
    """A rule as AWS describes it; None for the listener's default action, which comes after all others."""
    hosts: set[str] = set()
    is_for_all = True
    for condition in described["Conditions"]:
        field = condition["Field"]
        if field == "host-header":
            values = values_in(condition)
            hosts |= set(values)
            # By regular expressions, which this program doesn't read.
            is_for_all = is_for_all and bool(values)
        elif field == "path-pattern":
            is_for_all = is_for_all and bool(_ALL_PATHS & set(values_in(condition)))
        else:
            is_for_all = False
    return None if described["IsDefault"] else Rule(int(described["Priority"]), frozenset(hosts), is_for_all)


def values_in(condition: Mapping[str, Any]) -> list[str]:
    """The values of a condition on hosts or paths, in either form of AWS."""
    form = {"host-header": "HostHeaderConfig", "path-pattern": "PathPatternConfig"}.get(condition["Field"], "")
    found: list[str] = (condition.get(form) or {}).get("Values") or condition.get("Values") or []
    return [value.lower() for value in found] if condition["Field"] == "host-header" else found


def hosts_of(rule: Mapping[str, Any]) -> list[str]:
    """The hosts that a rule is for, as patterns."""
    conditions = rule.get("Conditions") or []
    return [host for each in conditions if each["Field"] == "host-header" for host in values_in(each)]


def groups_of(rule: Mapping[str, Any]) -> list[str]:
    """The ARNs of the target groups that a rule forwards to."""
    forwards = [action for action in rule["Actions"] if action["Type"] == "forward"]
    return [
        group["TargetGroupArn"]
        for action in forwards
        for group in (action.get("ForwardConfig") or {}).get("TargetGroups") or [action]
        if "TargetGroupArn" in group
    ]
