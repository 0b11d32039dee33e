"""Other Ingresses that the stack's own one meets: on the same host, or on the same load balancer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from live.fields import Object
from live.ingress import leads_elsewhere
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
from settings.remedies import Write
from survey.ingress_class import IngressController
from survey.install import Install

_ATTRIBUTES = f"{ALB}load-balancer-attributes"
GROUP = f"{ALB}group.name"
ORDER = f"{ALB}group.order"
_OF_LISTENER = "listener-attributes."
_LISTS = {"inbound-cidrs", "security-group-prefix-lists", "security-groups", "subnets"}
"""Annotations of which the order makes no difference."""
_ONE_FOR_ALL = {
    *("scheme", "ip-address-type", "load-balancer-name", "customer-owned-ipv4-pool", "ipam-ipv4-pool-id"),
    *("ssl-policy", "ssl-redirect", "mutual-authentication", "manage-backend-security-group-rules"),
    *("wafv2-acl-arn", "wafv2-acl-name", "waf-acl-id", "shield-advanced-protection", "enable-frontend-nlb"),
}
"""Annotations that no two members of a group may have with two values: the controller's pkg/ingress, "conflicting"."""


def routes_to_the_same_host(
    install: Install, settings: Settings, owner: str, *, by_class: bool = False
) -> Iterator[Problem]:
    """Ingresses of others, in any namespace that may be read, for the hosts of the sessions.

    Where the record is taken over, it leads away from another load balancer, and a rule there serves no client then.

    Args:
        install: the objects there are.
        settings: the stack's settings.
        owner: the stack's name on its objects.
        by_class: whether the IngressClass puts all its Ingresses into one group.
    """
    if settings.ingress == "none":
        # The route is another's, and may be there already.
        return
    hosts = {settings.session_host, settings.connect_host}
    for ingress in of_others(install, settings, owner):
        if settings.session_record == TAKE_OVER and not is_in_group(ingress, settings, by_class=by_class):
            continue
        rules = ingress.get("spec", {}).get("rules", [])
        same = sorted(hosts & {rule.get("host", "") for rule in rules})
        if same:
            yield Problem(
                "connectUrl",
                settings.connect_url,
                f"is routed already: {named(ingress)} has a rule for {', '.join(same)}; remove it there once nothing "
                "needs it, or write another host in connectUrl",
            )


def disagreements_in_group(
    install: Install, settings: Settings, owner: str, *, is_here: bool, controller: IngressController
) -> Iterator[Problem]:
    """Members of the load balancer's group that want it otherwise, or that the controller cannot read.

    The controller then reconciles none of the group's Ingresses any more, Platform's own included:
    https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#ingressgroup

    Args:
        install: the objects there are.
        settings: the stack's settings.
        owner: the stack's name on its objects.
        is_here: whether the stack runs already; then only those count that name the group themselves.
        controller: that of the IngressClass; parameters of the class win over annotations.
    """
    group = settings.load_balancer_group
    if group is None:
        return
    ours = _stated(_own_annotations(settings))
    by_class = controller.group is not None and not is_here
    for ingress in members_of_others(install, settings, owner, by_class=by_class):
        annotations = ingress["metadata"].get("annotations", {})
        unreadable = None if is_here else _unreadable(annotations)
        if unreadable is not None:
            yield Problem(
                "loadBalancerGroup",
                group,
                f"has the member {named(ingress)} with {unreadable}, which the controller cannot read, so that it "
                "reconciles none of the group; mend it there",
            )
            continue
        decided = (
            controller.decided if ingress.get("spec", {}).get("ingressClassName") == settings.ingress_class else ()
        )
        theirs = {name: value for name, value in _stated(annotations).items() if name not in decided}
        different = {name: value for name, value in theirs.items() if name in ours and ours[name] != value}
        if different:
            there = ", ".join(f"{name} {value}" for name, value in different.items())
            here = ", ".join(ours[name] for name in different)
            yield Problem(
                "loadBalancerGroup",
                group,
                f"has the member {named(ingress)} with {there}, and this stack sets {here}: all members of a group "
                "must agree, or the controller stops reconciling all of them; "
                f"{_remedies(settings, different)}",
            )


def _unreadable(annotations: Mapping[str, str]) -> str | None:
    """An annotation with which the controller gives up the whole group."""
    order, attributes = annotations.get(ORDER), annotations.get(_ATTRIBUTES, "")
    if order is not None and not re.fullmatch(r"[+-]?0*(\d{1,3}|1000)", order):
        return f"group.order {json.dumps(order)}"
    if any(each.strip() and "=" not in each for each in attributes.split(",")):
        return f"load-balancer-attributes {json.dumps(attributes)}"
    return None


def is_in_group(ingress: Object, settings: Settings, *, by_class: bool) -> bool:
    """Whether an Ingress shares the load balancer of the stack's own."""
    if ingress["metadata"].get("deletionTimestamp"):
        # The controller has left it out already.
        return False
    group = settings.load_balancer_group
    theirs = ingress["metadata"].get("annotations", {}).get(GROUP)
    is_of_class = by_class and ingress.get("spec", {}).get("ingressClassName") == settings.ingress_class
    return (group is not None and theirs == group) or is_of_class


def attributes_to_reset(install: Install, settings: Settings, owner: str) -> dict[str, str]:
    """The attributes that the stack's Ingress has set and the settings no longer name, each with AWS' default.

    The controller only ever sets attributes: one that is left out of the annotation keeps its value in AWS. So it stays
    in the annotation with the default, unless another member of the group sets it, with which it must not disagree.
    """
    live = install.ingresses.get(settings.ingress_name)
    if live is None or not belongs_to(owner, live["metadata"].get("labels")):
        return {}
    annotations = live["metadata"].get("annotations", {})
    if leads_elsewhere(live, {f"{ALB}scheme": settings.load_balancer_scheme, GROUP: settings.load_balancer_group}):
        return {}
    named = {IDLE_TIMEOUT, *settings.load_balancer_attributes}
    for member in members_of_others(install, settings, owner, by_class=False):
        named |= set(pairs_in(member["metadata"].get("annotations", {}).get(_ATTRIBUTES, "")))
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


def of_others(install: Install, settings: Settings, owner: str) -> Iterator[Object]:
    """The Ingresses that are not the stack's."""
    for ingress in install.all_ingresses:
        metadata = ingress["metadata"]
        is_own_name = (metadata.get("namespace", install.namespace), metadata["name"]) == (
            install.namespace,
            settings.ingress_name,
        )
        if not belongs_to(owner, metadata.get("labels")) and not is_own_name:
            yield ingress


def members_of_others(install: Install, settings: Settings, owner: str, *, by_class: bool) -> Iterator[Object]:
    """Those of them that share the load balancer of the stack's own."""
    return (each for each in of_others(install, settings, owner) if is_in_group(each, settings, by_class=by_class))


def named(ingress: Mapping[str, Any]) -> str:
    """An Ingress in a message."""
    metadata = ingress["metadata"]
    place = f" in namespace {metadata['namespace']}" if "namespace" in metadata else ""
    return f"Ingress/{metadata['name']}{place}"
