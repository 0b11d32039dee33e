"""Other Ingresses that the stack's own one meets: on the same host, or on the same load balancer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from live.ingress import balancer_of
from live.ingress_class import IngressClass
from live.ownership import belongs_to
from settings.balancers import (
    ALB,
    ATTRIBUTES,
    DELETION_PROTECTION,
    IDLE_TIMEOUT,
    SETTING_OF_ANNOTATION,
    balancer_annotations,
)
from settings.default_tags import pairs_in
from settings.errors import Problem
from settings.model import Settings
from settings.model.dns import TAKE_OVER
from settings.remedies import Remove, Write
from survey.group_members import GROUP, ORDER, Group, annotations_of, as_read, named, of_others
from survey.ingress_class import IngressController
from survey.install import Install

_ATTRIBUTES = f"{ALB}load-balancer-attributes"
_OF_LISTENER = "listener-attributes."
_LISTS = {"inbound-cidrs", "security-group-prefix-lists", "security-groups", "subnets"}
"""Annotations of which the order makes no difference."""
_ONE_FOR_ALL = {
    *("scheme", "ip-address-type", "load-balancer-name", "customer-owned-ipv4-pool", "ipam-ipv4-pool-id"),
    *("ssl-policy", "ssl-redirect", "mutual-authentication", "manage-backend-security-group-rules"),
    *("wafv2-acl-arn", "wafv2-acl-name", "waf-acl-id", "shield-advanced-protection", "enable-frontend-nlb"),
}
"""Annotations that no two members of a group may have with two values: the controller's pkg/ingress, "conflicting"."""
_WHO_REACHES = (
    *("ip-address-type", "inbound-cidrs", "security-group-prefix-lists", "security-groups", "subnets"),
    *("mutual-authentication", "wafv2-acl-arn", "wafv2-acl-name", "waf-acl-id"),
)
"""Those of one member that decide who reaches the rules of all others."""


def routes_to_the_same_host(
    install: Install, settings: Settings, owner: str, group: Group, *, is_here: bool
) -> Iterator[Problem]:
    """Ingresses of others, in any namespace that may be read, for the hosts of the sessions.

    Where the record is taken over, it leads away from another load balancer, and a rule there serves no client then.

    Args:
        install: the objects there are.
        settings: the stack's settings.
        owner: the stack's name on its objects.
        group: that of the load balancer.
        is_here: whether the stack runs already, so that the user has seen those at other load balancers.
    """
    if settings.ingress == "none" or group.own is not None:
        # The route is another's, and may be there already; or it is in its place, and the user has seen the others.
        return
    hosts = {settings.session_host, settings.connect_host}
    of_group_only = is_here or settings.session_record == TAKE_OVER
    for ingress in group.members if of_group_only else of_others(install, settings, owner):
        rules = ingress.get("spec", {}).get("rules", [])
        same = sorted(hosts & {rule.get("host", "") for rule in rules})
        if same:
            yield Problem(
                "connectUrl",
                settings.connect_url,
                f"is routed already: {named(ingress)} has a rule for {', '.join(same)}; remove it there once nothing "
                "needs it, or write another host in connectUrl",
            )


def disagreements_in_group(group: Group, settings: Settings, controller: IngressController) -> Iterator[Problem]:
    """Members of the load balancer's group that want it otherwise, or that the controller cannot read.

    The controller then reconciles none of the group's Ingresses any more, Platform's own included:
    https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#ingressgroup

    Args:
        group: that of the load balancer.
        settings: the stack's settings.
        controller: that of the IngressClass; parameters of the class win over annotations.
    """
    ours = _stated(as_read(_own_annotations(settings), controller))
    for ingress in group.members:
        annotations = annotations_of(ingress)
        unreadable = None if group.own is not None else _unreadable(annotations)
        if unreadable is not None:
            yield Problem(
                "loadBalancerGroup",
                group.name,
                f"has the member {named(ingress)} with {unreadable}, which the controller cannot read, so that it "
                "reconciles none of the group; mend it there",
            )
            continue
        # Of several classes, the controller takes the attributes of one: a stack in the group lives with them.
        seen = group.attributes if group.own is not None else ()
        theirs = {name: value for name, value in _stated(annotations).items() if name not in seen}
        different = {name: value for name, value in theirs.items() if name in ours and ours[name] != value}
        if different:
            there = ", ".join(f"{name} {value}" for name, value in different.items())
            here = ", ".join(ours[name] for name in different)
            yield Problem(
                "loadBalancerGroup",
                group.name,
                f"has the member {named(ingress)} with {there}, and this stack sets {here}: all members of a group "
                "must agree, or the controller stops reconciling all of them; "
                f"{_remedies(settings, different)}",
            )


def changes_for_the_group(group: Group, settings: Settings, controller: IngressController) -> Iterator[Problem]:
    """What the stack says of the load balancer and no other member does, so that the others get another one.

    A load balancer cannot change its scheme: the controller deletes it and makes another. The rest, which decides who
    reaches it, matters where the stack joins: in a group of several stacks, one of them has to be the first later.

    Args:
        group: that of the load balancer.
        settings: the stack's settings.
        controller: that of the IngressClass; parameters of the class win over annotations.
    """
    if not group.members:
        return
    ours = _stated(as_read(_own_annotations(settings), controller))
    said = {name for member in group.members for name in _stated(annotations_of(member))}
    other = named(group.members[0])
    if "scheme" not in said and ours["scheme"] != (scheme := group.scheme):
        yield Problem(
            "loadBalancerScheme",
            ours["scheme"],
            f"must be {scheme}, which the load balancer of the group {group.name} is as long as {other} states no "
            "scheme: the controller would delete it, and make another with another host name for the whole group; "
            f"write: {Write('loadBalancerScheme', scheme)}, or state {ALB}scheme there first",
        )
    for name in (name for name in _WHO_REACHES if group.own is None and name in ours and name not in said):
        if (name, ours[name]) == ("ip-address-type", "ipv4"):
            # The controller's default.
            continue
        key = SETTING_OF_ANNOTATION.get(f"{ALB}{name}")
        is_own = f"{ALB}{name}" in _own_annotations(settings)
        yield Problem(
            (key or f"ingressAnnotations.{ALB}{name}") if is_own else "ingressClass",
            ours[name] if is_own else settings.ingress_class,
            f"sets {name} for the whole load balancer of the group {group.name}, and {other} states none; state "
            f"{ALB}{name} there first, or give Studios a load balancer of its own: {Remove('loadBalancerGroup')}",
        )


