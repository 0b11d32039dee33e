"""A deployment that needs neither Pulumi nor a network: its answers are given."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.verify.deployment import Deployment, Options
from pipeline.verify.findings import CannotAskError
from pipeline.verify.network import Network, Response
from settings.parsing import parse_settings

SETTINGS: dict[str, object] = {
    "platformUrl": "https://platform.example.com",
    "platformVersion": "25.3",
    "namespace": "platform",
    "hostedZone": "example.com",
    "redisAddress": "redis:6379",
}
COMPOSE_SETTINGS: dict[str, Any] = {
    "target": "compose",
    "namespace": None,
    "redisAddress": None,
    "instanceId": "i-0123456789abcdef0",
    "composeFolder": "/opt/seqera",
    "loadBalancer": "platform",
}
BALANCER = "studios-1.us-east-1.elb.amazonaws.com"
OUTPUTS: dict[str, Any] = {
    "platformUrl": "https://platform.example.com",
    "platformVersion": "25.3",
    "connectUrl": "https://connect.platform.example.com",
    "connectVersion": "0.9.0",
    "sessionUrlPattern": "https://<session>.platform.example.com",
    "loadBalancerHostname": BALANCER,
    "certificateArn": "arn:aws:acm:us-east-1:1:certificate/1",
    "studioTemplates": {
        "JUPYTER": {"repository": "r/jupyter:1", "tool": "jupyter"},
        "VSCODE": {"repository": "r/vscode:1", "tool": "vscode"},
    },
}


@dataclass(frozen=True)
class Answers(Network):
    """Answers requests from a table: URL → response; what is missing can't be reached."""

    table: Mapping[str, Response] = field(default_factory=dict)
    names: Mapping[str, list[str]] = field(default_factory=dict)
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    def request(self, url: str, headers: Mapping[str, str] | None = None, *, upgrade: bool = False) -> Response:
        self.asked.append((url, dict(headers or {})))
        if url.partition("?")[0] not in self.table:
            raise CannotAskError(f"{url.partition('?')[0]} does not answer: refused")
        return self.table[url.partition("?")[0]]

    def addresses(self, host: str) -> list[str]:
        if host not in self.names:
            raise CannotAskError(f"{host} is not found: no such name")
        return self.names[host]


class Handshakes(Network):
    """Fails each TLS handshake with an error, or serves a certificate."""

    def __init__(self, error: Exception | None = None, served: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        object.__setattr__(self, "error", error)
        object.__setattr__(self, "served", served or {})

    def tls(self, host: str, port: int, context: ssl.SSLContext | None = None) -> Any:
        error = self.__dict__["error"]
        if error:
            raise error
        return _Connection(self.__dict__["served"])


@dataclass(frozen=True)
class _Connection:
    served: Mapping[str, Any]

    def getpeercert(self) -> Mapping[str, Any]:
        return self.served

    def __enter__(self) -> _Connection:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing."""


def deployment(network: Network | None = None, options: Options | None = None, **changed: Any) -> Deployment:
    """A stack; outputs and settings may be changed by their names."""
    made = Deployment("prod", network or Answers(), options or Options())
    settings = {**SETTINGS, **{key: value for key, value in changed.items() if key not in OUTPUTS or key in SETTINGS}}
    outputs = {**OUTPUTS, **{key: value for key, value in changed.items() if key in OUTPUTS}}
    made.__dict__["settings"] = parse_settings({key: value for key, value in settings.items() if value is not None})
    made.__dict__["outputs"] = outputs
    return made


def response(url: str, status: int = 200, body: str = "", **headers: str) -> Response:
    """An answer; a header's name has underscores in place of hyphens."""
    return Response(url, status, {name.replace("_", "-"): value for name, value in headers.items()}, body.encode())
