"""What each policy refuses, and what it accepts."""

from __future__ import annotations

from typing import Any

import pytest

from policy.rules.credentials import credential_in, no_plain_credentials
from policy.rules.keys import protected_rsa_key, strong_rsa_key
from policy.rules.load_balancers import (
    ALB,
    certificate_covers_host,
    covers,
    long_idle_timeout,
    no_open_security_group,
    no_public_service,
    tls_1_2_or_newer,
)
from policy.rules.objects import UNKNOWN, Resource
from policy.rules.pods import is_pinned, pinned_images, restricted_pods

INGRESS = "kubernetes:networking.k8s.io/v1:Ingress"
CERTIFICATE = "aws:acm/certificate:Certificate"


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("CONNECT_REDIS_PASSWORD", "x", "the credential CONNECT_REDIS_PASSWORD"),
        ("redisPassword", "x", "the credential redisPassword"),
        ("example.com/api-key", "x", "the credential example.com/api-key"),
        ("TOKEN", "x", "the credential TOKEN"),
        ("config", "-----BEGIN RSA PRIVATE KEY-----\nMIIE", "a private key"),
        ("url", "redis://user:pass@redis:6379", "a URL with a password"),
        ("tower.yml", "redis:\n  password: x\n", "the credential password"),
        ("CONNECT_REDIS_PASSWORD", "", None),
        ("CONNECT_REDIS_PASSWORD_FILE", "/run/secrets/redis", None),
        ("CONNECT_REDIS_PASSWORD", "${REDIS_PASSWORD}", None),
        ("tower.yml", "redis:\n  password: ${REDIS_PASSWORD}\n  url: redis://redis:6379\n", None),
        ("monkey", "x", None),
        ("checksum/studios", "0" * 64, None),
        ("key.pub", "-----BEGIN PUBLIC KEY-----", None),
    ],
)
def test_a_credential_is_known_by_its_name_or_its_form(name: str, value: str, found: str | None) -> None:
    assert credential_in(name, value) == found


def test_a_credential_belongs_in_a_secret_and_nowhere_else() -> None:
    data = {"data": {"PASSWORD": "x"}, "metadata": {"annotations": {"note/token": "y"}}}
    assert len(list(no_plain_credentials(Resource("kubernetes:core/v1:ConfigMap", data)))) == 2
    assert len(list(no_plain_credentials(Resource("kubernetes:core/v1:ConfigMapPatch", data)))) == 2
    assert len(list(no_plain_credentials(Resource("kubernetes:core/v1:Secret", data)))) == 1
    pods = {"spec": {"template": {"metadata": {"annotations": {"token": "y"}}}}}
    assert len(list(no_plain_credentials(Resource("kubernetes:apps/v1:Deployment", pods)))) == 1


def _ingress(*hosts: str, depends_on: tuple[str, ...] = (), **annotations: Any) -> Resource:
    named = {f"{ALB}/{key.replace('_', '-')}": value for key, value in annotations.items()}
    return Resource(
        INGRESS,
        {"metadata": {"annotations": named}, "spec": {"rules": [{"host": host} for host in hosts]}},
        urn="ingress",
        depends_on=depends_on,
    )


@pytest.mark.parametrize(
    ("policy", "messages"),
    [
        ("ELBSecurityPolicy-TLS-1-2-2017-01", 0),
        ("ELBSecurityPolicy-TLS-1-2-Ext-2018-06", 0),
        ("ELBSecurityPolicy-FS-1-2-Res-2020-10", 0),
        ("ELBSecurityPolicy-TLS13-1-2-2021-06", 0),
        ("ELBSecurityPolicy-TLS13-1-3-2021-06", 0),
        (UNKNOWN, 0),
        ("ELBSecurityPolicy-TLS13-1-0-2021-06", 1),
        ("ELBSecurityPolicy-TLS13-1-1-2021-06", 1),
        ("ELBSecurityPolicy-TLS-1-1-2017-01", 1),
        ("ELBSecurityPolicy-FS-2018-06", 1),
        ("ELBSecurityPolicy-2016-08", 1),
    ],
)
def test_a_tls_policy_is_known_by_the_oldest_tls_that_it_accepts(policy: str, messages: int) -> None:
    assert len(list(tls_1_2_or_newer(_ingress(certificate_arn="a", ssl_policy=policy)))) == messages
    listener = Resource("aws:lb/listener:Listener", {"protocol": "HTTPS", "sslPolicy": policy})
    assert len(list(tls_1_2_or_newer(listener))) == messages


