"""Ingresses that serve plain HTTP at a load balancer that they share with Studios.

`ssl-redirect` of one member of a group holds for the whole group: the controller then makes no rules at the ports of
HTTP.
https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#ssl-redirect
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from settings.balancers import ALB
from settings.errors import Problem
from settings.model import Settings
from settings.remedies import Remove
from survey.group_members import Group, annotations_of, named
from survey.ingresses import ports_in

_PORTS: Final = f"{ALB}listen-ports"
_REDIRECT: Final = f"{ALB}ssl-redirect"
_CERTIFICATE: Final = f"{ALB}certificate-arn"
_HTTPS: Final = 443


def turned_away_from_http(group: Group, settings: Settings) -> Iterator[Problem]:
    """Members of the load balancer's group that the stack's redirect would leave without a rule.

    Args:
        group: that of the load balancer.
        settings: the stack's settings.
    """
    redirecting = [*group.members, *([] if group.own is None else [group.own])]
    if any(_REDIRECT in annotations_of(ingress) for ingress in redirecting):
        # It is in effect already.
        return
    for ingress in group.members:
        annotations = annotations_of(ingress)
        default = {_HTTPS: "HTTPS"} if annotations.get(_CERTIFICATE) else {80: "HTTP"}
        ports = dict(ports_in(annotations[_PORTS])) if _PORTS in annotations else default
        plain = sorted(port for port, protocol in ports.items() if protocol == "HTTP")
        has_rules = any(rule.get("http") for rule in ingress.get("spec", {}).get("rules") or [])
        if plain and _HTTPS not in ports and has_rules:
            yield Problem(
                "loadBalancerGroup",
                group.name,
                f"has the member {named(ingress)}, which listens at port {plain[0]} (HTTP) and not at {_HTTPS}. This "
                f"stack redirects HTTP to {_HTTPS} for the whole group, and its requests would find no rule there. Let "
                f"it listen at {_HTTPS} as well ({_PORTS}, with a certificate), or give Studios a load balancer of its "
                f"own: {Remove('loadBalancerGroup')}",
            )
