"""The RSA key that signs OIDC tokens."""

from __future__ import annotations

from collections.abc import Iterator

from .objects import UNKNOWN, Resource

LEAST_RSA_BITS = 2048
"""Seqera's guide: "A key size of at least 2048 bits is recommended"."""
_KEY = "tls:index/privateKey:PrivateKey"


def strong_rsa_key(resource: Resource) -> Iterator[str]:
    """An RSA key is too small to sign tokens with."""
    if resource.type != _KEY or resource.at("algorithm") != "RSA":
        return
    bits = resource.at("rsaBits")
    if bits is not UNKNOWN and bits is not None and bits < LEAST_RSA_BITS:
        yield f"the RSA key has {bits:.0f} bits; write rsaBits: {LEAST_RSA_BITS} or more"


def protected_rsa_key(resource: Resource) -> Iterator[str]:
    """An RSA key may be deleted by mistake, and every session would be logged out."""
    if resource.type == _KEY and resource.at("algorithm") == "RSA" and not resource.protected:
        yield "the RSA key is not protected; set the resource option protect"
