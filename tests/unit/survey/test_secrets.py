"""Secrets that exist already are there and hold what they must, and no message shows what that is."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from settings.pem import wrong_authorities
from survey.platform import survey_platform

from .conftest import APPS, CORE, FakeApi, named
from .test_platform import refused, settings

PEM = "-----BEGIN RSA PRIVATE KEY-----\nk\n-----END RSA PRIVATE KEY-----\n"
PUBLIC = "-----BEGIN PUBLIC KEY-----\np\n-----END PUBLIC KEY-----\n"


def secret(name: str, **values: str) -> dict[str, object]:
    return named(name, data={key: base64.b64encode(value.encode()).decode() for key, value in values.items()})


def test_secrets_that_hold_token_and_key_are_accepted(platform: FakeApi) -> None:
    platform.lists[f"{CORE}/secrets"] += [secret("ours", **{"token": "t0ken", "oidc.pem": PEM + PUBLIC})]
    survey_platform(platform.access, settings(existingTokenSecret="ours", existingOidcSecret="ours"))


def test_a_secret_that_is_missing_is_refused_with_those_that_there_are(platform: FakeApi) -> None:
    assert refused(platform.access, settings(existingTokenSecret="ours")) == [
        (
            'seqera-studios:existingTokenSecret: "ours" is not a Secret in namespace platform-stage; '
            "there are cr.seqera.io, tower-secrets: write the right one in existingTokenSecret"
        )
    ]


def test_a_secret_without_the_key_is_refused_with_the_keys_that_it_has(platform: FakeApi) -> None:
    platform.lists[f"{CORE}/secrets"] += [secret("ours", pem=PEM, pub=PUBLIC)]
    assert refused(platform.access, settings(existingOidcSecret="ours")) == [
        (
            'seqera-studios:existingOidcSecret: "ours" is a Secret without the key oidc.pem; it has pem, pub: '
            "add oidc.pem to it, or write the right key in existingOidcSecretKey"
        )
    ]


@pytest.mark.parametrize("token", ["", "t0ken\n", " t0ken"])
def test_a_token_that_would_not_be_the_same_everywhere_is_refused(platform: FakeApi, token: str) -> None:
    platform.lists[f"{CORE}/secrets"] += [secret("ours", token=token)]
    assert refused(platform.access, settings(existingTokenSecret="ours")) == [
        (
            'seqera-studios:existingTokenSecret: "ours" has a token that is empty, or begins or ends with a space or a '
            "line break; write it there without them"
        )
    ]


def test_a_key_that_is_not_text_is_refused(platform: FakeApi) -> None:
    encoded = base64.b64encode(b"\x30\x82\x04\xa4").decode()
    platform.lists[f"{CORE}/secrets"] += [named("ours", data={"oidc.pem": encoded})]
    assert refused(platform.access, settings(existingOidcSecret="ours")) == [
        (
            'seqera-studios:existingOidcSecret: "ours" has something at oidc.pem that is not text; write it as text, '
            "and a key in PEM"
        )
    ]


def test_token_and_key_are_found_under_the_names_that_a_chart_gives_them(platform: FakeApi) -> None:
    platform.lists[f"{CORE}/secrets"] += [
        secret("acme-platform-backend", **{"OIDC_CLIENT_REGISTRATION_TOKEN": "t0ken", "key.pem": PEM})
    ]
    survey_platform(
        platform.access,
        settings(
            existingTokenSecret="acme-platform-backend",
            existingTokenSecretKey="OIDC_CLIENT_REGISTRATION_TOKEN",
            existingOidcSecret="acme-platform-backend",
            existingOidcSecretKey="key.pem",
        ),
    )
    assert refused(platform.access, settings(existingTokenSecret="acme-platform-backend")) == [
        (
            'seqera-studios:existingTokenSecret: "acme-platform-backend" is a Secret without the key token; it has '
            "OIDC_CLIENT_REGISTRATION_TOKEN, key.pem: add token to it, or write the right key in existingTokenSecretKey"
        )
    ]


def rsa_refused(platform: FakeApi, pem: str) -> list[str]:
    """What is said of a Secret with this key, without what all of it begins with."""
    platform.lists[f"{CORE}/secrets"] += [secret("ours", **{"oidc.pem": pem})]
    begin = 'seqera-studios:existingOidcSecret: "ours" must be '
    problems = refused(platform.access, settings(existingOidcSecret="ours"))
    assert all(each.startswith(begin) and each.endswith(", at oidc.pem") for each in problems)
    return [each.removeprefix(begin).removesuffix(", at oidc.pem") for each in problems]


@pytest.mark.parametrize("pem", [PUBLIC, PUBLIC + PEM, "x"])
def test_a_pem_without_a_private_key_on_top_is_refused(platform: FakeApi, pem: str) -> None:
    assert rsa_refused(platform, pem) == ["a private key in PEM, with its public key beneath or without one"]


OPENSSL, PKCS8 = PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8


def written(key: Any, form: PrivateFormat, passphrase: bytes | None = None) -> str:
    encryption = NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase)
    pem: bytes = key.private_bytes(Encoding.PEM, form, encryption)
    return pem.decode()


def beneath(key: Any) -> str:
    pem: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem.decode()


def authority() -> str:
    """A certificate of an authority that ends at some time."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "acme")])
    begin = datetime(2026, 1, 1, tzinfo=timezone.utc)
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key(), serial_number=1)
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=365))
        .sign(key, SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()


CA = authority()
RSA, ANOTHER = (rsa.generate_private_key(65537, 2048) for _ in range(2))


@pytest.mark.parametrize("form", [OPENSSL, PKCS8])
@pytest.mark.parametrize("more", ["", beneath(RSA), f"\n{beneath(RSA)}\n"])
def test_an_rsa_key_is_accepted_in_both_forms_that_openssl_writes(
    platform: FakeApi, form: PrivateFormat, more: str
) -> None:
    platform.lists[f"{CORE}/secrets"] += [secret("ours", **{"oidc.pem": written(RSA, form) + more})]
    survey_platform(platform.access, settings(existingOidcSecret="ours"))


@pytest.mark.parametrize("form", [OPENSSL, PKCS8])
def test_a_key_with_a_passphrase_is_refused(platform: FakeApi, form: PrivateFormat) -> None:
    assert rsa_refused(platform, written(RSA, form, b"secret")) == [
        "a private key without a passphrase; write it without one: `openssl rsa -in KEY`"
    ]


@pytest.mark.parametrize(
    "pem",
    [
        written(ec.generate_private_key(ec.SECP256R1()), OPENSSL),
        written(ec.generate_private_key(ec.SECP256R1()), PKCS8),
        written(ed25519.Ed25519PrivateKey.generate(), PKCS8),
        written(ed25519.Ed25519PrivateKey.generate(), PrivateFormat.OpenSSH),
    ],
    ids=["EC", "EC in PKCS#8", "Ed25519", "Ed25519 of OpenSSH"],
)
def test_a_key_of_another_kind_than_rsa_is_refused(platform: FakeApi, pem: str) -> None:
    assert rsa_refused(platform, pem) == ["an RSA key, for example one of `openssl genrsa 2048`"]


def test_the_public_key_of_another_key_is_refused(platform: FakeApi) -> None:
    assert rsa_refused(platform, written(RSA, OPENSSL) + beneath(ANOTHER)) == [
        "a private key with its own public key beneath, and not that of another; leave that away"
    ]


def test_a_platform_that_reads_the_existing_token_already_is_no_conflict(platform: FakeApi) -> None:
    platform.lists[f"{CORE}/secrets"] += [secret("ours", token="t0ken")]
    for deployment in platform.lists[f"{APPS}/deployments"][:2]:
        deployment["spec"]["template"]["spec"]["containers"][0]["env"] = [
            {
                "name": "TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN",
                "valueFrom": {"secretKeyRef": {"name": "ours", "key": "token"}},
            }
        ]
    survey_platform(platform.access, settings(existingTokenSecret="ours"))
    (first, _) = refused(platform.access, settings())
    assert first.startswith("seqera-studios:tokenSecret: Deployment/cron has ")


def test_the_secrets_and_the_config_map_that_pods_mount_have_to_be_there(platform: FakeApi) -> None:
    changed = settings(
        redisTls=True,
        redisPasswordSecret={"name": "redis", "key": "password"},
        redisCaSecret="redis-ca",
        caCertificate="acme-ca",
    )
    platform.lists[f"{CORE}/secrets"] += [secret("redis", token="x")]
    there = ", ".join(sorted(each["metadata"]["name"] for each in platform.lists[f"{CORE}/configmaps"]))
    assert refused(platform.access, changed) == [
        (
            'seqera-studios:redisPasswordSecret: "redis" is a Secret without the key password; it has token: '
            "add password to it"
        ),
        (
            'seqera-studios:redisCaSecret: "redis-ca" is not a Secret in namespace platform-stage; '
            "there are cr.seqera.io, redis, tower-secrets: write the right one in redisCaSecret"
        ),
        (
            'seqera-studios:caCertificate: "acme-ca" is not a ConfigMap in namespace platform-stage; there are '
            f"{there}: write the right one in caCertificate"
        ),
    ]
    platform.lists[f"{CORE}/secrets"] += [secret("redis-ca", **{"ca.crt": CA}), secret("acme", **{"root.pem": CA})]
    platform.lists[f"{CORE}/configmaps"] += [named("acme-ca", data={"root.pem": "x"})]
    password = {"name": "redis", "key": "token"}
    assert refused(platform.access, changed.model_copy(update={"redis_password_secret": None})) == [
        (
            'seqera-studios:caCertificate: "acme-ca" is a ConfigMap without the key ca.crt; it has root.pem: write the '
            "right one"
        )
    ]
    in_secret = {"secret": "acme", "key": "root.pem"}
    right = settings(redisTls=True, redisPasswordSecret=password, redisCaSecret="redis-ca", caCertificate=in_secret)
    survey_platform(platform.access, right)


def test_a_key_that_has_lost_its_line_breaks_is_refused(platform: FakeApi) -> None:
    for pem in (written(RSA, OPENSSL).replace("\n", " "), written(RSA, PKCS8).replace("\n", "\\n")):
        platform.lists[f"{CORE}/secrets"] = [each for each in platform.lists[f"{CORE}/secrets"] if "data" not in each]
        assert rsa_refused(platform, pem) == [
            "a private key in PEM with its line breaks, as in the file that `openssl genrsa` writes"
        ]


NO_CERTIFICATES = (
    "must hold certificates of authorities in PEM, with the line breaks that `openssl x509` writes, at ca.crt"
)
NO_KEY = "must hold certificates of authorities, and no private key; take that out, at ca.crt"
BROKEN = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        *((text, NO_CERTIFICATES) for text in ("", "hello", BROKEN, CA + BROKEN, CA.replace("\n", " "), CA[:-30])),
        *((text, NO_KEY) for text in (written(RSA, PKCS8), CA + written(RSA, OPENSSL))),
    ],
)
def test_what_is_not_a_file_of_authorities_is_refused_and_not_shown(platform: FakeApi, text: str, said: str) -> None:
    platform.lists[f"{CORE}/secrets"] += [secret("redis-ca", **{"ca.crt": text})]
    platform.lists[f"{CORE}/configmaps"] += [named("acme-ca", data={"ca.crt": text})]
    assert refused(platform.access, settings(redisTls=True, redisCaSecret="redis-ca", caCertificate="acme-ca")) == [
        f'seqera-studios:redisCaSecret: "redis-ca" {said}',
        f'seqera-studios:caCertificate: "acme-ca" {said}',
    ]
    in_secret = {"secret": "redis-ca", "key": "ca.crt"}
    assert refused(platform.access, settings(caCertificate=in_secret)) == [
        f'seqera-studios:caCertificate: "redis-ca" {said}'
    ]


def test_a_file_of_authorities_may_have_several_comments_and_line_breaks_of_windows() -> None:
    for text in (CA + CA, f"# acme\n{CA}\n subject=acme\n{CA}", CA.replace("\n", "\r\n"), CA.rstrip("\n")):
        assert wrong_authorities(text) is None
