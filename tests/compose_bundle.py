"""The bundle of a Docker Compose stack, which the tests of the script install."""

from __future__ import annotations

from collections.abc import Mapping

from delivery.bundle import Credentials, bundle
from settings.parsing import parse_settings

STACK = {
    "target": "compose",
    "platformUrl": "https://example.com",
    "platformVersion": "25.3",
    "hostedZone": "example.com",
    "instanceId": "i-0123456789abcdef0",
    "loadBalancer": "platform",
    "composeFolder": "/opt/seqera",
}
PEM = "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n-----BEGIN PUBLIC KEY-----\nBBBB\n"
TOKEN = "Tk0123456789abcdefghijklmnopqrst"


def bundle_of(
    changes: Mapping[str, object] | None = None, pem: str = PEM, token: str = TOKEN, secrets: tuple[str, ...] = ()
) -> str:
    """The bundle of a stack like ``STACK``."""
    return bundle(parse_settings({**STACK, **(changes or {})}, secrets), Credentials(pem=pem, token=token))
