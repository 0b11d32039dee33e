"""Whether AWS has a load balancer as an Ingress asks for it: the effect of what the controller was told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from live.fields import Object
from settings.balancers import ALB
from settings.default_tags import pairs_in
from survey.aws import AwsAccount
from survey.listener_rules import hosts_of

_HTTPS: Final = 443
PROVISIONING: Final = "it is still provisioning"
"""What isn't in effect of a load balancer that AWS is making: it serves no client for the first minutes."""


def not_in_effect(account: AwsAccount, live: Object, hostname: str) -> list[str]:
    """What an Ingress asks for and its load balancer doesn't have: rule, certificate, TLS policy and attributes.

    Of a load balancer that does not serve yet, only that.

    Args:
        account: where the load balancer is.
        live: the Ingress.
        hostname: the load balancer's.

    Raises:
        AwsError: AWS can't be asked.
    """
    balancer = _balancer_of(account, hostname)
    unserved = _unserved(balancer, hostname)
    if balancer is None or unserved is not None:
        return [str(unserved)]
    annotations = {
        name.removeprefix(f"{ALB}"): value for name, value in live["metadata"].get("annotations", {}).items()
    }
    arn = balancer["LoadBalancerArn"]
    listeners = account.pages("elbv2", "describe_listeners", "Listeners", _port, LoadBalancerArn=arn)
    listener = next((each for each in listeners if each["Port"] == _HTTPS), None)
    return [
        *_scheme(balancer, annotations),
        *(_listener(account, listener, annotations, live) if listener else [f"there is no listener at port {_HTTPS}"]),
        *_attributes(account, arn, annotations),
    ]


def not_in_service(account: AwsAccount, hostname: str) -> str | None:
    """Why a load balancer serves no client; None if it does.

    Args:
        account: where it is.
        hostname: its name in DNS.

    Raises:
        AwsError: AWS can't be asked.
    """
    return _unserved(_balancer_of(account, hostname), hostname)


def _balancer_of(account: AwsAccount, hostname: str) -> Mapping[str, Any] | None:
    found = account.pages("elbv2", "describe_load_balancers", "LoadBalancers", _balancer)
    return next((each for each in found if each["DNSName"].lower() == hostname.lower()), None)


def _unserved(balancer: Mapping[str, Any] | None, hostname: str) -> str | None:
    if balancer is None:
        return f"AWS has no load balancer {hostname}"
    state = balancer["State"]
    if state.get("Code") == "failed":
        return f"its state is failed: {state.get('Reason') or 'AWS gives no reason'}"
    return PROVISIONING if state.get("Code") == "provisioning" else None


def _scheme(balancer: Mapping[str, Any], annotations: Mapping[str, str]) -> Iterator[str]:
    if "scheme" in annotations and annotations["scheme"] != balancer["Scheme"]:
        yield f"its scheme is {balancer['Scheme']}, not {annotations['scheme']}"


def _listener(
    account: AwsAccount, listener: Mapping[str, Any], annotations: Mapping[str, str], live: Object
) -> Iterator[str]:
    policy = annotations.get("ssl-policy")
    if policy is not None and listener.get("SslPolicy") != policy:
        yield f"its TLS policy is {listener.get('SslPolicy')}, not {policy}"
    arn = listener["ListenerArn"]
    wanted = [each.strip() for each in annotations.get("certificate-arn", "").split(",") if each.strip()]
    known = {each.get("CertificateArn") for each in listener.get("Certificates") or []}
    if not known.issuperset(wanted):
        known |= {*certificates_of(account, arn)}
    yield from (f"its listener has no certificate {each}" for each in wanted if each not in known)
    rules = account.pages("elbv2", "describe_rules", "Rules", hosts_of, ListenerArn=arn)
    hosts = {host for rule in rules for host in rule}
    asked = [rule["host"] for rule in live.get("spec", {}).get("rules", []) if rule.get("host")]
    yield from (f"its listener has no rule for {host}" for host in asked if host not in hosts)


def certificates_of(account: AwsAccount, listener: str) -> list[str]:
    """The ARNs of a listener's certificates: its default one, and those that clients ask for by name.

    Raises:
        AwsError: they can't be read.
    """
    return account.pages("elbv2", "describe_listener_certificates", "Certificates", _arn_of, ListenerArn=listener)


def _attributes(account: AwsAccount, balancer: str, annotations: Mapping[str, str]) -> Iterator[str]:
    wanted = pairs_in(annotations.get("load-balancer-attributes", ""))
    if not wanted:
        return
    has = account.call("elbv2", "describe_load_balancer_attributes", _attributes_of, LoadBalancerArn=balancer)
    for name, value in wanted.items():
        if has.get(name) != value:
            yield f"its attribute {name} is {has.get(name, 'unknown to AWS')}, not {value}"


def _balancer(described: Mapping[str, Any]) -> Mapping[str, Any]:
    # A gateway load balancer has neither name in DNS nor scheme.
    found = {"DNSName": "", "Scheme": None, "State": {}, **described}
    return {**found, "LoadBalancerArn": described["LoadBalancerArn"]}


def _port(described: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**described, **{key: described[key] for key in ("ListenerArn", "Port")}}


def _arn_of(item: Mapping[str, Any]) -> str:
    return str(item["CertificateArn"])


def _attributes_of(answer: Mapping[str, Any]) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in answer["Attributes"]}
