"""``aws:acm``: certificates, and the wait for their validation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any, ClassVar, Final
from uuid import uuid4

from botocore.exceptions import ClientError

from testbed.plugins.aws import tagging
from testbed.plugins.aws.errors import code_of
from testbed.plugins.aws.schema import Argument, Arguments, ResourceType
from testbed.plugins.aws.session import Aws, go_duration
from testbed.plugins.provider import CheckFailure, Properties, ProviderError, has_unknowns

_MINUTE: Final = 60
#: How long a certificate may stay in use after the listener that served it is gone.
_IN_USE_TIMEOUT: Final = 20 * _MINUTE
_ISSUE_TIMEOUT: Final = 75 * _MINUTE
#: ACM answers a request before it knows the validation records.
_OPTIONS_TIMEOUT: Final = 5 * _MINUTE

#: ACM says RSA-2048 in some answers where it takes RSA_2048.
_KEY_ALGORITHMS: Final = (
    "RSA_1024",
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "EC_prime256v1",
    "EC_secp384r1",
    "EC_secp521r1",
)


def find_certificate(aws: Aws, arn: str) -> dict[str, Any] | None:
    """What ACM says of the certificate; None if there is none."""
    try:
        found: dict[str, Any] = aws.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            return None
        raise
    return found


class Certificate(ResourceType):
    """A requested certificate; importing one into ACM is not among what the testbed needs."""

    qualified_name = "aws:acm/certificate:Certificate"
    title = "ACM Certificate"
    arguments: ClassVar[Arguments] = {
        "domainName": Argument("string", required=True, replaces=True, same=lambda name: name.rstrip(".")),
        "subjectAlternativeNames": Argument("list", replaces=True, computed=True, unordered=True),
        "validationMethod": Argument("string", replaces=True, computed=True),
        "keyAlgorithm": Argument("string", replaces=True, computed=True),
        "certificateAuthorityArn": Argument("string", replaces=True),
        "options": Argument(
            "object",
            computed=True,
            fields={
                "certificateTransparencyLoggingPreference": Argument("string", computed=True),
                "export": Argument("string", computed=True, replaces=True),
            },
        ),
        "validationOptions": Argument(
            "list",
            replaces=True,
            local=True,
            fields={
                "domainName": Argument("string", required=True),
                "validationDomain": Argument("string", required=True),
            },
        ),
    }
    attributes = frozenset(
        {
            "arn",
            "domainValidationOptions",
            "notAfter",
            "notBefore",
            "pendingRenewal",
            "renewalEligibility",
            "renewalSummaries",
            "status",
            "type",
            "validationEmails",
        }
    )
    missing = frozenset(
        {
            "certificateBody",
            "certificateChain",
            "earlyRenewalDuration",
            "privateKey",
            "privateKeyWo",
            "privateKeyWoVersion",
        }
    )
    secrets = ("privateKey", "privateKeyWo")
    tagged = True

    def check(self, inputs: Properties) -> Iterator[CheckFailure]:
        """The enumerations of ACM."""
        yield from _one_of(inputs, "keyAlgorithm", _KEY_ALGORITHMS)
        yield from _one_of(inputs, "validationMethod", ("DNS", "EMAIL", "HTTP"))

    def label(self, inputs: Properties) -> str:
        """The first name."""
        return str(inputs["domainName"])

    def comparable(self, inputs: Properties) -> Properties:
        """ACM adds the domain name to the alternative names."""
        names, domain = inputs.get("subjectAlternativeNames"), inputs.get("domainName")
        if not isinstance(names, list) or has_unknowns([names, domain]) or domain in names:
            return inputs
        return {**inputs, "subjectAlternativeNames": [*names, domain]}

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """Requests it and waits until ACM knows the validation records."""
        options = inputs.get("options") or {}
        wanted = {
            "DomainName": inputs["domainName"],
            # boto3 counts characters: 32 at most.
            "IdempotencyToken": uuid4().hex,
            "SubjectAlternativeNames": inputs.get("subjectAlternativeNames"),
            "ValidationMethod": inputs.get("validationMethod"),
            "KeyAlgorithm": inputs.get("keyAlgorithm"),
            "CertificateAuthorityArn": inputs.get("certificateAuthorityArn"),
            "Options": {
                name: options.get(key)
                for name, key in (
                    ("CertificateTransparencyLoggingPreference", "certificateTransparencyLoggingPreference"),
                    ("Export", "export"),
                )
                if options.get(key)
            },
            "DomainValidationOptions": [
                {"DomainName": option["domainName"], "ValidationDomain": option["validationDomain"]}
                for option in inputs.get("validationOptions") or []
            ],
            "Tags": tagging.to_list(inputs.get("tagsAll")),
        }
        answer = aws.client("acm").request_certificate(**{key: value for key, value in wanted.items() if value})
        arn = str(answer["CertificateArn"])
        aws.wait_for(
            lambda: _has_options(find_certificate(aws, arn)),
            _OPTIONS_TIMEOUT,
            lambda: f"waiting for ACM Certificate ({arn}) to be issued: timeout while waiting for validation options",
        )
        return arn

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """As ACM describes it."""
        found = find_certificate(aws, id)
        if found is None or found["Status"] == "VALIDATION_TIMED_OUT":
            return None
        options = found.get("DomainValidationOptions") or []
        tags = aws.client("acm").list_tags_for_certificate(CertificateArn=id)["Tags"]
        chosen = found.get("Options") or {}
        return {
            "arn": id,
            "certificateAuthorityArn": found.get("CertificateAuthorityArn"),
            "domainName": found["DomainName"],
            "subjectAlternativeNames": found.get("SubjectAlternativeNames") or [],
            "validationMethod": next((option["ValidationMethod"] for option in options), "NONE"),
            "keyAlgorithm": str(found.get("KeyAlgorithm", "")).replace("-", "_"),
            "options": {
                "certificateTransparencyLoggingPreference": chosen.get("CertificateTransparencyLoggingPreference"),
                "export": chosen.get("Export"),
            },
            "domainValidationOptions": [_validation(option) for option in options if "ResourceRecord" in option],
            "validationEmails": [email for option in options for email in option.get("ValidationEmails") or []],
            "notAfter": _rfc3339(found.get("NotAfter")),
            "notBefore": _rfc3339(found.get("NotBefore")),
            "pendingRenewal": False,
            "renewalEligibility": found.get("RenewalEligibility", ""),
            "renewalSummaries": [],
            "status": found["Status"],
            "type": found["Type"],
            "tagsAll": tagging.to_dict(tags),
        }

    def update(self, aws: Aws, id: str, old: Properties, new: Properties, timeout: float) -> None:
        """Only the preference for transparency logs can change."""
        preference = (new.get("options") or {}).get("certificateTransparencyLoggingPreference")
        if preference and preference != (old.get("options") or {}).get("certificateTransparencyLoggingPreference"):
            aws.client("acm").update_certificate_options(
                CertificateArn=id, Options={"CertificateTransparencyLoggingPreference": preference}
            )

    def tag(self, aws: Aws, id: str, put: Mapping[str, str], drop: list[str]) -> None:
        """ACM takes the tags to remove as key and value, or only by key."""
        if drop:
            aws.client("acm").remove_tags_from_certificate(CertificateArn=id, Tags=[{"Key": key} for key in drop])
        if put:
            aws.client("acm").add_tags_to_certificate(CertificateArn=id, Tags=tagging.to_list(put))

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """Insists for a while: a load balancer gives a certificate back late."""
        try:
            aws.insist(
                lambda: aws.client("acm").delete_certificate(CertificateArn=id),
                {"ResourceInUseException"},
                timeout or _IN_USE_TIMEOUT,
            )
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise


class CertificateValidation(ResourceType):
    """Not a thing in AWS: the moment at which a certificate is issued."""

    qualified_name = "aws:acm/certificateValidation:CertificateValidation"
    title = "ACM Certificate Validation"
    arguments: ClassVar[Arguments] = {
        "certificateArn": Argument("string", required=True, replaces=True),
        "validationRecordFqdns": Argument("list", replaces=True, local=True, unordered=True),
    }

    def label(self, inputs: Properties) -> str:
        """Its certificate."""
        return str(inputs["certificateArn"])

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """Waits until the certificate is issued; the id is when that was."""
        arn = inputs["certificateArn"]
        found = find_certificate(aws, arn)
        if found is None:
            raise ProviderError(f"reading ACM Certificate ({arn}): couldn't find resource")
        if found["Type"] != "AMAZON_ISSUED":
            raise ProviderError(f"ACM Certificate ({arn}) has type {found['Type']}, no validation necessary")
        if inputs.get("validationRecordFqdns"):
            _require_records(found, inputs["validationRecordFqdns"])
        issued = _wait_until_issued(aws, arn, timeout or _ISSUE_TIMEOUT)
        return str(issued["IssuedAt"].astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S +0000 UTC"))

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """There as long as the certificate is issued."""
        arn = str(state.get("certificateArn", ""))
        found = find_certificate(aws, arn) if arn else None
        if found is None or found["Status"] != "ISSUED":
            return None
        return {"certificateArn": arn}

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """Nothing: an issued certificate can't be made unissued."""


