"""Certificates of authorities in PEM, and how a file of PEM is written."""

from __future__ import annotations

import re
from typing import Final

_MARK: Final = re.compile(r"-----(?:BEGIN|END) [A-Z0-9 ]+-----")


def wrong_lines(pem: str) -> bool:
    """Whether a line `-----BEGIN …-----` or `-----END …-----` holds anything else: Go and OpenSSL skip it then."""
    return any(_MARK.search(line) and not _MARK.fullmatch(line.rstrip()) for line in pem.splitlines())


def wrong_authorities(pem: str) -> str | None:
    """Why a file is not one of certificates of authorities; None if it is."""
    if "PRIVATE KEY-----" in pem:
        return "must hold certificates of authorities, and no private key; take that out"
    if wrong_lines(pem) or not _are_certificates(pem):
        return "must hold certificates of authorities in PEM, with the line breaks that `openssl x509` writes"
    return None


def _are_certificates(pem: str) -> bool:
    # It takes long to import, and few stacks need it.
    from cryptography.x509 import load_pem_x509_certificates

    try:
        return bool(load_pem_x509_certificates(pem.encode()))
    except ValueError:
        return False
