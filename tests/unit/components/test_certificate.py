import pytest
from pulumi_aws import acm

from components.certificate import (
    WildcardCertificate,
    WildcardCertificateArgs,
    never_issued,
    not_yet_issued,
    validation_option,
)
from tests.unit.components.mocks import CERTIFICATE, Recording, run


def certificate(**changes: object) -> Recording:
    values: dict[str, object] = {"host": "example.com", "connect_host": "connect.example.com", "zone_id": "Z1"}
    args = WildcardCertificateArgs(**(values | changes))  # type: ignore[arg-type]

    def program() -> None:
        WildcardCertificate("certificate", args)

    return run(program)


def option(record: str) -> acm.outputs.CertificateDomainValidationOption:
    return acm.outputs.CertificateDomainValidationOption(
        resource_record_name=record, resource_record_type="CNAME", resource_record_value="_x.acm-validations.aws."
    )


def test_the_certificate_is_for_the_host_and_its_wildcard_and_says_whose_it_is() -> None:
    assert certificate()["certificate-certificate"].inputs == {
        "domainName": "example.com",
        "subjectAlternativeNames": ["*.example.com"],
        "validationMethod": "DNS",
        "tags": {"pulumi:project": "studios", "pulumi:stack": "test"},
    }


def test_host_and_wildcard_share_one_validation_record() -> None:
    recording = certificate()
    assert recording.parents == {
        "certificate": "",
        "certificate-certificate": "certificate",
        "certificate-validation-apex": "certificate",
        "certificate-issued": "certificate",
    }
    assert recording["certificate-validation-apex"].inputs == {
        "zoneId": "Z1",
        "name": "_abc.example.com.",
        "type": "CNAME",
        "records": ["_def.example.com.acm-validations.aws."],
        "ttl": 300,
        "allowOverwrite": True,
    }


def test_the_record_that_platforms_own_certificate_may_need_outlives_the_stack() -> None:
    recording = certificate(path_routing=True)
    retained = {name for name, asked in recording.resources.items() if asked.retain_on_delete}
    assert retained == {"certificate-validation-apex"}
    assert recording["certificate-validation-connect"].inputs["allowOverwrite"] is False


def test_the_output_is_known_once_the_certificate_is_issued() -> None:
    recording = certificate()
    assert recording["certificate-issued"].type == "aws:acm/certificateValidation:CertificateValidation"
    assert recording["certificate-issued"].inputs == {
        "certificateArn": CERTIFICATE,
        "validationRecordFqdns": ["_abc.example.com."],
    }
    assert recording["certificate"].outputs == {"certificate_arn": CERTIFICATE}


def test_acm_has_the_time_that_was_given_and_then_the_user_reads_what_it_waits_for() -> None:
    issued = certificate(issue_seconds=90)["certificate-issued"]
    assert issued.timeouts == {"create": "90s"}
    assert issued.on_error == ["certificate-issued-explained"]


def test_a_certificate_that_is_not_issued_yet_is_named_with_its_records() -> None:
    text = not_yet_issued(CERTIFICATE, [option("_a.example.com."), option("_b.connect.example.com.")], 90)
    assert text.startswith(f"ACM has not validated the certificate {CERTIFICATE} within 90 seconds.")
    assert "\n  _a.example.com. CNAME _x.acm-validations.aws.\n  _b.connect.example.com. CNAME" in text
    assert "dig +short _a.example.com. CNAME" in text
    assert text.endswith("Then run pulumi up again: it goes on where it stopped")


def test_a_certificate_that_acm_has_given_up_is_to_be_replaced() -> None:
    text = never_issued(CERTIFICATE, "urn:made")
    assert f"aws acm describe-certificate --certificate-arn {CERTIFICATE} " in text
    assert text.endswith("pulumi up --replace 'urn:made'")


def test_with_path_routing_there_is_no_wildcard_and_each_host_has_its_record() -> None:
    recording = certificate(path_routing=True)
    assert recording["certificate-certificate"].inputs["subjectAlternativeNames"] == ["connect.example.com"]
    records = {
        name: asked.inputs["name"]
        for name, asked in recording.resources.items()
        if asked.type == "aws:route53/record:Record"
    }
    assert records == {
        "certificate-validation-apex": "_abc.example.com.",
        "certificate-validation-connect": "_abc.connect.example.com.",
    }
    assert recording["certificate-issued"].inputs["validationRecordFqdns"] == [
        "_abc.example.com.",
        "_abc.connect.example.com.",
    ]


def test_an_existing_certificate_is_used_and_nothing_is_made() -> None:
    recording = certificate(certificate_arn="arn:aws:acm:us-east-1:123456789012:certificate/old", zone_id=None)
    assert recording.types == {"certificate": "studios:index:WildcardCertificate"}
    assert recording["certificate"].outputs == {"certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/old"}


def test_a_certificate_without_a_zone_to_validate_it_in_is_refused() -> None:
    with pytest.raises(ValueError, match="needs zone_id or certificate_arn"):
        certificate(zone_id=None)


def test_a_domain_that_acm_does_not_list_is_named_in_the_error() -> None:
    with pytest.raises(ValueError, match=r"no validation record for example\.com; it lists none"):
        validation_option([], "example.com")