def _has_options(found: Mapping[str, Any] | None) -> bool | None:
    if found is None:
        return None
    options = found.get("DomainValidationOptions") or []
    if found["Type"] != "AMAZON_ISSUED" or found["Status"] in ("ISSUED", "FAILED"):
        return True
    return True if options and all("ResourceRecord" in o or "ValidationEmails" in o for o in options) else None


def _validation(option: Mapping[str, Any]) -> dict[str, str]:
    record = option["ResourceRecord"]
    return {
        "domainName": option["DomainName"],
        "resourceRecordName": record["Name"],
        "resourceRecordType": record["Type"],
        "resourceRecordValue": record["Value"],
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
        found = find_certificate(aws, arn)
        last = found["Status"] if found else "not found"
        if found and last == "ISSUED":
            return found
        if last != "PENDING_VALIDATION":
            reason = (found or {}).get("FailureReason", "")
            raise ProviderError(
                f"waiting for ACM Certificate ({arn}) to be issued: unexpected state '{last}', wanted target 'ISSUED'. "
                f"last error: {reason}"
            )
        return None

    return aws.wait_for(
        look,
        timeout,
        lambda: (
            f"waiting for ACM Certificate ({arn}) to be issued: timeout while waiting for state to become 'ISSUED' "
            f"(last state: '{last}', timeout: {go_duration(timeout)})"
        ),
    )


def _rfc3339(moment: datetime | None) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""


def _one_of(inputs: Properties, key: str, allowed: tuple[str, ...]) -> Iterator[CheckFailure]:
    value = inputs.get(key)
    if isinstance(value, str) and value not in allowed:
        yield CheckFailure(key, f"expected {key} to be one of {list(allowed)}, got {value}")