def test_without_a_tls_policy_a_listener_has_an_old_one() -> None:
    (message,) = tls_1_2_or_newer(_ingress(certificate_arn="a"))
    assert "by default, ELBSecurityPolicy-2016-08" in message


@pytest.mark.parametrize(
    ("attributes", "messages"),
    [
        ("idle_timeout.timeout_seconds=300", 0),
        ("routing.http2.enabled=false, idle_timeout.timeout_seconds=4000", 0),
        ("idle_timeout.timeout_seconds=299", 1),
        ("routing.http2.enabled=false", 1),
    ],
)
def test_quiet_connections_live_for_five_minutes(attributes: str, messages: int) -> None:
    assert len(list(long_idle_timeout(_ingress(load_balancer_attributes=attributes)))) == messages


def test_a_network_load_balancer_has_no_idle_timeout_to_set() -> None:
    network = Resource("aws:lb/loadBalancer:LoadBalancer", {"loadBalancerType": "network"})
    assert list(long_idle_timeout(network)) == []
    assert len(list(long_idle_timeout(Resource("aws:lb/loadBalancer:LoadBalancer", {})))) == 1


@pytest.mark.parametrize(
    ("names", "host", "covered"),
    [
        ({"*.example.com"}, "*.example.com", True),
        ({"*.example.com"}, "a.example.com", True),
        ({"*.example.com"}, "a.b.example.com", False),
        ({"*.example.com"}, "example.com", False),
        ({"example.com"}, "example.com", True),
        ({"example.com"}, "*.example.com", False),
    ],
)
def test_a_wildcard_covers_one_level(names: set[str], host: str, covered: bool) -> None:
    assert covers(names, host) is covered


@pytest.mark.parametrize("arn", ["arn:1", UNKNOWN])
def test_the_certificate_of_an_ingress_is_found_also_before_it_has_an_arn(arn: str) -> None:
    certificate = Resource(CERTIFICATE, {"arn": "arn:1", "domainName": "example.com"}, urn="certificate")
    issued = Resource("aws:acm/certificateValidation:CertificateValidation", {}, urn="i", depends_on=["certificate"])
    other = Resource(CERTIFICATE, {"arn": "arn:2", "domainName": "*.example.com"}, urn="other")
    ingress = _ingress("*.example.com", certificate_arn=arn, depends_on=("i",))
    found = list(certificate_covers_host([certificate, issued, other, ingress]))
    assert found == [("ingress", "the certificate is for example.com, which does not cover *.example.com")]


def test_a_certificate_of_somebody_else_is_not_judged() -> None:
    assert list(certificate_covers_host([_ingress("*.example.com", certificate_arn="arn:elsewhere")])) == []


def _service(annotations: dict[str, str], **spec: Any) -> Resource:
    return Resource(
        "kubernetes:core/v1:Service", {"metadata": {"name": "ssh", "annotations": annotations}, "spec": spec}
    )


def test_a_service_is_public_unless_it_is_internal_or_limited_or_allowed() -> None:
    public = _service({}, type="LoadBalancer")
    assert len(list(no_public_service(public))) == 1
    assert list(no_public_service(public, allowed=["ssh"])) == []
    internal = _service({"service.beta.kubernetes.io/aws-load-balancer-scheme": "internal"}, type="LoadBalancer")
    assert list(no_public_service(internal)) == []
    assert list(no_public_service(_service({}, type="LoadBalancer", loadBalancerSourceRanges=["10.0.0.0/8"]))) == []
    assert len(list(no_public_service(_service({}, type="LoadBalancer", loadBalancerSourceRanges=["0.0.0.0/0"])))) == 1
    assert len(list(no_public_service(_service({}, type="NodePort", externalIPs=["192.0.2.1"])))) == 1
    assert list(no_public_service(_service({}, type="NodePort"))) == []


