"""ACM as AWS has it: a certificate is issued when its validation records exist, and not deleted while in use.

moto issues by the clock, takes any string for a domain name, and lets go of a certificate that listeners serve.
"""

from __future__ import annotations

import re
from typing import Any, Final

from moto.acm.exceptions import AWSError, AWSValidationException
from moto.acm.models import AWSCertificateManagerBackend, CertBundle
from moto.acm.responses import AWSCertificateManagerResponse
from moto.elbv2.models import elbv2_backends
from moto.route53.models import route53_backends

from testbed.emulator.route53 import canonical_name, find_record

#: As RequestCertificate documents it.
DOMAIN_PATTERN = r"(\*\.)?(((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9])\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])"
_DOMAIN = re.compile(DOMAIN_PATTERN)
_LONGEST_NAME = 253
#: The first name becomes the certificate's common name, for which X.509 has room for so many octets.
_LONGEST_FIRST_NAME = 64
#: What a certificate has only once it is issued.
_ISSUED_ONLY = ("IssuedAt", "Issuer", "NotAfter", "NotBefore", "Serial")


class ResourceInUseError(AWSError):  # type: ignore[misc]  # moto has no types
    """The words with which ACM refuses to delete a certificate."""

    TYPE = "ResourceInUseException"

    def __init__(self, arn: str, account_id: str) -> None:
        super().__init__(message=f"Certificate {arn} in account {account_id} is in use.")


def users_of(arn: str) -> list[str]:
    """The ARNs of the load balancers of which a listener serves the certificate, in order."""
    account_id, region = arn.split(":")[4], arn.split(":")[3]
    return sorted(
        {
            balancer.arn
            for balancer in elbv2_backends[account_id][region].load_balancers.values()
            for listener in balancer.listeners.values()
            if arn in listener.certificates
        }
    )


def _check(bundle: CertBundle) -> None:
    if bundle.type != "AMAZON_ISSUED" or bundle.status != "PENDING_VALIDATION":
        return
    options = _moto_describe(bundle)["Certificate"]["DomainValidationOptions"]
    if all(_validated(bundle, option) for option in options):
        bundle.status = "ISSUED"


def _validated(bundle: CertBundle, option: dict[str, Any]) -> bool:
    wanted = option["ResourceRecord"]
    # ACM asks the world's DNS: the zone may be in another account than the certificate.
    found = [find_record(each["aws"], wanted["Name"], wanted["Type"]) for each in list(route53_backends.values())]
    value = [canonical_name(wanted["Value"])]
    return any(record is not None and [canonical_name(each) for each in record.records] == value for record in found)


_moto_describe = CertBundle.describe
_moto_request = AWSCertificateManagerBackend.request_certificate
_moto_delete = AWSCertificateManagerBackend.delete_certificate
_moto_answer = AWSCertificateManagerResponse.request_certificate


def _describe(bundle: CertBundle) -> dict[str, Any]:
    described: dict[str, Any] = _moto_describe(bundle)
    certificate = described["Certificate"]
    certificate["InUseBy"] = users_of(bundle.arn)
    certificate["KeyAlgorithm"] = getattr(bundle, "requested_key_algorithm", certificate["KeyAlgorithm"])
    if bundle.status == "ISSUED" and certificate["InUseBy"] and bundle.type == "AMAZON_ISSUED":
        certificate["RenewalEligibility"] = "ELIGIBLE"
    if bundle.type == "AMAZON_ISSUED" and bundle.status == "PENDING_VALIDATION":
        for key in _ISSUED_ONLY:
            certificate.pop(key, None)
        for option in certificate["DomainValidationOptions"]:
            option["ValidationStatus"] = "SUCCESS" if _validated(bundle, option) else "PENDING_VALIDATION"
    return described


def _request(
    backend: AWSCertificateManagerBackend,
    domain_name: str,
    idempotency_token: str,
    subject_alt_names: list[str] | None,
    *args: Any,
    **kwargs: Any,
) -> str:
    if not _is_domain(domain_name):
        raise AWSValidationException(
            f"1 validation error detected: Value '{domain_name}' at 'domainName' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {DOMAIN_PATTERN}"
        )
    if len(domain_name) > _LONGEST_FIRST_NAME:
        raise AWSValidationException(
            f"The first domain name can be no longer than {_LONGEST_FIRST_NAME} octets: {domain_name}"
        )
    if any(not _is_domain(name) for name in subject_alt_names or []):
        raise AWSValidationException(
            f"1 validation error detected: Value '[{', '.join(subject_alt_names or [])}]' at "
            "'subjectAlternativeNames' failed to satisfy constraint: Member must satisfy constraint: "
            f"[Member must have length less than or equal to {_LONGEST_NAME}, Member must have length greater than "
            f"or equal to 1, Member must satisfy regular expression pattern: {DOMAIN_PATTERN}]"
        )
    arn: str = _moto_request(backend, domain_name, idempotency_token, subject_alt_names, *args, **kwargs)
    return arn


def _is_domain(name: str) -> bool:
    return len(name) <= _LONGEST_NAME and _DOMAIN.fullmatch(name) is not None


def _answer_request(response: AWSCertificateManagerResponse) -> Any:
    """Keeps the key algorithm that was asked for: moto always reports the one of the RSA key that it makes."""
    answer = _moto_answer(response)
    bundle = response.acm_backend._certificates[answer.result["CertificateArn"]]
    bundle.requested_key_algorithm = response._get_param("KeyAlgorithm") or "RSA_2048"
    return answer


def _delete(backend: AWSCertificateManagerBackend, arn: str) -> None:
    if arn in backend._certificates and users_of(arn):
        raise ResourceInUseError(arn, backend.account_id)
    _moto_delete(backend, arn)


#: What takes the place of moto's own: class, attribute, and its new value.
PATCHES: Final[tuple[tuple[type, str, Any], ...]] = (
    (CertBundle, "check", _check),
    (CertBundle, "describe", _describe),
    (AWSCertificateManagerBackend, "request_certificate", _request),
    (AWSCertificateManagerBackend, "delete_certificate", _delete),
    (AWSCertificateManagerResponse, "request_certificate", _answer_request),
)
