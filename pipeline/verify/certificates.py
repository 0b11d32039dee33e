"""TLS: which certificate is served, which versions are spoken, and where plain HTTP leads."""

from __future__ import annotations

import ssl
import time
import warnings
from typing import Any

from pipeline.verify.deployment import Deployment
from pipeline.verify.findings import CannotAskError, Finding, bad, good
from pipeline.verify.network import ssl_reason
from settings.fields import applies

#: ACM renews 60 days before the end; what is closer to it than this will not be renewed by itself.
LEAST_DAYS = 21
_DAY = 86400

_VERSIONS = {
    ssl.TLSVersion.TLSv1: "TLS 1.0",
    ssl.TLSVersion.TLSv1_1: "TLS 1.1",
    ssl.TLSVersion.TLSv1_2: "TLS 1.2",
    ssl.TLSVersion.TLSv1_3: "TLS 1.3",
}
_OUTDATED = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)
_EXPIRED, _NOT_YET, _OTHER_NAME = 10, 9, 62


def certificate_of_proxy(deployment: Deployment) -> Finding:
    """The certificate for the proxy's host covers it, is trusted and lasts."""
    return _certificate(deployment, deployment.connect_host)


def certificate_of_session(deployment: Deployment) -> Finding:
    """So does the one for the host of a session; when it ends is told once, where it is the same certificate."""
    if deployment.session_host == deployment.connect_host:
        return good("sessions are at the proxy's own host")
    return _certificate(deployment, deployment.session_host, told=_serial(deployment))


def _serial(deployment: Deployment) -> str | None:
    try:
        with deployment.network.tls(deployment.connect_host, deployment.connect_port) as connection:
            return str((connection.getpeercert() or {}).get("serialNumber"))
    except ssl.SSLError:
        return None


def _certificate(deployment: Deployment, host: str, told: str | None = None) -> Finding:
    try:
        with deployment.network.tls(host, deployment.connect_port) as connection:
            served: dict[str, Any] = connection.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        return bad(f"{host}: {ssl_reason(error)}", _mend(deployment, error.verify_code, host))
    except ssl.SSLError as error:
        return bad(f"{host}: no TLS: {ssl_reason(error)}", "look at the certificates of the HTTPS listener")
    days = int((ssl.cert_time_to_seconds(str(served["notAfter"])) - time.time()) // _DAY)
    if days < LEAST_DAYS and str(served.get("serialNumber")) != told:
        return bad(
            f"{host}: the certificate ends in {days} days",
            "renew it; ACM does so by itself while the validation record exists",
            stops=False,
        )
    names = [name for kind, name in served.get("subjectAltName", ()) if kind == "DNS"]
    return good(f"{', '.join(names)}; trusted, {days} days left")


def _mend(deployment: Deployment, code: int, host: str) -> str:
    arn = deployment.output("certificateArn")
    if code in (_EXPIRED, _NOT_YET):
        return f"renew {arn}"
    if code == _OTHER_NAME:
        return f"add a certificate that covers {host} to the HTTPS listener; the stack's is {arn}"
    return "serve a certificate of a public authority, or name the authority's file with --ca-file"


def http_is_redirected(deployment: Deployment) -> Finding:
    """Plain HTTP leads to HTTPS; on Compose, where the listeners are the user's, it may be closed."""
    try:
        response = deployment.network.request(f"http://{deployment.connect_host}/")
    except CannotAskError as error:
        if applies("listenerArn", deployment.settings.target):
            return good("port 80 is closed: nothing is served without TLS")
        return bad(str(error), "the Ingress has listeners for 80 and 443: look at the load balancer's")
    location = response.headers.get("location", "")
    if response.status in (301, 302, 307, 308) and location.startswith(f"https://{deployment.connect_host}"):
        return good(f"{response.status} to {location}")
    led = f"to {location}" if location else "without a redirect"
    return bad(f"http://{deployment.connect_host}/ answers {response.status} {led}", "redirect port 80 to HTTPS, 443")


def tls_versions(deployment: Deployment) -> Finding:
    """A current version of TLS is spoken, and no outdated one."""
    spoken = [version for version in _VERSIONS if _speaks(deployment, version)]
    names = ", ".join(_VERSIONS[version] for version in spoken)
    outdated = [_VERSIONS[version] for version in spoken if version in _OUTDATED]
    if outdated:
        return bad(f"speaks {names}", "choose a security policy of the listener without TLS 1.0 and 1.1 (sslPolicy)")
    if not spoken:
        return bad("speaks no version of TLS that is known here", "choose another security policy (sslPolicy)")
    return good(f"speaks {names}")


def _speaks(deployment: Deployment, version: ssl.TLSVersion) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    # OpenSSL offers an outdated version only at its lowest level of security.
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    try:
        with deployment.network.tls(deployment.connect_host, deployment.connect_port, context):
            return True
    except (ssl.SSLError, CannotAskError):
        return False
