"""Certificates that can be served: for ACM's, which never gives its keys away, ones with the same names and dates."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from testbed.pki import Authority, builder, key_pem

_LIFETIME = datetime.timedelta(days=395)


class ServedCertificates:
    """Makes, for each issued certificate of ACM, one with a key, and keeps it until ACM has another one.

    A certificate that AWS issued, or that an authority signed, is signed by the authority here, which clients are told
    to trust; one that was imported and signs itself does so here too.

    Args:
        known: an authority that clients trust already; without it there is one of its own.
    """

    def __init__(self, known: Authority | None = None) -> None:
        self._made: dict[tuple[Any, ...], dict[str, str]] = {}
        if known is not None:
            self._key, self._name = known.key, known.name
            self.authority = x509.load_pem_x509_certificate(known.certificate.read_bytes())
            return
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("Testbed Load Balancers")
        now = datetime.datetime.now(datetime.timezone.utc)
        self.authority = (
            builder(self._name, self._name, self._key.public_key(), now - _LIFETIME, now + 10 * _LIFETIME)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .add_extension(_USAGE_OF_AUTHORITY, critical=True)
            .sign(self._key, hashes.SHA256())
        )

    def write_authority(self, path: Path) -> Path:
        """Writes the authority's certificate, PEM."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.authority.public_bytes(serialization.Encoding.PEM))
        return path

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
        subject = _name(names[0])
        issuer, signer = (subject, key) if itself else (self._name, self._key)
        certificate = (
            builder(subject, issuer, key.public_key(), begins, ends)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
            .sign(signer, hashes.SHA256())
        )
        chain = certificate.public_bytes(serialization.Encoding.PEM)
        return {"Chain": chain.decode(), "Key": key_pem(key).decode()}


_USAGE_OF_AUTHORITY = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


def _signs_itself(pem: str) -> bool:
    certificate = x509.load_pem_x509_certificate(pem.encode())
    return certificate.issuer == certificate.subject


def _name(common_name: str) -> x509.Name:
    # X.509 has room for 64 octets there; what counts are the alternative names.
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])
