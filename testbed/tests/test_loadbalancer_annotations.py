from __future__ import annotations

from typing import Any

import pytest

from testbed.loadbalancer.annotations import AnnotationError, parse

PREFIX = "alb.ingress.kubernetes.io/"


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("group.order", "-1000", -1000),
        ("scheme", "internal", "internal"),
        ("listen-ports", '[{"HTTP": 80}, {"HTTPS":443}]', {80: "HTTP", 443: "HTTPS"}),
        ("ssl-redirect", "443", 443),
        ("subnets", "subnet-1, public-b", ("subnet-1", "public-b")),
        ("healthcheck-port", "traffic-port", "traffic-port"),
        ("healthcheck-port", "8081", 8081),
        ("success-codes", "200,302", "200,302"),
        ("success-codes", "200-399", "200-399"),
        ("tags", "Environment=dev, Team=test", {"Environment": "dev", "Team": "test"}),
        (
            "load-balancer-attributes",
            "idle_timeout.timeout_seconds=301,routing.http2.enabled=false",
            {"idle_timeout.timeout_seconds": "301", "routing.http2.enabled": "false"},
        ),
        ("inbound-cidrs", "10.0.0.0/8,::/0", ("10.0.0.0/8", "::/0")),
        ("manage-backend-security-group-rules", "true", True),
        ("auth-type", "none", "none"),
    ],
)
def test_a_documented_annotation_is_parsed_by_its_type(name: str, raw: str, value: Any) -> None:
    assert parse({PREFIX + name: raw}) == {name: value}


@pytest.mark.parametrize(
    ("name", "raw", "reason"),
    [
        ("group.order", "1001", "failed to parse int32 annotation, {key}: 1001: must be within [-1000, 1000]: 1001"),
        (
            "group.order",
            "x",
            'failed to parse int32 annotation, {key}: x: strconv.ParseInt: parsing "x": invalid syntax',
        ),
        ("scheme", "public", "failed to parse annotation, {key}: public: unknown scheme: public"),
        ("target-type", "pod", "failed to parse annotation, {key}: pod: unknown targetType: pod"),
        ("listen-ports", "[]", "failed to parse json annotation, {key}: []: empty listen-ports configuration: `[]`"),
        (
            "listen-ports",
            '[{"HTTP": 70000}]',
            'failed to parse json annotation, {key}: [{{"HTTP": 70000}}]: listen port must be within [1, 65535]: 70000',
        ),
        (
            "listen-ports",
            '[{"TCP": 80}]',
            'failed to parse json annotation, {key}: [{{"TCP": 80}}]: listen protocol must be within [HTTP, HTTPS]',
        ),
        ("tags", "Environment", "failed to parse stringMap annotation, {key}: Environment: must be like key1=value1"),
        (
            "load-balancer-attributes",
            "idle_timeout=60",
            (
                "failed to parse stringMap annotation, {key}: idle_timeout=60: "
                "Load balancer attribute key 'idle_timeout' is not recognized"
            ),
        ),
        (
            "load-balancer-attributes",
            "idle_timeout.timeout_seconds=4001",
            (
                "failed to parse stringMap annotation, {key}: idle_timeout.timeout_seconds=4001: "
                "Load balancer attribute 'idle_timeout.timeout_seconds': must be within [1, 4000]: 4001"
            ),
        ),
        (
            "certificate-arn",
            "${CERTIFICATE_ARN}",
            "failed to parse stringList annotation, {key}: ${{CERTIFICATE_ARN}}: is not a valid certificate ARN",
        ),
        ("success-codes", "2xx", "failed to parse annotation, {key}: 2xx: must be like 200, 200,302 or 200-399: 2xx"),
        ("success-codes", "500", "failed to parse annotation, {key}: 500: must be from 200 to 499: 500"),
        ("healthcheck-path", "health", "failed to parse annotation, {key}: health: must begin with '/'"),
        ("inbound-cidrs", "10.0.0.1", "failed to parse stringList annotation, {key}: 10.0.0.1: invalid CIDR address"),
        ("ssl_redirect", "443", "unknown annotation, {key}: 443"),
        (
            "wafv2-acl-arn",
            "arn:aws:wafv2:x",
            "the testbed's controller doesn't act on annotation, {key}: arn:aws:wafv2:x",
        ),
        ("actions.to-https", "{", "failed to parse json annotation, {key}: {{: Expecting property name"),
    ],
)
def test_a_malformed_annotation_is_named_with_its_value_and_the_reason(name: str, raw: str, reason: str) -> None:
    with pytest.raises(AnnotationError) as raised:
        parse({PREFIX + name: raw})
    assert str(raised.value).startswith(reason.format(key=PREFIX + name))


def test_all_malformed_annotations_are_told_at_once() -> None:
    with pytest.raises(AnnotationError) as raised:
        parse({f"{PREFIX}scheme": "public", f"{PREFIX}shceme": "internal"})
    assert str(raised.value) == (
        "failed to parse annotation, alb.ingress.kubernetes.io/scheme: public: unknown scheme: public; "
        "unknown annotation, alb.ingress.kubernetes.io/shceme: internal"
    )


def test_a_group_name_may_have_63_characters_and_no_more() -> None:
    assert parse({f"{PREFIX}group.name": "a" * 63}) == {"group.name": "a" * 63}
    with pytest.raises(AnnotationError, match="no more than 63 characters"):
        parse({f"{PREFIX}group.name": "a" * 64})


def test_an_escaped_comma_belongs_to_the_value() -> None:
    assert parse({f"{PREFIX}tags": r"Owners=a\,b,Team=c"}) == {"tags": {"Owners": "a,b", "Team": "c"}}


def test_annotations_of_other_controllers_are_left_alone() -> None:
    assert parse({"nginx.ingress.kubernetes.io/rewrite-target": "/", "kubernetes.io/ingress.class": "alb"}) == {}


def test_an_annotation_of_an_ingress_is_refused_on_a_service() -> None:
    assert parse({f"{PREFIX}healthcheck-path": "/h"}, on_service=True) == {"healthcheck-path": "/h"}
    with pytest.raises(AnnotationError, match=r"annotation of an Ingress on a Service, .*scheme"):
        parse({f"{PREFIX}scheme": "internal"}, on_service=True)
