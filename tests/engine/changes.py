"""The everyday changes of a stack, what a preview of each must touch, and the table of them in docs/changes.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.changes import Change
from pipeline.report import short_type
from tests.engine.install import Install

JUPYTER = {"repository": "public.cr.seqera.io/platform/data-studio-jupyter:4.2.5-0.9", "tool": "jupyter"}
RIDE = {"repository": "public.cr.seqera.io/platform/data-studio-ride:2025.04.1-0.9", "tool": "ride"}

#: Components that many changes touch.
EDITS = {"studios-platform-edits": "update"}
PLATFORM = {"studios-platform-as-found": "update", **EDITS}
PROXY_PODS = {"studios-proxy-deployment": "update"}
SERVER_PODS = {"studios-server-stateful-set": "update"}
CONNECT = {
    "studios-configuration-proxy": "update",
    "studios-configuration-server": "update",
    **PROXY_PODS,
    **SERVER_PODS,
}
INGRESS = {"studios-ingress-ingress": "update"}
CERTIFICATE = {
    "studios-certificate-certificate": "replace",
    "studios-certificate-validation-apex": "replace",
    "studios-certificate-issued": "replace",
}
NETWORK_POLICIES = {"studios-network-proxy": "update", "studios-network-server": "update"}
NO_LONGER_OURS = "The certificate that the stack made is deleted, once nothing uses it."
OPEN = "From then on, whatever runs in the cluster may reach the pods, and these EC2's metadata."
OTHER_BALANCER = "It becomes another load balancer; the record follows within the same `pulumi up` (see below)."
RECORD = {"studios-record-alias": "update"}


@dataclass(frozen=True)
class Everyday:
    """One change.

    Args:
        title: in a user's words.
        written: what is written into the stack's file.
        settings: the settings that do it; None takes one out.
        touches: the resources that it must touch, and how.
        secrets: settings that do it and are secret.
        note: what the preview can't say.
        moves_platform: whether Platform's owner has moved it to the URL of the settings before.
    """

    title: str
    written: str
    settings: Callable[[Install], Mapping[str, Any]]
    touches: Mapping[str, str]
    secrets: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    moves_platform: bool = False


def _always(**settings: Any) -> Callable[[Install], Mapping[str, Any]]:
    return lambda install: settings


EVERYDAY: Sequence[Everyday] = (
    Everyday(
        "Another release of Connect",
        "`connectVersion: 0.10.0`",
        _always(connectVersion="0.10.0"),
        {**PROXY_PODS, **SERVER_PODS},
    ),
    Everyday(
        "The server's image from a registry of your own",
        "`serverImage: registry.example.com/studios/server`",
        _always(serverImage="registry.example.com/studios/server"),
        SERVER_PODS,
    ),
    Everyday(
        "The proxy's image by its digest",
        "`proxyImage: cr.seqera.io/enterprise/studios/proxy@sha256:…`",
        _always(proxyImage=f"cr.seqera.io/enterprise/studios/proxy@sha256:{'0123456789abcdef' * 4}"),
        PROXY_PODS,
    ),
    Everyday("More pods of the proxy", "`proxyReplicas: 3`", _always(proxyReplicas=3), PROXY_PODS),
    Everyday("More pods of the server", "`serverReplicas: 3`", _always(serverReplicas=3), SERVER_PODS),
    Everyday(
        "Other Studio templates",
        "`studioTemplates: {…}`",
        _always(studioTemplates={"JUPYTER": JUPYTER, "RIDE": RIDE}),
        EDITS,
    ),
    Everyday("Other workspaces", "`allowedWorkspaces: [11, 42]`", _always(allowedWorkspaces=[11, 42]), PLATFORM),
    Everyday(
        "Another release of Platform",
        '`platformVersion: "26.1"`',
        _always(platformVersion="26.1"),
        {**PLATFORM, **PROXY_PODS, **SERVER_PODS},
    ),
    Everyday(
        "Path routing",
        "`pathRouting: true`",
        _always(pathRouting=True),
        {
            **CERTIFICATE,
            "studios-certificate-validation-connect": "create",
            "studios-record-alias": "replace",
            **EDITS,
            **INGRESS,
        },
    ),
    Everyday(
        "Another domain",
        "`platformUrl: https://…`",
        lambda install: {"platformUrl": f"https://new-{install.host}"},
        {
            **CERTIFICATE,
            "studios-record-alias": "replace",
            "studios-configuration-proxy": "update",
            **PROXY_PODS,
            **EDITS,
            **INGRESS,
        },
        moves_platform=True,
    ),
    Everyday(
        "A certificate that exists already",
        "`certificateArn: arn:aws:acm:…`",
        lambda install: {"certificateArn": install.wildcard_certificate()},
        {**dict.fromkeys(CERTIFICATE, "delete"), **INGRESS},
        note=NO_LONGER_OURS,
    ),
    Everyday(
        "Another TLS policy",
        "`sslPolicy: ELBSecurityPolicy-TLS13-1-2-2021-06`",
        _always(sslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06"),
        INGRESS,
    ),
    Everyday("A longer idle timeout", "`idleTimeout: 600`", _always(idleTimeout=600), INGRESS),
    Everyday(
        "A shared load balancer",
        "`loadBalancerGroup: shared`",
        _always(loadBalancerGroup="shared"),
        {**INGRESS, **RECORD},
        note=OTHER_BALANCER,
    ),
    Everyday(
        "An internal load balancer",
        "`loadBalancerScheme: internal`",
        _always(loadBalancerScheme="internal"),
        {**INGRESS, **RECORD},
        note=OTHER_BALANCER,
    ),
    Everyday(
        "Pods as targets instead of nodes",
        "`targetType: ip`",
        _always(targetType="ip"),
        {"studios-proxy-service": "update", **INGRESS},
    ),
    Everyday("Another Redis", "`redisAddress: …`", _always(redisAddress="new-redis:6379"), CONNECT),
    Everyday(
        "Another password at Redis",
        "`redisPassword: …`, secret",
        _always(),
        {"studios-configuration-credentials": "update", **PROXY_PODS, **SERVER_PODS},
        secrets={"redisPassword": "n3w-redis-password"},
    ),
    Everyday("More in the logs", "`logLevel: DEBUG`", _always(logLevel="DEBUG"), CONNECT),
    Everyday(
        "A longer cache in the proxy",
        "`cacheTtl: 5m`",
        _always(cacheTtl="5m"),
        {"studios-configuration-proxy": "update", **PROXY_PODS},
    ),
    Everyday(
        "Other nodes",
        "`nodeSelector: {…}`",
        _always(nodeSelector={"kubernetes.io/arch": "amd64", "pool": "studios"}),
        {**PROXY_PODS, **SERVER_PODS},
    ),
    Everyday(
        "More memory for the server",
        "`serverLimits: {memory: 1Gi, …}`",
        _always(serverLimits={"cpu": "1", "memory": "1Gi", "ephemeral-storage": "256Mi"}),
        SERVER_PODS,
    ),
    Everyday(
        "More time for open connections",
        "`drainSeconds: 300`",
        _always(drainSeconds=300),
        {**PROXY_PODS, **SERVER_PODS},
    ),
    Everyday(
        "Metrics, for one namespace",
        "`managementPort: 9090`, `managementNamespace: monitoring`",
        _always(managementPort=9090, managementNamespace="monitoring"),
        {**CONNECT, **NETWORK_POLICIES},
    ),
    Everyday(
        "No network policies",
        "`networkPolicies: false`",
        _always(networkPolicies=False),
        {"studios-network": "delete", **dict.fromkeys(NETWORK_POLICIES, "delete")},
        note=OPEN,
    ),
    Everyday(
        "Tags in AWS",
        "`aws:defaultTags: {tags: {…}}`",
        _always(**{"aws:defaultTags": {"tags": {"team": "research"}}}),
        {"studios-certificate-certificate": "update", **INGRESS},
    ),
    Everyday(
        "A rotated registration token",
        "`tokenRotation: 2026-01`",
        _always(tokenRotation="2026-01"),
        {"studios-oidc-token": "replace", "studios-configuration-token": "update", **EDITS, **PROXY_PODS},
    ),
    Everyday(
        "A rotated RSA key",
        "`rsaRotation: 2026-01`",
        _always(rsaRotation="2026-01"),
        {
            "studios-oidc-key-guard": "update",
            "studios-oidc-key": "replace",
            "studios-configuration-pem": "update",
            **EDITS,
        },
    ),
    Everyday("Protection of the RSA key", "`protectKey: true`", _always(protectKey=True), {}),
)


def table(results: Mapping[str, Sequence[Change]]) -> str:
    """The table of the documents.

    Args:
        results: what the preview of each change touches, by the change's title.
    """
    rows = [_row(each, results[each.title]) for each in EVERYDAY]
    return "\n".join(["| change | setting | what it touches | what to know |", "|-|-|-|-|", *rows])


def _row(everyday: Everyday, changes: Sequence[Change]) -> str:
    touched = [
        f"{change.operation} `{change.name}`, {short_type(change.type).rsplit(':', 1)[-1]}"
        for change in sorted(changes, key=lambda change: (change.operation, change.name))
    ]
    know = [*_restarts(changes), *_replaced(changes), *([everyday.note] if everyday.note else [])]
    cells = [everyday.title, everyday.written, "<br>".join(touched) or "nothing", "<br>".join(know)]
    return f"| {' | '.join(cells)} |"


def _restarts(changes: Sequence[Change]) -> list[str]:
    pods = {
        "studios-proxy-deployment": "connect-proxy",
        "studios-server-stateful-set": "connect-server",
    }
    rolled = [
        pods[change.name]
        for change in sorted(changes, key=lambda change: change.name)
        if change.name in pods and any(path.startswith("spec.template") for path in change.properties)
    ]
    if any(change.name == "studios-platform-edits" for change in changes):
        rolled += ["Platform's backend", "cron"]
    return [f"Restarts {', '.join(rolled)}, pod by pod."] if rolled else []


def _replaced(changes: Sequence[Change]) -> list[str]:
    return [f"**Replaces `{change.name}`**: {change.warning}." for change in changes if change.warning]
