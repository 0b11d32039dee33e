"""Which certificates an HTTPS listener gets, and whether they are good for the hosts behind it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from testbed.loadbalancer.stack import Account, Certificate


class CertificateError(ValueError):
    """A certificate that can't be used, or a host that none is for."""


def covers(name: str, host: str) -> bool:
    """Whether a certificate for ``name`` is good for ``host``; a wildcard stands for exactly one label.

    The host may be a wildcard itself, which only the same wildcard covers.
    """
    if not name.startswith("*."):
        return name.lower() == host.lower()
    return name.lower().partition(".")[2] == host.lower().partition(".")[2] and "." in host


def discover(hosts: Iterable[str], account: Account) -> tuple[str, ...]:
    """The ARNs of all issued certificates that cover any of ``hosts``, in order.

    Raises:
        CertificateError: a host that none covers.
    """
    found: set[str] = set()
    for host in hosts:
        matching = [
            certificate.arn
            for certificate in account.certificates.values()
            if certificate.status == "ISSUED" and _covered(host, [certificate])
        ]
        if not matching:
            raise CertificateError(f"no certificate found for host: {host}")
        found.update(matching)
    return tuple(sorted(found))


def require_issued(arns: Iterable[str], account: Account) -> None:
    """Refuses a certificate of ACM that isn't there, or isn't issued, as creating the listener would.

    Raises:
        CertificateError: the first such certificate.
    """
    for arn in arns:
        certificate = account.certificates.get(arn)
        if certificate is None:
            raise CertificateError(f"CertificateNotFound: Certificate '{arn}' not found")
        if certificate.status != "ISSUED":
            raise CertificateError(
                f"UnsupportedCertificate: The certificate '{arn}' must be issued, and is {certificate.status}"
            )


def require_coverage(hosts: Iterable[str], arns: Sequence[str], account: Account) -> None:
    """Refuses a host that no certificate of its listener is for: a browser would refuse it.

    The controller itself lets this pass.

    Raises:
        CertificateError: the first such host.
    """
    certificates = [account.certificates[arn] for arn in arns]
    for host in hosts:
        if not _covered(host, certificates):
            names = ", ".join(name for certificate in certificates for name in certificate.names)
            raise CertificateError(f"no certificate of the listener covers host {host}: they are for {names}")


def _covered(host: str, certificates: Iterable[Certificate]) -> bool:
    return any(covers(name, host) for certificate in certificates for name in certificate.names)
