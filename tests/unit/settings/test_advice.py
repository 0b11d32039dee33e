"""What is taken with a warning: it works, though not as its user may expect."""

from __future__ import annotations

import json
from typing import Any

import pytest

from settings.advice import advice
from settings.parsing import parse_settings
from settings.releases import NEWEST_CLIENT, PLATFORM_RELEASES

LEAST = {
    "platformUrl": "https://example.com",
    "platformVersion": "26.2",
    "namespace": "platform-stage",
    "redisAddress": "redis:6379",
    "hostedZone": "example.com",
}
SSH = {"ssh": True, "sshClientCidrs": ["203.0.113.0/24"]}


def warnings(**changes: Any) -> list[str]:
    values = {key: value if isinstance(value, str) else json.dumps(value) for key, value in changes.items()}
    return [str(each).removeprefix("seqera-studios:") for each in advice(parse_settings({**LEAST, **values}))]


def template(tag: str, **more: Any) -> dict[str, Any]:
    return {"R": {"repository": f"registry.example.com/ride:{tag}", "tool": "ride", **more}}


def test_a_client_that_contradicts_the_tag_is_told_and_one_that_is_written_shorter_is_not() -> None:
    assert warnings(studioTemplates=template("2026.01.2-0.14.0", connectClient="0.12")) == [
        (
            'studioTemplates.R.connectClient: "0.12" differs from the tag of the image, which ends in -0.14.0: '
            "the program "
            "goes by connectClient; correct it, or remove it"
        )
    ]
    assert warnings(studioTemplates=template("2026.01.2-0.14.0", connectClient="0.14")) == []
    assert warnings(studioTemplates=template("with-ca", connectClient="0.12")) == []


def test_a_client_that_is_much_newer_than_the_server_is_told() -> None:
    newer = template("2026.01.2-0.14.0")
    assert warnings(connectVersion="0.12.0", studioTemplates=newer) == [
        (
            'studioTemplates.R.repository: "registry.example.com/ride:2026.01.2-0.14.0" has the Connect client '
            "0.14.0, and "
            "the server is 0.12.0: a server serves clients as old as 0.10, and nothing is documented of newer "
            "ones; write "
            "an image with 0.12, or set serverVersion to 0.14 or newer"
        )
    ]
    assert warnings(connectVersion="0.12.0", studioTemplates=template("1-0.14.0", status="deprecated")) == []


def test_what_seqera_recommends_for_26_1_is_no_newer_than_it_may_be() -> None:
    assert warnings(platformVersion="26.1", studioTemplates=template("2025.04.1-0.12.2")) == []


def test_the_default_templates_fit_a_server_that_is_older_than_the_platforms() -> None:
    read = parse_settings({**LEAST, "connectVersion": "0.12.0"})
    assert {str(each.client) for each in read.studio_templates.values()} == {"0.12.2"}
    assert warnings(connectVersion="0.12.0") == []


def test_a_connect_with_unknown_templates_is_taken_and_the_templates_are_named() -> None:
    known, templates = warnings(platformVersion="99.1", connectVersion="0.99.0")
    assert known.startswith(f'platformVersion: "99.1" is newer than {PLATFORM_RELEASES[-1]}')
    assert templates == (
        "studioTemplates: has images with clients that Connect 0.99.0 may not serve any more (JUPYTER, RIDE, VSCODE, "
        f"XPRA): the newest that this program knows have {NEWEST_CLIENT}. Write those that your Platform comes with"
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"allowedWorkspaces": "none"},
            'ssh: reaches no session: allowedWorkspaces is "none", so no workspace has Studios',
        ),
        (
            {"allowedWorkspaces": [1, 2], "sshAllowedWorkspaces": [3]},
            "sshAllowedWorkspaces: [3] reaches no session: none of them has Studios; add them to allowedWorkspaces",
        ),
        (
            {"allowedWorkspaces": [1, 2], "sshAllowedWorkspaces": [2, 3]},
            "sshAllowedWorkspaces: [2, 3] reaches no session in 3, without Studios; add them to allowedWorkspaces",
        ),
        (
            {"sshClientCidrs": ["127.0.0.0/8", "::1/128"]},
            'sshClientCidrs: ["127.0.0.0/8", "::1/128"] reaches no session: no client comes from these networks',
        ),
    ],
)
def test_ssh_that_reaches_no_session_is_told(changes: dict[str, Any], said: str) -> None:
    assert warnings(**{**SSH, **changes}) == [said]
    assert warnings(**SSH) == []


def test_a_quota_by_address_needs_trusted_networks() -> None:
    def policy(protocol: str, **source: str) -> dict[str, Any]:
        extractors = [{"protocol": protocol, "source": source}]
        return {"buckets": [{"name": "a", "quotas": [{"bytes": "1GB", "window": "1h"}], "extractors": extractors}]}

    by_address = policy("any", type="client_ip")
    assert warnings(transferPolicy=by_address) == [
        (
            "transferPolicy.buckets.a: counts by address, and the proxy sees the load balancer's as long as it "
            "trusts no "
            "network: all users share one quota. Set trustedProxyCidrs to vpc, or to the networks of the load "
            "balancer's "
            "subnets"
        )
    ]
    assert warnings(transferPolicy=by_address, trustedProxyCidrs="10.0.0.0/16") == []
    assert warnings(transferPolicy=policy("ssh", type="client_ip")) == []
    assert warnings(transferPolicy=policy("http", type="header", name="X-Connect-Sub")) == []
