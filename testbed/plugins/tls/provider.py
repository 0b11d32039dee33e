"""The tls provider's private keys."""

from __future__ import annotations

import base64
import hashlib
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from testbed.plugins.generated import Definition, GeneratedProvider
from testbed.plugins.provider import CheckFailure, Properties

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

_ALGORITHMS: Final = ("RSA", "ECDSA", "ED25519")
_CURVES: Final[dict[str, type[ec.EllipticCurve]]] = {
    "P224": ec.SECP224R1,
    "P256": ec.SECP256R1,
    "P384": ec.SECP384R1,
    "P521": ec.SECP521R1,
}
# Go's crypto/rsa, on which the official provider stands, refuses smaller ones.
_FEWEST_RSA_BITS: Final = 1024


def _validate(inputs: Properties) -> list[CheckFailure]:
    failures = []
    if inputs["algorithm"] not in _ALGORITHMS:
        failures.append(_not_one_of("algorithm", _ALGORITHMS, inputs["algorithm"]))
    if inputs["ecdsaCurve"] not in _CURVES:
        failures.append(_not_one_of("ecdsaCurve", tuple(_CURVES), inputs["ecdsaCurve"]))
    if inputs["algorithm"] == "RSA" and inputs["rsaBits"] < _FEWEST_RSA_BITS:
        reason = f"crypto/rsa: {inputs['rsaBits']}-bit keys are insecure: write {_FEWEST_RSA_BITS} or more"
        failures.append(CheckFailure("rsaBits", reason))
    return failures


def _not_one_of(name: str, choices: tuple[str, ...], got: str) -> CheckFailure:
    quoted = " ".join(f'"{choice}"' for choice in choices)
    return CheckFailure(name, f'Attribute {name} value must be one of: [{quoted}], got: "{got}"')


def _generate(inputs: Properties) -> tuple[str, Properties]:
    key = _key(inputs)
    public_key = key.public_key()
    public_der = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    # OpenSSH has no form for this curve; the official provider leaves the properties empty.
    has_ssh_form = not (inputs["algorithm"] == "ECDSA" and inputs["ecdsaCurve"] == "P224")
    ssh = public_key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() if has_ssh_form else ""
    computed = {
        "privateKeyPem": _pem(key, PrivateFormat.PKCS8 if _is_ed25519(key) else PrivateFormat.TraditionalOpenSSL),
        "privateKeyPemPkcs8": _pem(key, PrivateFormat.PKCS8),
        "privateKeyOpenssh": _pem(key, PrivateFormat.OpenSSH) if has_ssh_form else "",
        "publicKeyPem": public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        "publicKeyOpenssh": f"{ssh}\n" if ssh else "",
        **_fingerprints(ssh),
    }
    return hashlib.sha1(public_der, usedforsecurity=False).hexdigest(), computed


def _key(inputs: Properties) -> PrivateKey:
    if inputs["algorithm"] == "RSA":
        return rsa.generate_private_key(public_exponent=65537, key_size=inputs["rsaBits"])
    if inputs["algorithm"] == "ECDSA":
        return ec.generate_private_key(_CURVES[inputs["ecdsaCurve"]]())
    return ed25519.Ed25519PrivateKey.generate()


def _is_ed25519(key: PrivateKey) -> bool:
    return isinstance(key, ed25519.Ed25519PrivateKey)


def _pem(key: PrivateKey, form: PrivateFormat) -> str:
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def _fingerprints(ssh: str) -> Properties:
    if not ssh:
        return {"publicKeyFingerprintMd5": "", "publicKeyFingerprintSha256": ""}
    blob = base64.b64decode(ssh.split()[1])
    md5 = hashlib.md5(blob, usedforsecurity=False).digest()
    sha256 = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return {"publicKeyFingerprintMd5": md5.hex(":"), "publicKeyFingerprintSha256": f"SHA256:{sha256}"}


class TlsProvider(GeneratedProvider):
    """PrivateKey."""

    package = "tls"
    definitions = {  # noqa: RUF012 - no one changes it
        "tls:index/privateKey:PrivateKey": Definition(
            inputs={"algorithm": str, "rsaBits": int, "ecdsaCurve": str},
            required=["algorithm"],
            defaults={"rsaBits": 2048, "ecdsaCurve": "P224"},
            computed=[
                "privateKeyPem",
                "privateKeyPemPkcs8",
                "privateKeyOpenssh",
                "publicKeyPem",
                "publicKeyOpenssh",
                "publicKeyFingerprintMd5",
                "publicKeyFingerprintSha256",
            ],
            secret=["privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh"],
            validate=_validate,
            generate=_generate,
        ),
    }
