"""Annotations of the Ingress: none that the program writes itself, and none that would keep sessions from working."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from settings.balancers import ALB, SETTING_OF_ANNOTATION
from settings.errors import Problem
from settings.model import Settings
from settings.rules.book import RuleBook

RULES = RuleBook()

_OF_PULUMI: Final = "pulumi.com/"
_PORTS: Final = "sessions are served at 443, and 80 leads there"
_CERTIFICATE: Final = "the certificate is made by the stack, or that of certificateArn"
_PROTOCOL: Final = "the proxy speaks HTTP/1.1 at proxyPort, which WebSockets need"
_HEALTH: Final = "the health check asks the proxy by HTTP at proxyPort, as healthCheckPath says"
FIXED_ANNOTATIONS: Final[Mapping[str, str]] = {
    f"{ALB}listen-ports": _PORTS,
    f"{ALB}ssl-redirect": _PORTS,
    f"{ALB}create-acm-cert": _CERTIFICATE,
    f"{ALB}acm-pca-arn": _CERTIFICATE,
    f"{ALB}backend-protocol": _PROTOCOL,
    f"{ALB}backend-protocol-version": _PROTOCOL,
    f"{ALB}healthcheck-port": _HEALTH,
    f"{ALB}healthcheck-protocol": _HEALTH,
}
"""Annotation that the program sets, or leaves at the controller's default → why it can't be another."""
_SIGN_IN: Final = "the clients of sessions connect at the same host, and can't sign in at the load balancer"
_BREAKING: Final[Mapping[str, str]] = {
    "auth-type": _SIGN_IN,
    "jwt-validation": _SIGN_IN,
    "target-control-port": "the load balancer would wait for an agent beside the proxy, which has none",
    "dry-run-plan": "the controller would make no load balancer",
}
"""Annotation → why sessions would not work with it."""
_HARMLESS: Final[Mapping[str, str]] = {"auth-type": "none", "dry-run-plan": "false"}
"""Annotation → the value with which it does nothing."""


@RULES.needs("ingressAnnotations", "proxyName")
def _the_programs_stay_and_sessions_work(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    for name, value in settings.ingress_annotations.items():
        message = _why_not(name, value, settings)
        if message is not None:
            yield Problem(f"ingressAnnotations.{name}", value, message)


def _why_not(name: str, value: str, settings: Settings) -> str | None:
    if name in SETTING_OF_ANNOTATION:
        return f"has a setting of its own; remove it here, and set {SETTING_OF_ANNOTATION[name]}"
    if name.startswith(_OF_PULUMI):
        return "is for Pulumi, and the program waits for the load balancer by readyTimeout; remove it here"
    below = name.removeprefix(ALB)
    if below == name:
        return None
    if name in FIXED_ANNOTATIONS:
        return f"is set by the program: {FIXED_ANNOTATIONS[name]}; remove it here"
    if below == f"transforms.{settings.proxy_name}":
        return "would break sessions: the proxy needs paths and hosts as they were asked for; remove it here"
    if below == "mutual-authentication":
        breaks = "verify" in value
        return f"would break sessions: {_SIGN_IN}; write the mode passthrough, or remove it here" if breaks else None
    kind = next((each for each in _BREAKING if below == each or below.startswith(f"{each}.")), None)
    if kind is None or value == _HARMLESS.get(kind):
        return None
    return f"would break sessions: {_BREAKING[kind]}; remove it here"
