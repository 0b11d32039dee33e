"""What a stack's file says for each shape of Platform install, and which shapes the tests take in turn."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

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


@dataclass(frozen=True)
class Kind:
    """A shape as a user knows it.

    Args:
        words: what it is called in the documents.
        example: the stack file to start from.
        refusal: what the first preview says; empty where the shape is supported.
        way_out: what to do then.
    """

    words: str
    example: str
    refusal: str = ""
    way_out: str = ""

    @property
    def result(self) -> str:
        """Whether it is supported, for the document."""
        return f"refused, `{self.refusal}`: {self.way_out}" if self.refusal else "supported"


KINDS: Mapping[str, Kind] = {
    shapes.GUIDE: Kind("Seqera's manifests, with Redis in the namespace", "minimal.yaml"),
    shapes.MANAGED_REDIS: Kind("Seqera's manifests, with a managed Redis", "minimal.yaml"),
    shapes.HELM: Kind("Seqera's Helm chart", "helm-platform.yaml"),
    shapes.ENVIRONMENT: Kind(
        "variables from `env`, several `envFrom`, Secrets; cron with a ConfigMap of its own", "minimal.yaml"
    ),
    shapes.ARGO: Kind("kept by [Argo CD or Flux](gitops.md)", "minimal.yaml"),
    shapes.BY_HAND: Kind(
        "with a Studios that exists already", "minimal.yaml", "is taken in namespace", "[adopt it](adopt.md)"
    ),
}
"""Installs of Platform."""

SURROUNDINGS: Mapping[str, Kind] = {
    "connect's host": Kind(
        "Connect beside Platform's host, or deeper ([docs/dns.md](dns.md))", "connect-beside-platform.yaml"
    ),
    "no zone named": Kind("no zone named", "assumed-role.yaml"),
    "delegated zone": Kind("a delegated zone beside its parent", "assumed-role.yaml"),
    "zone of another account": Kind(
        "the zone in another account, changed through a role", "zone-in-another-account.yaml"
    ),
    "private twin": Kind("a private twin of the zone", "private-zone.yaml"),
    "no Route 53": Kind("DNS outside Route 53", "dns-elsewhere.yaml"),
    "external-dns": Kind("records by external-dns", "external-dns.yaml"),
    "assumed role": Kind("`aws:assumeRoles` with one role, a profile, SSO, a web identity", "assumed-role.yaml"),
    "chain of roles": Kind(
        "a chain of roles, or a role with an external id, beside `eksCluster`",
        "assumed-role.yaml",
        "can't be handed on to",
        "a profile of the AWS configuration, or `kubeconfig`",
    ),
    "AWS Load Balancer Controller": Kind("the AWS Load Balancer Controller 2.x and 3.x", "shared-load-balancer.yaml"),
    "EKS Auto Mode": Kind("EKS Auto Mode", "eks-auto-mode.yaml"),
    "other controllers": Kind(
        "NGINX, Traefik, Istio, Gateway API",
        "own-route.yaml",
        "which this program doesn't write for",
        "[a route of your own](ingress.md)",
    ),
    "own route": Kind("`ingress: none`, and a route of your own", "own-route.yaml"),
    "own certificate": Kind("the same, with a certificate of cert-manager's or another's", "own-certificate.yaml"),
}
"""DNS, accounts and controllers."""


ON_COMPOSE: Mapping[str, Kind] = {
    "Docker Compose": Kind("[Docker Compose](compose.md) on EC2, by the guide", "compose.yaml"),
    "Terraform": Kind(
        "the same with a Studios already, by hand or by Seqera's Terraform installer",
        "terraform-installer.yaml",
        "which exists already",
        "[adopt it](adopt.md#by-terraform-or-by-hand-on-docker-compose)",
    ),
}
"""Installs of Platform on Docker Compose."""

ROWS: Mapping[str, Kind] = {**KINDS, **ON_COMPOSE, **SURROUNDINGS}
"""Of the table."""


def row(name: str) -> pytest.MarkDecorator:
    """Marks the test that takes this row of the table from the first preview to its end."""
    return pytest.mark.row(name)


def table() -> str:
    """Shape of install, what the first preview says of it, and the stack file to start from."""
    rows = [f"| {each.words} | {each.result} | `{each.example}` |" for each in ROWS.values()]
    return "\n".join(["| Platform's install | first preview | example |", "|-|-|-|", *rows])
