"""The contract of the tls provider's private keys."""

import base64
import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
    load_ssh_private_key,
    load_ssh_public_key,
)

from testbed.plugins.provider import CheckFailure, DiffResult, ProviderError, Resource
from testbed.plugins.tls.provider import TlsProvider

PROVIDER = TlsProvider()
KEY = Resource("urn", "tls:index/privateKey:PrivateKey", "key")


def create(**inputs: Any) -> tuple[str, dict[str, Any]]:
    return PROVIDER.create(KEY, inputs, preview=False, timeout=0)


@pytest.mark.parametrize(
    ("inputs", "first_line", "last_line", "kind"),
    [
        (
            {"algorithm": "RSA", "rsaBits": 1024},
            "-----BEGIN RSA PRIVATE KEY-----",
            "-----END RSA PRIVATE KEY-----",
            rsa.RSAPrivateKey,
        ),
        (
            {"algorithm": "ECDSA", "ecdsaCurve": "P256"},
            "-----BEGIN EC PRIVATE KEY-----",
            "-----END EC PRIVATE KEY-----",
            ec.EllipticCurvePrivateKey,
        ),
        (
            {"algorithm": "ED25519"},
            "-----BEGIN PRIVATE KEY-----",
            "-----END PRIVATE KEY-----",
            ed25519.Ed25519PrivateKey,
        ),
    ],
)
def test_every_form_of_a_key_holds_the_same_key(
    inputs: dict[str, Any], first_line: str, last_line: str, kind: type
) -> None:
    own_id, outputs = create(**inputs)
    pem = outputs["privateKeyPem"]
    assert pem.startswith(f"{first_line}\n")
    assert pem.endswith(f"\n{last_line}\n")
    assert outputs["privateKeyPemPkcs8"].startswith("-----BEGIN PRIVATE KEY-----\n")
    assert outputs["privateKeyOpenssh"].startswith("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    assert outputs["publicKeyPem"].startswith("-----BEGIN PUBLIC KEY-----\n")
    assert outputs["publicKeyPem"].endswith("\n-----END PUBLIC KEY-----\n")
    assert outputs["publicKeyOpenssh"].endswith("\n")

    key = load_pem_private_key(pem.encode(), None)
    assert isinstance(key, kind)
    public = [
        each.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        for each in (
            key.public_key(),
            load_pem_private_key(outputs["privateKeyPemPkcs8"].encode(), None).public_key(),
            load_ssh_private_key(outputs["privateKeyOpenssh"].encode(), None).public_key(),
            load_pem_public_key(outputs["publicKeyPem"].encode()),
            load_ssh_public_key(outputs["publicKeyOpenssh"].encode()),
        )
    ]
    assert len(set(public)) == 1
    assert own_id == hashlib.sha1(public[0], usedforsecurity=False).hexdigest()


def test_fingerprints_are_those_of_the_ssh_form() -> None:
    outputs = create(algorithm="ED25519")[1]
    blob = base64.b64decode(outputs["publicKeyOpenssh"].split()[1])
    digits = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    assert outputs["publicKeyFingerprintMd5"].replace(":", "") == digits
    assert len(outputs["publicKeyFingerprintMd5"]) == 47
    sha256 = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    assert outputs["publicKeyFingerprintSha256"] == f"SHA256:{sha256}"


def test_an_rsa_key_has_2048_bits_unless_told_otherwise() -> None:
    key = load_pem_private_key(create(algorithm="RSA")[1]["privateKeyPem"].encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    assert key.key_size == 2048


def test_a_curve_that_ssh_does_not_know_has_no_ssh_forms() -> None:
    outputs = create(algorithm="ECDSA")[1]
    assert outputs["ecdsaCurve"] == "P224"
    ssh = ("privateKeyOpenssh", "publicKeyOpenssh", "publicKeyFingerprintMd5", "publicKeyFingerprintSha256")
    assert [outputs[name] for name in ssh] == [""] * 4


def test_the_private_forms_are_secret_and_the_public_ones_are_not() -> None:
    assert sorted(PROVIDER.secret_outputs(KEY.type)) == ["privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8"]


@pytest.mark.parametrize(
    ("inputs", "property", "reason"),
    [
        ({}, "algorithm", "Missing required argument: 'algorithm'"),
        (
            {"algorithm": "DSA"},
            "algorithm",
            'Attribute algorithm value must be one of: ["RSA" "ECDSA" "ED25519"], got: "DSA"',
        ),
        (
            {"algorithm": "ECDSA", "ecdsaCurve": "P1"},
            "ecdsaCurve",
            'Attribute ecdsaCurve value must be one of: ["P224" "P256" "P384" "P521"], got: "P1"',
        ),
        (
            {"algorithm": "RSA", "rsaBits": 512},
            "rsaBits",
            "crypto/rsa: 512-bit keys are insecure: write 1024 or more",
        ),
        ({"algorithm": "RSA", "rsaBit": 512}, "rsaBit", "unknown property 'rsaBit'; did you mean 'rsaBits'?"),
    ],
)
def test_wrong_inputs_are_refused_by_name(inputs: dict[str, Any], property: str, reason: str) -> None:
    assert PROVIDER.check(KEY, None, inputs, b"").failures == [CheckFailure(property, reason)]


@pytest.mark.parametrize(
    ("new", "replaces"),
    [
        ({"algorithm": "RSA", "rsaBits": 4096}, ["rsaBits"]),
        ({"algorithm": "ED25519"}, ["algorithm"]),
        ({"algorithm": "RSA", "rsaBits": 2048}, []),
    ],
)
def test_a_change_of_an_input_replaces_and_a_default_written_out_does_not(
    new: dict[str, Any], replaces: list[str]
) -> None:
    result = PROVIDER.diff(KEY, "id", {"algorithm": "RSA"}, {}, new)
    assert result == DiffResult(dict.fromkeys(replaces, "update"), replaces)


def test_a_key_cannot_be_imported() -> None:
    with pytest.raises(ProviderError, match="tls:index/privateKey:PrivateKey does not support import"):
        PROVIDER.read(KEY, "id", None, None)
