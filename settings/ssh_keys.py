"""SSH keys: which type of host key is made, and the fingerprint of one that exists."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from settings.private_keys import load_private_key


@dataclass(frozen=True)
class KeyKind:
    """What the tls provider is asked for."""

    algorithm: str
    curve: str | None = None
    bits: int | None = None


_KINDS: Mapping[str, KeyKind] = {
    "ssh-ed25519": KeyKind("ED25519"),
    "ecdsa-sha2-nistp256": KeyKind("ECDSA", curve="P256"),
    "ecdsa-sha2-nistp384": KeyKind("ECDSA", curve="P384"),
    "ecdsa-sha2-nistp521": KeyKind("ECDSA", curve="P521"),
    "ssh-rsa": KeyKind("RSA", bits=4096),
}
_PREFERRED = "ssh-ed25519"


def kind_to_make(types: Sequence[str]) -> KeyKind:
    """The kind of a new host key: ed25519 if it may be, else the first that may."""
    return _KINDS[types[0] if types and _PREFERRED not in types else _PREFERRED]


def fingerprint_of(private_key: str) -> str:
    """The fingerprint of a private key's public half, as `ssh-keygen -l` prints it.

    Raises:
        ValueError: the text is not a private key that SSH can use, or it has a passphrase; the message has none of it.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    try:
        key = load_private_key(private_key)
    except TypeError:
        raise ValueError("must be a private key without a passphrase; remove it with `ssh-keygen -p`") from None
    except ValueError:
        raise ValueError(
            "must be a private key, in the form of OpenSSH or PEM, for example one of `ssh-keygen -t ed25519`"
        ) from None
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
        raise ValueError("must be an ed25519, ECDSA or RSA key, for example one of `ssh-keygen -t ed25519`")  # noqa: TRY004
    try:
        public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    except ValueError:
        raise ValueError("must be a key on one of the curves P-256, P-384 and P-521") from None
    digest = hashlib.sha256(base64.b64decode(public.split()[1])).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"
