"""Ingresses that serve plain HTTP at a load balancer that they share with Studios.

`ssl-redirect` of one member of a group holds for the whole group: the controller then makes no rules at the ports of
HTTP.
https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#ssl-redirect
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from live.fields import Object
from settings.balancers import ALB
from settings.errors import Problem
from settings.model import Settings
from settings.remedies import Remove
from survey.ingresses import is_in_group, members_of_others, named, ports_in
from survey.install import Install

_PORTS: Final = f"{ALB}listen-ports"
_REDIRECT: Final = f"{ALB}ssl-redirect"
_CERTIFICATE: Final = f"{ALB}certificate-arn"
_HTTPS: Final = 443


def turned_away_from_http(
    install: Install, settings: Settings, owner: str, *, by_class: bool = False
) -> Iterator[Problem]:
    """Members of the load balancer's group that the stack's redirect would leave without a rule.

    Args:
        install: the objects there are.
        settings: the stack's settings.
        owner: the stack's name on its objects.
        by_class: whether the IngressClass puts all its Ingresses into the group.
    """
    if settings.load_balancer_group is None:
        return
    own = install.ingresses.get(settings.ingress_name)
    members = list(members_of_others(install, settings, owner, by_class=by_class))
    redirecting = [*members, *([own] if own is not None and is_in_group(own, settings, by_class=by_class) else [])]
    if any(_REDIRECT in _annotations(ingress) for ingress in redirecting):
        # It is in effect already.
        return
    for ingress in members:
        annotations = _annotations(ingress)
        default = {_HTTPS: "HTTPS"} if annotations.get(_CERTIFICATE) else {80: "HTTP"}
        ports = dict(ports_in(annotations[_PORTS])) if _PORTS in annotations else default
        plain = sorted(port for port, protocol in ports.items() if protocol == "HTTP")
        has_rules = any(rule.get("http") for rule in ingress.get("spec", {}).get("rules") or [])
        if plain and _HTTPS not in ports and has_rules:
            yield Problem(
                "loadBalancerGroup",
                settings.load_balancer_group,
                f"has the member {named(ingress)}, which listens at port {plain[0]} (HTTP) and not at {_HTTPS}. This "
                f"stack redirects HTTP to {_HTTPS} for the whole group, and its requests would find no rule there. Let "
                f"it listen at {_HTTPS} as well ({_PORTS}, with a certificate), or give Studios a load balancer of its "
                f"own: {Remove('loadBalancerGroup')}",
            )


def _annotations(ingress: Object) -> Mapping[str, Any]:
    found: Mapping[str, Any] = ingress["metadata"].get("annotations") or {}
    return found
