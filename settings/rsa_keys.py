"""The RSA key with which Platform signs the sessions' tokens, as a file of PEM holds it."""

from __future__ import annotations

from typing import Any, Final

from settings.pem import wrong_lines
from settings.private_keys import load_private_key

_PRIVATE: Final = "PRIVATE KEY-----"
_PUBLIC: Final = "-----BEGIN PUBLIC KEY-----"
_NEW_KEY: Final = "for example one of `openssl genrsa 2048`"


def wrong_rsa_key(pem: str) -> str | None:
    """Why Platform can't sign with what a file holds; None if it can, or if its key is in a form unknown here."""
    private = _private_half(pem)
    if _PRIVATE not in private:
        return "must be a private key in PEM, with its public key beneath or without one"
    if wrong_lines(pem):
        return "must be a private key in PEM with its line breaks, as in the file that `openssl genrsa` writes"
    if "ENCRYPTED" in private:
        return "must be a private key without a passphrase; write it without one: `openssl rsa -in KEY`"
    key = _loaded(private)
    if key is None:
        return None
    if not _is_rsa(key):
        return f"must be an RSA key, {_NEW_KEY}"
    if _PUBLIC in pem and _written(pem).split() != _public_pem(key).split():
        return "must be a private key with its own public key beneath, and not that of another; leave that away"
    return None


def public_half(pem: str) -> str:
    """The public key, whether or not the file holds it beneath the private one.

    Raises:
        ValueError: it does not, and the private key can't be read.
    """
    if _PUBLIC in pem:
        return _written(pem)
    key = _loaded(pem)
    if key is None:
        raise ValueError("can't be read")
    return _public_pem(key)


def _private_half(pem: str) -> str:
    return pem.partition(_PUBLIC)[0]


def _written(pem: str) -> str:
    return _PUBLIC + pem.rpartition(_PUBLIC)[2]


def _loaded(pem: str) -> Any:
    try:
        return load_private_key(pem)
    except (ValueError, TypeError):
        return None


def _is_rsa(key: Any) -> bool:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    return isinstance(key, RSAPrivateKey)


def _public_pem(key: Any) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    found: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return found.decode()
