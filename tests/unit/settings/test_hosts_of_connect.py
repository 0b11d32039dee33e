"""What follows from the host of Connect: docs/dns.md has it as a table, made from these shapes."""

from __future__ import annotations

import pytest

from settings.parsing import parse_settings
from tests.dns_shapes import SHAPES, Shape

LEAST = {"platformVersion": "26.1", "namespace": "seqera", "redisAddress": "redis"}


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_names_of_certificate_record_and_sessions_follow_from_connects_host(shape: Shape) -> None:
    settings = parse_settings({**LEAST, **shape.settings})
    assert (
        settings.certificate_names,
        settings.zone_domains,
        settings.session_host,
        settings.session_url,
    ) == (shape.certificate, shape.validated, shape.record, shape.session_url)


def test_a_zone_named_in_the_stack_must_hold_what_is_validated_and_the_record() -> None:
    sibling = {"platformUrl": "https://platform.example.com", "connectUrl": "https://connect.example.com"}
    assert parse_settings({**LEAST, **sibling, "hostedZone": "example.com"}).hosted_zone == "example.com"


def test_a_certificate_that_exists_leaves_only_the_record_for_the_zone() -> None:
    arn = "arn:aws:acm:eu-west-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"
    settings = {"platformUrl": "https://platform.example.com", "certificateArn": arn, "pathRouting": "true"}
    apart = {"connectUrl": "https://studios.example.org", "hostedZone": "example.org"}
    assert parse_settings({**LEAST, **settings, **apart}).zone_domains == ("studios.example.org",)
