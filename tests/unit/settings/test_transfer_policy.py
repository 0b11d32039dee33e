"""The data-transfer policy that the proxy reads."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from settings.advice import advice
from settings.environment import proxy_environment
from settings.model import Settings
from settings.parsing import parse_settings

LEAST = {
    "platformUrl": "https://example.com",
    "platformVersion": "26.2",
    "namespace": "platform-stage",
    "hostedZone": "example.com",
    "redisAddress": "redis:6379",
}
#: The example of Seqera's documentation.
DOCUMENTED: dict[str, Any] = {
    "buckets": [
        {
            "name": "user_id",
            "quotas": [{"bytes": "1TB", "window": "720h", "on_exceed": "deny"}],
            "extractors": [
                {"protocol": "http", "source": {"type": "header", "name": "X-Connect-Sub"}},
                {"protocol": "ssh", "source": {"type": "permissions", "field": "userId"}},
            ],
        },
        {
            "name": "ip",
            "quotas": [
                {"bytes": "50GB", "window": "24h", "on_exceed": "deny"},
                {"bytes": 3, "window": "1h", "on_exceed": "deny"},
            ],
            "extractors": [{"protocol": "any", "source": {"type": "client_ip"}}],
        },
    ]
}


def settings(policy: Any, **changes: Any) -> Settings:
    return parse_settings({**LEAST, "transferPolicy": policy, **changes})


def read_by_the_proxy(policy: Any) -> Any:
    return json.loads(base64.b64decode(proxy_environment(settings(policy))["CONNECT_POLICY_B64"]))


def test_the_documented_policy_is_what_the_proxy_reads_with_sizes_in_bytes() -> None:
    wanted = json.loads(json.dumps(DOCUMENTED))
    wanted["buckets"][0]["quotas"][0]["bytes"] = 2**40
    wanted["buckets"][1]["quotas"][0]["bytes"] = 50 * 2**30
    assert read_by_the_proxy(DOCUMENTED) == wanted
    assert advice(settings(DOCUMENTED, trustedProxyCidrs="10.0.0.0/16")) == []


def test_the_same_policy_written_otherwise_is_the_same_text() -> None:
    bucket = DOCUMENTED["buckets"][0]
    shuffled = {
        "buckets": [
            {
                "extractors": bucket["extractors"],
                "quotas": [{"window": "720h", "bytes": str(2**40)}],
                "name": "user_id",
            },
            DOCUMENTED["buckets"][1],
        ]
    }
    written = proxy_environment(settings(DOCUMENTED))["CONNECT_POLICY_B64"]
    assert proxy_environment(settings(json.dumps(shuffled)))["CONNECT_POLICY_B64"] == written


@pytest.mark.parametrize(
    ("written", "size"), [("1", 1), (1, 1), ("2KB", 2048), ("3MB", 3 * 2**20), ("8388607TB", 8388607 * 2**40)]
)
def test_sizes_are_powers_of_1024(written: object, size: int) -> None:
    bucket = {**DOCUMENTED["buckets"][1], "quotas": [{"bytes": written, "window": "1h"}]}
    assert read_by_the_proxy({"buckets": [bucket]})["buckets"][0]["quotas"][0]["bytes"] == size


def test_a_window_that_stands_there_twice_is_refused_however_it_is_written() -> None:
    quotas = [{"bytes": 1, "window": "1h"}, {"bytes": 2, "window": "60m"}]
    with pytest.raises(ValueError, match="has the window 1h twice; write it once"):
        settings({"buckets": [{**DOCUMENTED["buckets"][1], "quotas": quotas}]})


def test_a_window_that_go_cannot_hold_is_refused() -> None:
    quotas = [{"bytes": 1, "window": "2562048h"}]
    with pytest.raises(ValueError, match="is longer than a duration can be; write at most 2562047h"):
        settings({"buckets": [{**DOCUMENTED["buckets"][1], "quotas": quotas}]})


def test_a_header_that_a_user_may_forge_is_a_warning() -> None:
    source = {"type": "header", "name": "X-User"}
    bucket = {**DOCUMENTED["buckets"][0], "extractors": [{"protocol": "http", "source": source}]}
    assert [str(each) for each in advice(settings({"buckets": [bucket]}))] == [
        (
            'seqera-studios:transferPolicy.buckets.user_id: "X-User" is a header that the proxy doesn\'t set itself: '
            "a user may forge it; X-Connect-Sub can't be forged"
        )
    ]


def test_variables_that_are_passed_on_are_a_warning_that_names_them_and_shows_no_value() -> None:
    read = parse_settings({**LEAST, "proxyExtraEnv": {"NO_PROXY": ".svc", "HTTPS_PROXY": "http://me:secret@proxy"}})
    (warning,) = map(str, advice(read))
    assert warning == (
        "seqera-studios:proxyExtraEnv: passes on HTTPS_PROXY, NO_PROXY, which this program doesn't check"
    )


def test_with_docker_compose_proxy_and_server_share_the_variables_that_are_passed_on() -> None:
    compose = {
        "target": "compose",
        "platformUrl": "https://example.com",
        "platformVersion": "26.2",
        "hostedZone": "example.com",
        "instanceId": "i-0123456789abcdef0",
        "loadBalancer": "platform",
        "composeFolder": "/opt/seqera",
        "proxyExtraEnv": {"A": "1"},
    }
    assert parse_settings({**compose, "serverExtraEnv": {"A": "1"}}).server_extra_env == {"A": "1"}
    with pytest.raises(ValueError, match=r"serverExtraEnv.A: \"2\" differs from proxyExtraEnv.A, 1"):
        parse_settings({**compose, "serverExtraEnv": {"A": "2"}})
    with pytest.raises(ValueError, match=r"serverExtraEnv.PLATFORM_URL: is set by the program for the proxy"):
        parse_settings({**compose, "serverExtraEnv": {"PLATFORM_URL": "x"}})
