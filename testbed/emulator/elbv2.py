"""Elastic Load Balancing v2 as AWS has it, where moto takes anything.

AWS wants a listener's certificates to exist and to be issued, and keeps its default one; it wants one listener a port,
known security policies and attributes with values in range, subnets in two zones; it makes one load balancer of a
name; and it reports the region's own hosted zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from moto.acm.models import acm_backends
from moto.elbv2.exceptions import (
    DuplicateListenerError,
    DuplicateLoadBalancerName,
    ELBClientError,
    ValidationError,
)
from moto.elbv2.models import ELBv2Backend, FakeListener, FakeLoadBalancer
from moto.elbv2.ssl_policies import SSL_POLICIES
from moto.iam.models import iam_backends

from testbed.emulator import hosted_zones
from testbed.emulator.once import once

#: Policies of AWS that moto's list lacks.
_MORE_SSL_POLICIES = (
    "ELBSecurityPolicy-2015-05",
    "ELBSecurityPolicy-FS-1-1-2019-08",
    "ELBSecurityPolicy-FS-1-2-2019-08",
    "ELBSecurityPolicy-FS-1-2-Res-2019-08",
    "ELBSecurityPolicy-FS-2018-06",
    "ELBSecurityPolicy-TLS-1-0-2015-04",
    "ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04",
    "ELBSecurityPolicy-TLS13-1-3-FIPS-2023-04",
)

#: The attributes of an application load balancer and the values with which AWS makes one.
APPLICATION_ATTRIBUTES = {
    "access_logs.s3.bucket": "",
    "access_logs.s3.enabled": "false",
    "access_logs.s3.prefix": "",
    "client_keep_alive.seconds": "3600",
    "connection_logs.s3.bucket": "",
    "connection_logs.s3.enabled": "false",
    "connection_logs.s3.prefix": "",
    "deletion_protection.enabled": "false",
    "health_check_logs.s3.bucket": "",
    "health_check_logs.s3.enabled": "false",
    "health_check_logs.s3.prefix": "",
    "idle_timeout.timeout_seconds": "60",
    "ipv6.deny_all_igw_traffic": "false",
    "load_balancing.cross_zone.enabled": "true",
    "routing.http.desync_mitigation_mode": "defensive",
    "routing.http.drop_invalid_header_fields.enabled": "false",
    "routing.http.preserve_host_header.enabled": "false",
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
    "routing.http.xff_client_port.enabled": "false",
    "routing.http.xff_header_processing.mode": "append",
    "routing.http2.enabled": "true",
    "waf.fail_open.enabled": "false",
    "zonal_shift.config.enabled": "false",
}
_RANGES = {"idle_timeout.timeout_seconds": (1, 4000), "client_keep_alive.seconds": (60, 604800)}
_CHOICES = {
    "routing.http.desync_mitigation_mode": ("monitor", "defensive", "strictest"),
    "routing.http.xff_header_processing.mode": ("append", "preserve", "remove"),
}

_moto_create_load_balancer = ELBv2Backend.create_load_balancer
_moto_delete_load_balancer = ELBv2Backend.delete_load_balancer
_moto_modify_attributes = ELBv2Backend.modify_load_balancer_attributes
_moto_create_listener = ELBv2Backend.create_listener
_moto_modify_listener = ELBv2Backend.modify_listener
_moto_add_certificates = ELBv2Backend.add_listener_certificates
_moto_remove_certificates = ELBv2Backend.remove_listener_certificates


def _create_load_balancer(backend: ELBv2Backend, name: str, *args: Any, **kwargs: Any) -> FakeLoadBalancer:
    balancer = _moto_create_load_balancer(backend, name, *args, **kwargs)
    region = backend.region_name
    balancer.canonical_hosted_zone_id = hosted_zones.zone_id(region, balancer.type) or balancer.canonical_hosted_zone_id
    if balancer.scheme == "internal":
        balancer.dns_name = f"internal-{balancer.dns_name}"
    if balancer.type == "application":
        if len({subnet.availability_zone for subnet in balancer.subnets}) < 2:
            del backend.load_balancers[balancer.arn]
            raise ValidationError("At least two subnets in two different Availability Zones must be specified")
        balancer.attrs = dict(APPLICATION_ATTRIBUTES)
    return balancer


def _load_balancer_of(backend: ELBv2Backend, asked: Mapping[str, Any]) -> FakeLoadBalancer | None:
    return next((each for each in backend.load_balancers.values() if each.name == asked["name"]), None)


def _delete_load_balancer(backend: ELBv2Backend, arn: str) -> None:
    balancer = backend.load_balancers.get(arn)
    if balancer and balancer.attrs.get("deletion_protection.enabled") == "true":
        raise ELBClientError(
            "OperationNotPermitted",
            f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
        )
    _moto_delete_load_balancer(backend, arn)


def _modify_attributes(backend: ELBv2Backend, arn: str, attrs: dict[str, Any]) -> dict[str, Any]:
    balancer = backend.load_balancers.get(arn)
    if balancer and balancer.type == "application":
        for key, value in attrs.items():
            _validate_attribute(key, str(value))
    changed: dict[str, Any] = _moto_modify_attributes(backend, arn, attrs)
    return changed


def _validate_attribute(key: str, value: str) -> None:
    if key not in APPLICATION_ATTRIBUTES:
        raise ValidationError(f"Load balancer attribute key '{key}' is not recognized")
    if key in _RANGES:
        low, high = _RANGES[key]
        if not value.isdecimal() or not low <= int(value) <= high:
            raise ValidationError(f"'{key}' value '{value}' must be between '{low}-{high}' inclusive")
    if key in _CHOICES and value not in _CHOICES[key]:
        raise ValidationError(f"'{key}' value '{value}' must be one of [{', '.join(_CHOICES[key])}]")
    if key.endswith(".enabled") and value not in ("true", "false"):
        raise ValidationError(f"'{key}' value '{value}' must be one of [true, false]")


def _create_listener(
    backend: ELBv2Backend,
    load_balancer_arn: str,
    protocol: str,
    port: str,
    ssl_policy: str,
    certificate: str | None,
    *args: Any,
    **kwargs: Any,
) -> FakeListener:
    if protocol in ("HTTPS", "TLS"):
        if not certificate:
            raise ValidationError(f"A certificate must be specified for {protocol} listeners")
        _require_issued(backend, certificate)
        if ssl_policy not in SSL_POLICIES:
            raise ELBClientError("SSLPolicyNotFound", f"SSL policy '{ssl_policy}' not found")
    elif certificate:
        raise ValidationError(f"Certificates cannot be specified for {protocol} listeners")
    return _moto_create_listener(backend, load_balancer_arn, protocol, port, ssl_policy, certificate, *args, **kwargs)


def _listener_of(backend: ELBv2Backend, asked: Mapping[str, Any]) -> FakeListener | None:
    balancer = backend.load_balancers.get(asked["load_balancer_arn"])
    listeners = balancer.listeners.values() if balancer else ()
    return next((each for each in listeners if str(each.port) == str(asked["port"])), None)


def _modify_listener(
    backend: ELBv2Backend,
    arn: str,
    port: str | None = None,
    protocol: str | None = None,
    ssl_policy: str | None = None,
    certificates: list[dict[str, Any]] | None = None,
    actions: list[dict[str, Any]] | None = None,
) -> FakeListener:
    for certificate in certificates or []:
        _require_issued(backend, certificate["CertificateArn"])
    listener = backend.describe_listeners(load_balancer_arn=None, listener_arns=[arn])[0]
    extra = listener.certificates[1:]
    changed = _moto_modify_listener(backend, arn, port, protocol, ssl_policy, certificates, actions)
    if certificates:
        # moto forgets the certificates that were added to the listener beside its default one.
        changed.certificates = [changed.certificate, *(other for other in extra if other != changed.certificate)]
    return changed


def _add_certificates(backend: ELBv2Backend, arn: str, certificates: list[dict[str, Any]]) -> list[str]:
    for certificate in certificates:
        _require_issued(backend, certificate["CertificateArn"])
    listener = backend.describe_listeners(load_balancer_arn=None, listener_arns=[arn])[0]
    fresh = [item for item in certificates if item["CertificateArn"] not in listener.certificates]
    added: list[str] = _moto_add_certificates(backend, arn, fresh)
    return added


def _remove_certificates(backend: ELBv2Backend, arn: str, certificates: list[dict[str, Any]]) -> None:
    default, *others = backend.describe_listeners(load_balancer_arn=None, listener_arns=[arn])[0].certificates
    for certificate in certificates:
        wanted = certificate["CertificateArn"]
        if wanted == default:
            raise ELBClientError("OperationNotPermitted", "Default certificate cannot be removed")
        if wanted not in others:
            raise ELBClientError("CertificateNotFound", f"Certificate '{wanted}' not found")
    _moto_remove_certificates(backend, arn, certificates)


def _require_issued(backend: ELBv2Backend, arn: str) -> None:
    if ":iam:" in arn:
        if iam_backends[backend.account_id][backend.partition].get_certificate_by_arn(arn) is None:
            raise ELBClientError("CertificateNotFound", f"Certificate '{arn}' not found")
        return
    certificates = acm_backends[backend.account_id][backend.region_name]
    if arn not in certificates._certificates:
        raise ELBClientError("CertificateNotFound", f"Certificate '{arn}' not found")
    if certificates.get_certificate(arn).status != "ISSUED":
        raise ELBClientError(
            "UnsupportedCertificate",
            f"The certificate '{arn}' must have a fully-qualified domain name, a supported signature, and a supported "
            "key size.",
        )


#: What takes the place of moto's own: class, attribute, and its new value.
PATCHES: Final[tuple[tuple[type, str, Any], ...]] = (
    (
        ELBv2Backend,
        "create_load_balancer",
        once(_create_load_balancer, _load_balancer_of, DuplicateLoadBalancerName),
    ),
    (ELBv2Backend, "delete_load_balancer", _delete_load_balancer),
    (ELBv2Backend, "modify_load_balancer_attributes", _modify_attributes),
    (ELBv2Backend, "create_listener", once(_create_listener, _listener_of, DuplicateListenerError)),
    (ELBv2Backend, "modify_listener", _modify_listener),
    (ELBv2Backend, "add_listener_certificates", _add_certificates),
    (ELBv2Backend, "remove_listener_certificates", _remove_certificates),
)

for _name in _MORE_SSL_POLICIES:
    SSL_POLICIES.setdefault(_name, SSL_POLICIES["ELBSecurityPolicy-2016-08"])
