"""``aws:acm``: certificates, and the wait for their validation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timezone
from typing import Any, ClassVar, Final
from uuid import uuid4

from testbed.plugins.aws.calls import from_tags, properties
from testbed.plugins.aws.schema import Argument, Arguments, ResourceType
from testbed.plugins.aws.session import Aws, go_duration
from testbed.plugins.provider import Properties, ProviderError, has_unknowns

_MINUTE: Final = 60
#: How long a certificate may stay in use after the listener that served it is gone.
_IN_USE_TIMEOUT: Final = 20 * _MINUTE
_ISSUE_TIMEOUT: Final = 75 * _MINUTE
#: ACM answers a request before it knows the validation records.
_OPTIONS_TIMEOUT: Final = 5 * _MINUTE


class _OfCertificates(ResourceType):
    service = "acm"
    gone = ("ResourceNotFoundException",)


class Certificate(_OfCertificates):
    """A requested certificate; importing one into ACM is not among what the testbed needs."""

    qualified_name = "aws:acm/certificate:Certificate"
    title = "ACM Certificate"
    labelled_by = "domainName"
    arguments: ClassVar[Arguments] = {
        "domainName": Argument("string", required=True, replaces=True, same=lambda name: name.rstrip(".")),
        "subjectAlternativeNames": Argument("list", replaces=True, computed=True, unordered=True),
        "validationMethod": Argument("string", replaces=True, computed=True),
        "keyAlgorithm": Argument("string", replaces=True, computed=True),
    }
    attributes = frozenset({"arn", "domainValidationOptions", "notAfter", "notBefore", "status", "type"})
    tagged_by = ("add_tags_to_certificate", "remove_tags_from_certificate", "CertificateArn")

    def comparable(self, inputs: Properties) -> Properties:
        """ACM adds the domain name to the alternative names."""
        names, domain = inputs.get("subjectAlternativeNames"), inputs.get("domainName")
        if not isinstance(names, list) or has_unknowns([names, domain]) or domain in names:
            return inputs
        return {**inputs, "subjectAlternativeNames": [*names, domain]}

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """Requests it and waits until ACM knows the validation records."""
        # boto3 counts characters: 32 at most.
        arn = str(aws.call("request_certificate", inputs, IdempotencyToken=uuid4().hex)["CertificateArn"])
        aws.wait_for(
            lambda: _has_options(_describe(aws, arn)),
            _OPTIONS_TIMEOUT,
            lambda: f"waiting for ACM Certificate ({arn}) to be issued: timeout while waiting for validation options",
        )
        return arn

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """As ACM describes it."""
        found = _describe(aws, id)
        if found["Status"] == "VALIDATION_TIMED_OUT":
            return None
        options = found.get("DomainValidationOptions") or []
        return {
            **properties(found),
            "arn": id,
            "validationMethod": next((option["ValidationMethod"] for option in options), "NONE"),
            # ACM says RSA-2048 in some answers where it takes RSA_2048.
            "keyAlgorithm": str(found.get("KeyAlgorithm", "")).replace("-", "_"),
            "domainValidationOptions": [_validation(option) for option in options if "ResourceRecord" in option],
            "tagsAll": from_tags(aws.call("list_tags_for_certificate", CertificateArn=id)["Tags"]),
        }

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """Insists for a while: a load balancer gives a certificate back late."""
        aws.insist(
            lambda: aws.call("delete_certificate", CertificateArn=id),
            {"ResourceInUseException"},
            timeout or _IN_USE_TIMEOUT,
        )


class CertificateValidation(_OfCertificates):
    """Not a thing in AWS: the moment at which a certificate is issued."""

    qualified_name = "aws:acm/certificateValidation:CertificateValidation"
    title = "ACM Certificate Validation"
    labelled_by = "certificateArn"
    arguments: ClassVar[Arguments] = {
        "certificateArn": Argument("string", required=True, replaces=True),
        "validationRecordFqdns": Argument("list", replaces=True, local=True, unordered=True),
    }

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """Waits until the certificate is issued; the id is when that was."""
        arn = inputs["certificateArn"]
        found = _describe(aws, arn)
        if found["Type"] != "AMAZON_ISSUED":
            raise ProviderError(f"ACM Certificate ({arn}) has type {found['Type']}, no validation necessary")
        if inputs.get("validationRecordFqdns"):
            _require_records(found, inputs["validationRecordFqdns"])
        issued = _wait_until_issued(aws, arn, timeout or _ISSUE_TIMEOUT)
        return str(issued["IssuedAt"].astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S +0000 UTC"))

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """There as long as the certificate is issued."""
        arn = state.get("certificateArn")
        return {"certificateArn": arn} if arn and _describe(aws, arn)["Status"] == "ISSUED" else None

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """Nothing: an issued certificate can't be made unissued."""


def _describe(aws: Aws, arn: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.call("describe_certificate", CertificateArn=arn)["Certificate"]
    return found


def _has_options(found: Mapping[str, Any]) -> bool | None:
    options = found.get("DomainValidationOptions") or []
    if found["Type"] != "AMAZON_ISSUED" or found["Status"] in ("ISSUED", "FAILED"):
        return True
    return True if options and all("ResourceRecord" in o or "ValidationEmails" in o for o in options) else None


def _validation(option: Mapping[str, Any]) -> dict[str, str]:
    return {
        "domainName": option["DomainName"],
        **{f"resourceRecord{name}": value for name, value in option["ResourceRecord"].items()},
    }


def _require_records(found: Mapping[str, Any], fqdns: list[str]) -> None:
    given = {fqdn.rstrip(".") for fqdn in fqdns}
    missing = []
    for option in found.get("DomainValidationOptions") or []:
        if option.get("ValidationMethod") != "DNS":
            raise ProviderError("validationRecordFqdns is not valid for ACM Certificate validation without DNS")
        name = option["ResourceRecord"]["Name"].rstrip(".")
        if name not in given:
            missing.append(f"missing {option['DomainName']} DNS validation record: {name}")
    if missing:
        raise ProviderError("; ".join(sorted(missing)))


def _wait_until_issued(aws: Aws, arn: str, timeout: float) -> dict[str, Any]:
    last = "PENDING_VALIDATION"

    def look() -> dict[str, Any] | None:
        nonlocal last
        found = _describe(aws, arn)
        last = found["Status"]
        if last not in ("ISSUED", "PENDING_VALIDATION"):
            raise ProviderError(
                f"waiting for ACM Certificate ({arn}) to be issued: unexpected state '{last}', wanted target 'ISSUED'. "
                f"last error: {found.get('FailureReason', '')}"
            )
        return found if last == "ISSUED" else None

    return aws.wait_for(
        look,
        timeout,
        lambda: (
            f"waiting for ACM Certificate ({arn}) to be issued: timeout while waiting for state to become 'ISSUED' "
            f"(last state: '{last}', timeout: {go_duration(timeout)})"
        ),
    )
