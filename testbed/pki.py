"""The certificates of the testbed's control plane: one authority, and what it signs."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = datetime.timedelta(days=365)


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, both PEM files."""

    certificate: Path
    key: Path


def write_private(path: Path, data: bytes) -> Path:
    """Writes a file that only its owner can read, from its first byte on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(data)
    return path


def key_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    """A private key without a passphrase."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    begins: datetime.datetime,
    ends: datetime.datetime,
) -> x509.CertificateBuilder:
    """A certificate that only lacks its extensions and its signature."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
    )


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.timezone.utc)
    return builder(subject, issuer, key, now - datetime.timedelta(minutes=5), now + LIFETIME)


#: Without it, Python's strict verification refuses an authority.
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


def service_account_key(path: Path) -> Path:
    """The key that signs service account tokens."""
    return write_private(path, key_pem(rsa.generate_private_key(65537, 2048)))


class Authority:
    """A certificate authority in a folder, made anew unless it is asked to go on with the one that is there."""

    def __init__(self, folder: Path, *, keep: bool = False) -> None:
        self.folder = folder
        self.certificate = folder / "ca.crt"
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "studios-testbed")])
        kept = folder / "ca.key"
        if keep and kept.exists():
            key = serialization.load_pem_private_key(kept.read_bytes(), None)
            assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101 (written below)
            self.key = key
            return
        self.key = ec.generate_private_key(ec.SECP256R1())
        if keep:
            write_private(kept, key_pem(self.key))
        certificate = (
            _builder(self.name, self.name, self.key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .add_extension(_USAGE_OF_AUTHORITY, critical=True)
            .sign(self.key, hashes.SHA256())
        )
        write_private(self.certificate, certificate.public_bytes(serialization.Encoding.PEM))

    def server(self, name: str, hosts: Sequence[str]) -> Pair:
        """A server's certificate for names and addresses."""
        alternatives = [_alternative(host) for host in hosts]
        return self._issue(name, name, [], ExtendedKeyUsageOID.SERVER_AUTH, alternatives)

    def client(self, name: str, user: str, groups: Sequence[str] = ()) -> Pair:
        """A client's certificate; Kubernetes takes the common name as user and the organizations as groups."""
        return self._issue(name, user, groups, ExtendedKeyUsageOID.CLIENT_AUTH, [])

    def _issue(
        self,
        name: str,
        common_name: str,
        organizations: Sequence[str],
        usage: x509.ObjectIdentifier,
        alternatives: Sequence[x509.GeneralName],
    ) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in organizations]
        subject = x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        builder = _builder(subject, self.name, key.public_key()).add_extension(
            x509.ExtendedKeyUsage([usage]), critical=False
        )
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        certificate = builder.sign(self.key, hashes.SHA256())
        return Pair(
            write_private(self.folder / f"{name}.crt", certificate.public_bytes(serialization.Encoding.PEM)),
            write_private(self.folder / f"{name}.key", key_pem(key)),
        )


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def rsa_private_key() -> str:
    """An RSA key as Platform signs with, PEM, without its public half."""
    key = rsa.generate_private_key(65537, 2048)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def rsa_key_pair() -> str:
    """Such a key in the guide's form: the private half on top, the public one beneath."""
    private = rsa_private_key()
    public = serialization.load_pem_private_key(private.encode(), None).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return private + public.public_bytes(serialization.Encoding.PEM, form).decode()