def _unreadable(annotations: Mapping[str, str]) -> str | None:
    """An annotation with which the controller gives up the whole group."""
    order, attributes = annotations.get(ORDER), annotations.get(_ATTRIBUTES, "")
    if order is not None and not re.fullmatch(r"[+-]?0*(\d{1,3}|1000)", order):
        return f"group.order {json.dumps(order)}"
    if any(each.strip() and "=" not in each for each in attributes.split(",")):
        return f"load-balancer-attributes {json.dumps(attributes)}"
    return None


def attributes_to_reset(
    install: Install, settings: Settings, owner: str, group: Group, controller: IngressController
) -> dict[str, str]:
    """The attributes that the stack's Ingress has set and the settings no longer name, each with AWS' default.

    The controller only ever sets attributes: one that is left out of the annotation keeps its value in AWS. So it stays
    in the annotation with the default, unless another member of the group sets it, with which it must not disagree.
    """
    live = install.ingresses.get(settings.ingress_name)
    if live is None or not belongs_to(owner, live["metadata"].get("labels")):
        return {}
    annotations = live["metadata"].get("annotations", {})
    wanted = {f"{ALB}scheme": settings.load_balancer_scheme, GROUP: settings.load_balancer_group}
    of_class = IngressClass(params=controller.params)
    if balancer_of(live, of_class) != balancer_of({"metadata": {"annotations": wanted}}, of_class):
        return {}
    named = {IDLE_TIMEOUT, *settings.load_balancer_attributes}
    for member in group.members:
        named |= set(pairs_in(annotations_of(member).get(_ATTRIBUTES, "")))
    was = pairs_in(annotations.get(_ATTRIBUTES, ""))
    return {name: ATTRIBUTES[name].default for name in was if name not in named and name in ATTRIBUTES}


def protected_from_deletion(settings: Settings) -> Iterator[Problem]:
    """An attribute with which the controller can never delete the load balancer, so that a destroy would not end."""
    if settings.load_balancer_attributes.get(DELETION_PROTECTION) == "true":
        yield Problem(
            "loadBalancerAttributes",
            None,
            f"have {DELETION_PROTECTION}=true, with which the controller cannot delete the load balancer, and a "
            "destroy would never end; leave it out",
        )


def _own_annotations(settings: Settings) -> dict[str, str]:
    of_balancer = balancer_annotations(
        scheme=settings.load_balancer_scheme,
        ssl_policy=settings.ssl_policy,
        idle_timeout=settings.idle_timeout,
        attributes=settings.load_balancer_attributes,
        ip_address_type=settings.ip_address_type,
    )
    return {**settings.ingress_annotations, **of_balancer}


def _stated(annotations: Mapping[str, str]) -> dict[str, str]:
    """What an Ingress says of its load balancer; what it doesn't say agrees with everything."""
    given = {name.removeprefix(ALB): text.strip() for name, text in annotations.items() if name.startswith(ALB)}
    found = {name: text for name, text in given.items() if name in _ONE_FOR_ALL}
    found |= {name: ",".join(sorted(_listed(text))) for name, text in given.items() if name in _LISTS}
    found |= {f"the tag {key}": value for key, value in pairs_in(given.get("tags", "")).items()}
    found |= {f"the protocol of port {port}": protocol for port, protocol in ports_in(given.get("listen-ports", ""))}
    for name, text in given.items():
        if name.startswith(_OF_LISTENER):
            found |= {f"{name} {key}": value for key, value in pairs_in(text).items()}
    return found | pairs_in(given.get("load-balancer-attributes", ""))


def _listed(text: str) -> set[str]:
    return {each.strip() for each in text.split(",") if each.strip()}


def ports_in(text: str) -> Iterator[tuple[int, str]]:
    """The ports of the annotation ``listen-ports``, each with its protocol."""
    try:
        listed = json.loads(text or "[]")
    except ValueError:
        # The controller complains of it whatever the stack does.
        return
    for each in listed if isinstance(listed, list) else []:
        if isinstance(each, Mapping):
            yield from ((port, protocol) for protocol, port in each.items() if isinstance(port, int))


def _remedies(settings: Settings, different: Mapping[str, str]) -> str:
    commands = []
    elsewhere = []
    own = {name.removeprefix(ALB) for name in settings.ingress_annotations}
    for name, value in different.items():
        if (key := SETTING_OF_ANNOTATION.get(f"{ALB}{name}")) is not None:
            commands.append(str(Write(key, value)))
        elif name == IDLE_TIMEOUT and IDLE_TIMEOUT not in settings.load_balancer_attributes:
            commands.append(str(Write("idleTimeout", value)))
        elif name in settings.load_balancer_attributes:
            elsewhere.append(f"write {name}={value} in loadBalancerAttributes")
        elif name in own:
            elsewhere.append(f"write {ALB}{name}: {value} in ingressAnnotations")
        else:
            elsewhere.append(f"change {name} there")
    return "; ".join([*([f"write: {' && '.join(commands)}"] if commands else []), *elsewhere])