def test_only_a_load_balancers_security_group_is_open_to_everybody() -> None:
    group = Resource("aws:ec2/securityGroup:SecurityGroup", {}, urn="group")
    rule = Resource(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        {"cidrIpv4": "0.0.0.0/0", "securityGroupId": UNKNOWN},
        urn="rule",
        depends_on=["group"],
    )
    balancer = Resource("aws:lb/loadBalancer:LoadBalancer", {}, urn="balancer", depends_on=["group"])
    assert list(no_open_security_group([group, rule, balancer])) == []
    assert [urn for urn, _ in no_open_security_group([group, rule])] == ["rule"]
    inline = Resource("aws:ec2/securityGroup:SecurityGroup", {"ingress": [{"ipv6CidrBlocks": ["::/0"]}]}, urn="inline")
    assert [urn for urn, _ in no_open_security_group([inline])] == ["inline"]


RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def _deployment(container: dict[str, Any], **pod: Any) -> Resource:
    spec = {"containers": [{"name": "main", "image": "image:1", **container}], **pod}
    return Resource("kubernetes:apps/v1:Deployment", {"spec": {"template": {"spec": spec}}})


@pytest.mark.parametrize(
    ("container", "pod"),
    [
        ({"privileged": True}, {}),
        ({"allowPrivilegeEscalation": None}, {}),
        ({"capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN"]}}, {}),
        ({"capabilities": {}}, {}),
        ({"runAsNonRoot": False}, {"securityContext": {"runAsNonRoot": True}}),
        ({"runAsUser": 0}, {}),
        ({"seccompProfile": {"type": "Unconfined"}}, {}),
        ({}, {"hostNetwork": True}),
        ({}, {"volumes": [{"name": "root", "hostPath": {"path": "/"}}]}),
    ],
)
def test_a_pod_that_may_do_more_than_restricted_is_refused_once(container: Any, pod: Any) -> None:
    deployment = _deployment({"securityContext": {**RESTRICTED, **container}}, **pod)
    assert len(list(restricted_pods(deployment))) == 1


def test_a_restricted_pod_is_admitted_whether_pod_or_container_says_so() -> None:
    assert (
        list(restricted_pods(_deployment({"securityContext": RESTRICTED}, volumes=[{"name": "a", "emptyDir": {}}])))
        == []
    )
    own = {key: RESTRICTED[key] for key in ("allowPrivilegeEscalation", "capabilities")}
    pod = {key: RESTRICTED[key] for key in ("runAsNonRoot", "seccompProfile")}
    assert list(restricted_pods(_deployment({"securityContext": own}, securityContext=pod))) == []


@pytest.mark.parametrize(
    ("image", "pinned"),
    [
        ("cr.seqera.io/enterprise/studios/proxy:0.9.0", True),
        ("registry.example.com:5000/proxy:0.9.0", True),
        ("proxy@sha256:" + "0" * 64, True),
        ("registry.example.com:5000/proxy", False),
        ("proxy:latest", False),
        ("", False),
    ],
)
def test_an_image_is_pinned_by_a_tag_that_stays_or_a_digest(image: str, pinned: bool) -> None:
    assert is_pinned(image) is pinned
    assert len(list(pinned_images(_deployment({"image": image})))) == (0 if pinned else 1)


def test_a_key_is_large_and_protected() -> None:
    key = "tls:index/privateKey:PrivateKey"
    small = Resource(key, {"algorithm": "RSA", "rsaBits": 1024.0})
    assert list(strong_rsa_key(small)) == ["the RSA key has 1024 bits; write rsaBits: 2048 or more"]
    assert list(strong_rsa_key(Resource(key, {"algorithm": "RSA", "rsaBits": 2048}))) == []
    assert list(strong_rsa_key(Resource(key, {"algorithm": "ED25519"}))) == []
    assert len(list(protected_rsa_key(small))) == 1
    assert list(protected_rsa_key(Resource(key, {"algorithm": "RSA"}, protected=True))) == []
