"""An existing certificate is looked at before anything is made for it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import boto3
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from moto import mock_aws

from settings.errors import SettingsError
from settings.parsing import parse_settings
from survey.aws import AwsAccess, AwsAccount
from survey.certificate import survey_certificate

UNKNOWN = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield


def certificate(*names: str) -> str:
    """Imports a certificate for these names: one that is imported is issued at once."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.datetime.now(datetime.timezone.utc)
    issued = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    acm = boto3.client("acm", region_name="us-east-1")
    return str(acm.import_certificate(Certificate=issued.public_bytes(pem), PrivateKey=private)["CertificateArn"])


def check(arn: str, region: str = "us-east-1", **changes: object) -> None:
    values = {
        "platformUrl": "https://example.com",
        "platformVersion": "25.3",
        "namespace": "platform-stage",
        "redisAddress": "redis",
        "hostedZone": "example.com",
        "certificateArn": arn,
    }
    survey_certificate(AwsAccount(AwsAccess(region=region)), parse_settings({**values, **changes}))


def message(arn: str, region: str = "us-east-1", **changes: object) -> str:
    with pytest.raises(SettingsError) as caught:
        check(arn, region, **changes)
    return caught.value.text.replace(arn, "ARN")


def test_a_certificate_for_the_host_and_its_subdomains_is_accepted() -> None:
    check(certificate("example.com", "*.example.com"))


def test_a_certificate_without_the_wildcard_is_refused() -> None:
    assert message(certificate("example.com", "connect.example.com")) == (
        'seqera-studios:certificateArn: "ARN" covers example.com, connect.example.com, but not *.example.com; '
        "write one that does"
    )


def test_with_path_routing_the_connect_host_is_enough() -> None:
    check(certificate("example.com", "connect.example.com"), pathRouting=True)


def test_a_wildcard_of_a_higher_domain_covers_one_label_only() -> None:
    assert "covers *.com, but not *.example.com" in message(certificate("*.com"))


def test_a_certificate_of_another_region_is_refused() -> None:
    assert message(UNKNOWN, "eu-west-1") == (
        'seqera-studios:certificateArn: "ARN" is in us-east-1, and the load balancer in eu-west-1; '
        "write one of eu-west-1"
    )


def test_a_certificate_that_does_not_exist_is_refused() -> None:
    assert message(UNKNOWN) == (
        'seqera-studios:certificateArn: "ARN" is not a certificate of account 123456789012; write the ARN of one'
    )


def test_a_certificate_that_waits_for_its_validation_is_refused() -> None:
    acm = boto3.client("acm", region_name="us-east-1")
    arn = acm.request_certificate(DomainName="example.com", ValidationMethod="DNS")["CertificateArn"]
    assert message(arn) == ('seqera-studios:certificateArn: "ARN" is PENDING_VALIDATION; write one that is ISSUED')
