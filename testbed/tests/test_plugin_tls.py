"""The contract of the tls provider's private keys, held by whatever serves it here."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

import grpc
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

from testbed.tests.served import ADDED, Served, plugin, wrong


@pytest.fixture(scope="module")
def key() -> Iterator[Served]:
    with plugin("tls") as stub:
        yield Served(stub, "tls:index/privateKey:PrivateKey")


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
    key: Served, inputs: dict[str, Any], first_line: str, last_line: str, kind: type
) -> None:
    own_id, outputs, _ = key.create(inputs)
    pem = outputs["privateKeyPem"]
    assert pem.startswith(f"{first_line}\n")
    assert pem.endswith(f"\n{last_line}\n")
    assert outputs["privateKeyPemPkcs8"].startswith("-----BEGIN PRIVATE KEY-----\n")
    assert outputs["privateKeyOpenssh"].startswith("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    assert outputs["publicKeyPem"].startswith("-----BEGIN PUBLIC KEY-----\n")
    assert outputs["publicKeyPem"].endswith("\n-----END PUBLIC KEY-----\n")
    assert outputs["publicKeyOpenssh"].endswith("\n")

    loaded = load_pem_private_key(pem.encode(), None)
    assert isinstance(loaded, kind)
    public = [
        each.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        for each in (
            loaded.public_key(),
            load_pem_private_key(outputs["privateKeyPemPkcs8"].encode(), None).public_key(),
            load_ssh_private_key(outputs["privateKeyOpenssh"].encode(), None).public_key(),
            load_pem_public_key(outputs["publicKeyPem"].encode()),
            load_ssh_public_key(outputs["publicKeyOpenssh"].encode()),
        )
    ]
    assert len(set(public)) == 1
    assert own_id == hashlib.sha1(public[0], usedforsecurity=False).hexdigest()


def test_fingerprints_are_those_of_the_ssh_form(key: Served) -> None:
    outputs = key.create({"algorithm": "ED25519"})[1]
    blob = base64.b64decode(outputs["publicKeyOpenssh"].split()[1])
    digits = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    assert outputs["publicKeyFingerprintMd5"].replace(":", "") == digits
    assert len(outputs["publicKeyFingerprintMd5"]) == 47
    sha256 = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    assert outputs["publicKeyFingerprintSha256"] == f"SHA256:{sha256}"


def test_an_rsa_key_has_2048_bits_unless_told_otherwise(key: Served) -> None:
    made = load_pem_private_key(key.create({"algorithm": "RSA"})[1]["privateKeyPem"].encode(), None)
    assert isinstance(made, rsa.RSAPrivateKey)
    assert made.key_size == 2048


def test_a_curve_that_ssh_does_not_know_has_no_ssh_forms(key: Served) -> None:
    outputs = key.create({"algorithm": "ECDSA"})[1]
    assert outputs["ecdsaCurve"] == "P224"
    ssh = ("privateKeyOpenssh", "publicKeyOpenssh", "publicKeyFingerprintMd5", "publicKeyFingerprintSha256")
    assert [outputs[name] for name in ssh] == [""] * 4


def test_the_private_forms_are_secret_and_the_public_ones_are_not(key: Served) -> None:
    secret = key.create({"algorithm": "RSA"})[2]
    assert {"privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8"} <= secret
    assert {"publicKeyOpenssh", "publicKeyPem"} & secret == set()


@pytest.mark.parametrize(
    ("inputs", "property", "reason"),
    [
        (
            {"algorithm": "DSA"},
            "algorithm",
            (
                'Invalid Attribute Value Match. Attribute algorithm value must be one of: ["RSA" "ECDSA" "ED25519"],'
                ' got: "DSA"'
            ),
        ),
        (
            {"algorithm": "ECDSA", "ecdsaCurve": "P1"},
            "ecdsaCurve",
            (
                "Invalid Attribute Value Match. Attribute ecdsa_curve value must be one of:"
                ' ["P224" "P256" "P384" "P521"], got: "P1"'
            ),
        ),
    ],
)
def test_wrong_inputs_are_refused_by_name(key: Served, inputs: dict[str, Any], property: str, reason: str) -> None:
    assert key.check(inputs)[1] == [wrong(property, reason)]


def test_a_missing_algorithm_is_refused_by_name(key: Served) -> None:
    (failure,) = key.check({})[1]
    assert failure.reason.startswith("Missing required property 'algorithm': ")


def test_an_rsa_key_of_too_few_bits_is_refused_when_it_is_made(key: Served) -> None:
    with pytest.raises(grpc.RpcError, match="crypto/rsa: 512-bit keys are insecure"):
        key.create({"algorithm": "RSA", "rsaBits": 512})


@pytest.mark.parametrize(
    ("new", "replaces"),
    [
        ({"algorithm": "RSA", "rsaBits": 4096}, ["rsaBits"]),
        ({"algorithm": "ED25519"}, ["algorithm"]),
        ({"algorithm": "RSA", "rsaBits": 2048}, []),
    ],
)
def test_a_change_of_an_input_replaces_and_a_default_written_out_does_not(
    key: Served, new: dict[str, Any], replaces: list[str]
) -> None:
    old = {"algorithm": "RSA"}
    own_id, outputs, _ = key.create(old)
    assert key.diff(own_id, outputs, old, new) == (bool(replaces), replaces)


@pytest.mark.parametrize("inputs", [{"algorithm": "RSA", "rsaBits": 2048}, {"algorithm": "ED25519"}])
def test_a_state_without_what_the_bridge_adds_stays_as_it_is(key: Served, inputs: dict[str, Any]) -> None:
    """As 1.0.0 left it on the stand-in that the testbed had then: ``tests/upgrade``."""
    own_id, outputs, _ = key.create(inputs)
    earlier = {name: value for name, value in outputs.items() if name not in ADDED}
    assert key.diff(own_id, earlier, inputs, inputs) == (False, [])
    _, read, _ = key.read(own_id, earlier, inputs)
    assert {name: read[name] for name in earlier} == earlier
    assert key.diff(own_id, read, inputs, inputs) == (False, [])


def test_a_key_cannot_be_imported(key: Served) -> None:
    with pytest.raises(grpc.RpcError, match="does not support import"):
        key.read("id", {}, {})
