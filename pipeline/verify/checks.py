"""Which checks there are, in the order of the table, and what each needs."""

from __future__ import annotations

from pipeline.verify import balancer, certificates, names, platform, pods, proxy
from pipeline.verify.deployment import Deployment
from pipeline.verify.runner import Check

Checks = tuple[Check[Deployment], ...]

_STACK: Checks = (Check("stack", "stack", names.stack_is_deployed),)

_KUBERNETES: Checks = (
    Check("cluster", "cluster", pods.cluster_answers, ("stack",)),
    Check("connect-up", "pods of Connect", pods.connect_pods, ("cluster",)),
    Check("platform-up", "pods of Platform", pods.platform_pods, ("cluster",)),
)

_FROM_OUTSIDE: Checks = (
    Check("balancer", "load balancer", balancer.balancer_exists, ("stack",)),
    Check("idle", "idle timeout", balancer.idle_timeout, ("balancer",)),
    Check("rules", "listener rules", balancer.rules_forward_hosts, ("balancer",)),
    Check("targets", "targets", balancer.targets_are_healthy, ("rules", "connect-up")),
    Check("zone", "record, zone's servers", names.zone_has_record, ("balancer",)),
    Check("resolver", "record, resolver here", names.resolver_finds_record, ("zone",)),
    Check("redirect", "redirect of HTTP", certificates.http_is_redirected, ("resolver",)),
    Check("certificate", "certificate, proxy", certificates.certificate_of_proxy, ("resolver",)),
    Check("sessions", "certificate, sessions", certificates.certificate_of_session, ("certificate",)),
    Check("tls", "TLS versions", certificates.tls_versions, ("certificate",)),
    Check("proxy", "proxy", proxy.proxy_answers, ("certificate", "targets")),
    Check("platform", "Platform", platform.platform_answers, ("platform-up",)),
    Check("oidc", "OIDC discovery", platform.oidc_is_published, ("platform",)),
    Check("key", "signing key", platform.key_is_published, ("oidc",)),
    Check("templates", "templates", platform.templates_are_offered, ("platform",)),
    Check("sign-in", "sign-in", proxy.sign_in_leads_to_platform, ("proxy", "sessions", "oidc")),
    Check("upgrade", "WebSocket upgrade", proxy.upgrade_reaches_proxy, ("proxy", "sessions")),
    Check("echo", "WebSocket echo", proxy.session_echoes, ("sign-in", "upgrade")),
    Check("silence", "silent connections", proxy.silence_ends_connections, ("idle", "proxy")),
)

KUBERNETES: Checks = (*_STACK, *_KUBERNETES, *_FROM_OUTSIDE)
