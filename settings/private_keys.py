"""Private keys in PEM or in the form of OpenSSH."""

from __future__ import annotations

from typing import Any, Final

_OPENSSH: Final = "-----BEGIN OPENSSH PRIVATE KEY-----"


def load_private_key(text: str) -> Any:
    """The key of `cryptography` that a text holds.

    Raises:
        TypeError: it has a passphrase.
        ValueError: it is not a private key, or of a form that is not known.
    """
    # It takes longer to import than all else here, and few stacks need it.
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_ssh_private_key

    load = load_ssh_private_key if _OPENSSH in text else load_pem_private_key
    try:
        return load(text.encode(), password=None)
    except UnsupportedAlgorithm as error:
        raise ValueError(str(error)) from None
