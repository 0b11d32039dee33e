"""Which checks there are, in the order of the table, and what each needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pipeline.verify import (
    balancer,
    certificates,
    configuration,
    containers,
    names,
    platform,
    pods,
    proxy,
    ssh,
    written,
)
from pipeline.verify.deployment import Deployment
from pipeline.verify.runner import Check
from settings.fields import applies

Checks = tuple[Check[Deployment], ...]

_WRITTEN = ("configuration",)
"""What may be the cause where pods, containers, or what they serve, are not as they should be."""

_STACK: Checks = (Check("stack", "stack", names.stack_is_deployed),)

_KUBERNETES: Checks = (
    Check("cluster", "cluster", pods.cluster_answers, ("stack",)),
    Check("configuration", "configuration", configuration.config_maps_hold_settings, ("cluster",)),
    Check("connect-up", "pods of Connect", pods.connect_pods, ("cluster",), because=_WRITTEN),
    Check("platform-up", "pods of Platform", pods.platform_pods, ("cluster",), because=_WRITTEN),
)

_COMPOSE: Checks = (
    Check("configuration", "configuration", written.containers_hold_settings, ("stack",)),
    Check("connect-up", "containers of Connect", containers.connect_containers, ("stack",), because=_WRITTEN),
    Check("platform-up", "containers of Platform", containers.platform_containers, ("stack",), because=_WRITTEN),
)

_FROM_OUTSIDE: Checks = (
    Check("balancer", "load balancer", balancer.balancer_exists, ("stack",)),
    Check("idle", "idle timeout", balancer.idle_timeout, ("balancer",)),
    Check("rules", "listener rules", balancer.rules_forward_hosts, ("balancer",)),
    Check("targets", "targets", balancer.targets_are_healthy, ("rules",), ("connect-up",), _WRITTEN),
    Check("zone", "record, zone's servers", names.zone_has_record, ("stack",), ("balancer",)),
    Check("resolver", "record, resolver here", names.resolver_finds_record, ("zone",)),
    Check("redirect", "redirect of HTTP", certificates.http_is_redirected, ("resolver",)),
    Check("certificate", "certificate, proxy", certificates.certificate_of_proxy, ("resolver",)),
    Check("sessions", "certificate, sessions", certificates.certificate_of_session, ("certificate",)),
    Check("tls", "TLS versions", certificates.tls_versions, ("certificate",)),
    Check("proxy", "proxy", proxy.proxy_answers, ("certificate",), ("targets",), _WRITTEN),
    Check("platform", "Platform", platform.platform_answers, ("stack",), ("platform-up",), _WRITTEN),
    Check("oidc", "OIDC discovery", platform.oidc_is_published, ("platform",)),
    Check("key", "signing key", platform.key_is_published, ("oidc",)),
    Check("templates", "templates", platform.templates_are_offered, ("platform",), because=_WRITTEN),
    Check("sign-in", "sign-in", proxy.sign_in_leads_to_platform, ("proxy", "sessions", "oidc"), because=_WRITTEN),
    Check("upgrade", "WebSocket upgrade", proxy.upgrade_reaches_proxy, ("proxy", "sessions"), because=_WRITTEN),
    Check("echo", "WebSocket echo", proxy.session_echoes, ("sign-in", "upgrade"), because=_WRITTEN),
    Check("silence", "silent connections", proxy.silence_ends_connections, ("idle", "proxy")),
)

#: Of a stack with `ssh`.
SSH: Checks = (Check("ssh", "SSH host key", ssh.shows_its_host_key, ("stack",)),)

ON_KUBERNETES: Checks = (*_STACK, *_KUBERNETES, *_FROM_OUTSIDE)
ON_COMPOSE: Checks = (*_STACK, *_COMPOSE, *_FROM_OUTSIDE)
_INSIDE: Mapping[str, Checks] = {"namespace": ON_KUBERNETES, "instanceId": ON_COMPOSE}
"""Setting of the place that Studios is in → the checks that ask there."""


def _without(checks: Checks, names: frozenset[str]) -> Checks:
    kept = (each for each in checks if each.name not in names)
    return tuple(
        replace(
            each,
            needs=tuple(name for name in each.needs if name not in names),
            follows=tuple(name for name in each.follows if name not in names),
            because=tuple(name for name in each.because if name not in names),
        )
        for each in kept
    )


#: Where the instance can't be asked, the checks from outside are all.
FROM_OUTSIDE_ONLY: Checks = (
    *_STACK,
    *_without(_FROM_OUTSIDE, frozenset({"connect-up", "platform-up", "configuration"})),
)

OF_THE_LOAD_BALANCER = frozenset({"balancer", "idle", "rules", "targets", "silence"})
"""What asks AWS for the load balancer of the stack: where the route is the user's, there is none."""


def checks_of(deployment: Deployment) -> Checks:
    """Those for the stack's target; where that is not known, the first check says why."""
    try:
        settings = deployment.settings
    except Exception:
        # Whatever it is: the first check meets it again, and tells it in its row.
        return ON_KUBERNETES
    by_hand = applies("delivery", settings.target) and settings.delivery == "files"
    inside = (checks for place, checks in _INSIDE.items() if applies(place, settings.target) and not by_hand)
    checks = next(inside, FROM_OUTSIDE_ONLY)
    if settings.ingress == "none":
        checks = _without(checks, OF_THE_LOAD_BALANCER)
    if deployment.options.long and deployment.options.session:
        # It waits in that WebSocket.
        checks = tuple(
            replace(each, needs=(*each.needs, "echo")) if each.name == "silence" else each for each in checks
        )
    return (*checks, *(SSH if settings.ssh else ()))
