"""What a stack's file says for each shape of Platform install, and which shapes the tests take in turn."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from testbed.platform import shapes
from testbed.platform.shapes import RELEASE, TOKEN_KEY

_OF_THE_GUIDE: Mapping[str, Any] = {"redisAddress": "redis:6379", "backendConfigMap": "tower-backend-cfg"}
_CHART = f"{RELEASE}-platform"

SETTINGS: Mapping[str, Mapping[str, Any]] = {
    shapes.GUIDE: _OF_THE_GUIDE,
    shapes.MANAGED_REDIS: {**_OF_THE_GUIDE, "redisAddress": f"{shapes.REDIS}:6379"},
    shapes.HELM: {
        "redisAddress": "redis:6379",
        "backendDeployment": f"{_CHART}-backend",
        "cronDeployment": f"{_CHART}-cron",
        "backendConfigMap": f"{_CHART}-shared-backend-cron",
        "towerYmlConfigMap": f"{_CHART}-tower-yml",
        "certVolume": "connect-cert-volume",
        "existingOidcSecret": f"{_CHART}-backend",
        "existingTokenSecret": f"{_CHART}-backend",
        "existingTokenSecretKey": TOKEN_KEY,
    },
    shapes.ENVIRONMENT: _OF_THE_GUIDE,
    shapes.ARGO: _OF_THE_GUIDE,
    shapes.BY_HAND: _OF_THE_GUIDE,
}
"""Shape → settings."""

IN_TURN = (shapes.GUIDE, shapes.MANAGED_REDIS)
"""What tests take that don't ask for a shape: no behaviour is seen on one only."""


def settings_of(shape: str) -> dict[str, Any]:
    """The settings of a stack beside an install of a shape, but for its host and namespace."""
    return dict(SETTINGS[shape])


def usual_shape(label: str) -> str:
    """One of the two, the same for a label each time."""
    return IN_TURN[zlib.crc32(label.encode()) % len(IN_TURN)]


SUPPORTED = "supported"


@dataclass(frozen=True)
class Kind:
    """A shape as a user knows it.

    Args:
        words: what it is called in the documents.
        result: ``supported``, or what the first preview says.
        example: the stack file to start from.
    """

    words: str
    result: str
    example: str


KINDS: Mapping[str, Kind] = {
    shapes.GUIDE: Kind("Seqera's manifests, with Redis in the namespace", SUPPORTED, "minimal.yaml"),
    shapes.MANAGED_REDIS: Kind("Seqera's manifests, with a managed Redis", SUPPORTED, "minimal.yaml"),
    shapes.HELM: Kind("Seqera's Helm chart", SUPPORTED, "helm-platform.yaml"),
    shapes.ENVIRONMENT: Kind(
        "variables from `env`, several `envFrom`, Secrets; cron with a ConfigMap of its own",
        SUPPORTED,
        "minimal.yaml",
    ),
    shapes.ARGO: Kind("kept by [Argo CD or Flux](gitops.md)", SUPPORTED, "minimal.yaml"),
    shapes.BY_HAND: Kind(
        "with a Studios that exists already", "`is taken in namespace`: [adopt it](adopt.md)", "minimal.yaml"
    ),
}
"""What the document says of each shape; tests/engine/test_shapes.py and test_adopt.py hold it."""


SURROUNDINGS: tuple[Kind, ...] = (
    Kind(
        "Connect beside Platform's host, or deeper ([docs/dns.md](dns.md))", SUPPORTED, "connect-beside-platform.yaml"
    ),
    Kind("the zone in another account, changed through a role", SUPPORTED, "zone-in-another-account.yaml"),
    Kind("a private twin of the zone", SUPPORTED, "private-zone.yaml"),
    Kind("no zone named", SUPPORTED, "assumed-role.yaml"),
    Kind("DNS outside Route 53", SUPPORTED, "dns-elsewhere.yaml"),
    Kind("records by external-dns", SUPPORTED, "external-dns.yaml"),
    Kind("`aws:assumeRoles` with one role, a profile, SSO, a web identity", SUPPORTED, "assumed-role.yaml"),
    Kind(
        "a chain of roles, or a role with an external id, beside `eksCluster`",
        "`can't be handed on to aws eks get-token`: a profile, or `kubeconfig`",
        "assumed-role.yaml",
    ),
    Kind("the AWS Load Balancer Controller 2.x and 3.x", SUPPORTED, "shared-load-balancer.yaml"),
    Kind("EKS Auto Mode", SUPPORTED, "eks-auto-mode.yaml"),
    Kind(
        "NGINX, Traefik, Istio, Gateway API",
        "`is a class of …, which this program doesn't write for`: [a route of your own](ingress.md)",
        "own-route.yaml",
    ),
)
"""DNS, accounts and controllers. Held by tests/engine/test_dns.py, and in tests/unit by test_hosts_of_connect.py,
test_aws_access.py and test_ingress_class.py."""


def table() -> str:
    """Shape of install, what the first preview says of it, and the stack file to start from."""
    rows = [f"| {each.words} | {each.result} | `{each.example}` |" for each in (*KINDS.values(), *SURROUNDINGS)]
    return "\n".join(["| Platform's install on Kubernetes | first preview | example |", "|-|-|-|", *rows])
