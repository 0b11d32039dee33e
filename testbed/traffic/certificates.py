"""Certificates that can be served: for ACM's, which never gives its keys away, ones with the same names and dates."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from testbed.pki import Authority, builder, key_pem


class ServedCertificates:
    """Makes, for each issued certificate of ACM, one with a key, and keeps it until ACM has another one.

    A certificate that AWS issued, or that an authority signed, is signed by the authority here, which clients are told
    to trust; one that was imported and signs itself does so here too.

    Args:
        authority: what clients trust.
    """

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self._made: dict[tuple[Any, ...], dict[str, str]] = {}

    def of(self, described: Mapping[str, Any], pem: str) -> dict[str, str]:
        """Chain and key, PEM, for a certificate as ACM describes it; ``pem`` is what ACM has of it."""
        names = tuple(described["SubjectAlternativeNames"])
        begins, ends = described["NotBefore"], described["NotAfter"]
        key = (described["CertificateArn"], names, begins, ends, pem)
        if key not in self._made:
            imported = described["Type"] == "IMPORTED"
            self._made[key] = self._make(names, begins, ends, itself=imported and _signs_itself(pem))
        return self._made[key]

    def _make(
        self, names: Sequence[str], begins: datetime.datetime, ends: datetime.datetime, *, itself: bool
    ) -> dict[str, str]:
        key = ec.generate_private_key(ec.SECP256R1())
        # X.509 has room for 64 octets there; what counts are the alternative names.
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
        issuer, signer = (subject, key) if itself else (self.authority.name, self.authority.key)
        certificate = (
            builder(subject, issuer, key.public_key(), begins, ends)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
            .sign(signer, hashes.SHA256())
        )
        chain = certificate.public_bytes(serialization.Encoding.PEM)
        return {"Chain": chain.decode(), "Key": key_pem(key).decode()}


def _signs_itself(pem: str) -> bool:
    certificate = x509.load_pem_x509_certificate(pem.encode())
    return certificate.issuer == certificate.subject
