"""The rules of a load balancer that several Ingresses share, of which the first that matches a request wins.

The controller puts them in the order of `group.order`, then of namespace and name; no host is more specific than
another, and a `*` of the load balancer stands for any number of labels:
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from live.fields import Object
from settings.balancers import ALB
from settings.errors import Problem
from settings.hosts import is_matched, parent_of
from settings.model import Settings
from settings.remedies import Write
from survey.group_members import ORDER, Group, annotations_of, named

_CONDITIONS: Final = f"{ALB}conditions."
_FIRST: Final = -1000
"""https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#group.order"""


def rules_out_of_order(group: Group, settings: Settings) -> Iterator[Problem]:
    """Members of the load balancer's group with a host that the sessions' wildcard matches first, or the other way.

    Args:
        group: that of the load balancer; what the user has seen of a stack that has its place there is told once.
        settings: the stack's settings.
    """
    wanted = settings.load_balancer_group_order or 0
    is_in_place = group.own is not None and _order(group.own) == wanted
    ours = (wanted, f"{settings.namespace}/{settings.ingress_name}")
    for ingress in group.members:
        metadata = ingress["metadata"]
        order = _order(ingress)
        theirs = (order, f"{metadata.get('namespace', settings.namespace)}/{metadata['name']}")
        if ours < theirs:
            problem = _taken_by_ours(ingress, settings, order, deeper=not is_in_place)
        else:
            problem = None if is_in_place else _taking_ours(ingress, settings, order)
        if problem is not None:
            yield problem
            return


def _taken_by_ours(ingress: Object, settings: Settings, order: int, *, deeper: bool) -> Problem | None:
    if settings.path_routing:
        return None
    domain = settings.sessions_domain
    rules = ingress.get("spec", {}).get("rules", [])
    hosts = {host for host in (rule.get("host", "") for rule in rules) if host and not host.startswith("*")}
    taken = sorted(host for host in hosts if parent_of(host) == domain or (deeper and host.endswith(f".{domain}")))
    if not taken:
        return None
    return Problem(
        "loadBalancerGroupOrder",
        settings.load_balancer_group_order,
        f"puts the rule for {settings.session_host} before that of {named(ingress)} for {', '.join(taken)}, "
        f"so that its requests would go to the proxy; write: {Write('loadBalancerGroupOrder', str(order + 1))}",
    )


def _taking_ours(ingress: Object, settings: Settings, order: int) -> Problem | None:
    wanted = {settings.connect_host}
    if not settings.path_routing:
        # As an example: the host of a session is of the same form as Connect's.
        wanted.add(f"session.{settings.sessions_domain}")
    for pattern in _catching_all_paths(ingress):
        if pattern in (settings.session_host, settings.connect_host) or not any(
            is_matched(host, pattern) for host in wanted
        ):
            # The same host is told as one that is routed already.
            continue
        what = "every host" if pattern == "*" else pattern
        mend = (
            f"write: {Write('loadBalancerGroupOrder', str(order - 1))}"
            if order > _FIRST
            else "raise its group.order there"
        )
        return Problem(
            "loadBalancerGroupOrder",
            settings.load_balancer_group_order,
            f"puts the rule for {settings.session_host} behind that of {named(ingress)} for {what}, so that no request "
            f"would reach the proxy; {mend}",
        )
    return None


def _catching_all_paths(ingress: Object) -> Iterator[str]:
    """The hosts of an Ingress, with `*` for any, of which a rule takes every request."""
    annotations = annotations_of(ingress)
    for rule in ingress.get("spec", {}).get("rules", []):
        if "http" not in rule:
            yield from (host for host in [rule.get("host")] if host)
        for path in rule.get("http", {}).get("paths", []):
            service = path.get("backend", {}).get("service", {}).get("name", "")
            hosts = _under_conditions(annotations.get(f"{_CONDITIONS}{service}", "[]"))
            if hosts is not None and _is_any(path):
                yield from hosts or [rule.get("host") or "*"]


def _under_conditions(text: str) -> list[str] | None:
    """The hosts that an annotation adds to a rule; None where it adds anything else, which makes the rule narrower."""
    try:
        conditions = json.loads(text)
        found = [each["hostHeaderConfig"]["values"] for each in conditions if each["field"] == "host-header"]
    except (ValueError, KeyError, TypeError):
        return None
    return [host for values in found for host in values] if len(found) == len(conditions) else None


def _is_any(path: Mapping[str, Any]) -> bool:
    text = str(path.get("path", "/*"))
    return text in ("", "/", "/*") if path.get("pathType") == "Prefix" else text in ("", "/*", "*")


def _order(ingress: Object) -> int:
    try:
        return int(annotations_of(ingress).get(ORDER, "0"))
    except ValueError:
        return 0
