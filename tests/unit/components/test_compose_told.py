"""What is said of a delivery to a Docker Compose host, before it is made."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pulumi
import pytest
from pulumi.output import Unknown
from pulumi.runtime.rpc import UNKNOWN

from components.compose_told import Known, ReadByPlatform, changes_in_words, told_of_delivery
from components.instance_scripts import InstallationReportProvider
from settings.parsing import parse_settings
from tests.compose_bundle import PEM, STACK, TOKEN
from tests.unit.components.mocks import run
from tests.unit.components.test_studios_on_compose import studios

RESTART = "cron, then backend restart"
SERVICES = ("cron", "backend")
URL = "TOWER_DATA_STUDIO_CONNECT_URL"


def known(*, token: str = TOKEN, pem: str = PEM, fingerprint: str | None = None, **changes: Any) -> Known:
    """A delivery as the state has it."""
    found: list[Known] = []

    def program() -> None:
        read = ReadByPlatform.of(parse_settings(STACK | changes), pem, token, fingerprint)
        resolved = pulumi.Output.all(text=read.text, made=read.made)
        resolved.apply(lambda each: found.append(Known(json.loads(each["text"]), each["made"])))

    run(program)
    return found[0]


def said(before: Known, after: Known) -> str:
    return changes_in_words(before, after, SERVICES)


def test_a_limit_of_the_workspaces_is_told_as_on_kubernetes() -> None:
    line = f"tower.yml: allowed-workspaces null → []; {RESTART}"
    assert said(known(), known(allowedWorkspaces="none")) == line


def test_a_variable_is_told_with_its_old_and_its_new_value() -> None:
    before, after = known(), known(connectUrl="https://studios.example.com", platformExtraEnv={"TOWER_X": "a b"})
    assert said(before, after) == (
        f"tower-studios.env: {URL} https://connect.example.com → https://studios.example.com, "
        f"TOWER_X unset → a b; {RESTART}"
    )
    assert said(after, before).startswith("tower-studios.env: TOWER_DATA_STUDIO_CONNECT_URL https://studios.")


def test_an_entry_that_the_stack_no_longer_sets_is_restored_on_the_host() -> None:
    before, after = known(approachingExpirationThreshold="20m", platformVersion="26.2"), known(platformVersion="26.2")
    assert said(before, after) == f'tower.yml: approaching-expiration-threshold "20m" → restored; {RESTART}'


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"token": "another"}, "tower-studios.env: TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN [secret] → [secret]"),
        ({"pem": "another"}, "data-studios-rsa.pem: [secret] → [secret]"),
    ],
)
def test_a_rotated_secret_is_named_and_not_shown(changes: dict[str, str], told: str) -> None:
    assert said(known(), known(**changes)) == f"{told}; {RESTART}"


def test_a_variable_that_may_hold_a_secret_is_masked() -> None:
    before, after = (known(platformExtraEnv={"TOWER_SMTP_PASSWORD": value}) for value in ("old", "new"))
    assert said(before, after) == f"tower-studios.env: TOWER_SMTP_PASSWORD [secret] → [secret]; {RESTART}"


def test_the_host_keys_fingerprint_is_told_and_may_be_unknown_yet() -> None:
    ssh: dict[str, Any] = {"ssh": True, "platformVersion": "25.3.3", "connectVersion": "0.12.0"}
    before = known(fingerprint="SHA256:a", **ssh)
    assert said(before, known(fingerprint="SHA256:a", **ssh)) == ""
    after = Known(before.files, {**before.made, "TOWER_DATA_STUDIO_CONNECT_SSH_KEY_FINGERPRINT": Unknown()})  # type: ignore[no-untyped-call]
    assert "TOWER_DATA_STUDIO_CONNECT_SSH_KEY_FINGERPRINT" in said(before, after)


def test_what_platform_does_not_read_is_not_told() -> None:
    assert said(known(), known(logLevel="DEBUG", proxyPort=9191, idleTimeout=600)) == ""


def test_a_first_delivery_is_told_line_by_line() -> None:
    lines = said(Known(), known()).splitlines()
    assert lines[0] == "tower-studios.env:"
    assert f"  {URL} unset → https://connect.example.com" in lines
    assert "  TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN unset → [secret]" in lines
    assert lines[-3:] == [
        "tower.yml: allowed-workspaces as found → null",
        "data-studios-rsa.pem: unset → [secret]",
        RESTART,
    ]


def test_an_existing_key_and_token_of_platforms_own_are_no_change() -> None:
    assert "OIDC" not in said(known(existingOidc=True), known(existingOidc=True, allowedWorkspaces="none"))


def _heard(monkeypatch: pytest.MonkeyPatch, old: dict[str, Any] | None, new: dict[str, Any]) -> list[str]:
    heard: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", lambda text, _: heard.append(text))

    hooks: list[Any] = []

    def program() -> None:
        hooks.extend(told_of_delivery("told", pulumi.ComponentResource("a:b:C", "c"), SERVICES).before_update or [])

    run(program)
    asyncio.run(hooks[0].callback(pulumi.ResourceHookArgs("", "", "", "", new_inputs=new, old_inputs=old)))
    return heard


def _inputs(**changes: Any) -> dict[str, Any]:
    of = known(**changes)
    return {"trigger": "1", "platform": json.dumps(of.files), "made": of.made}


def test_an_update_says_what_changes_and_nothing_where_nothing_does(monkeypatch: pytest.MonkeyPatch) -> None:
    line = f"tower.yml: allowed-workspaces null → []; {RESTART}"
    assert _heard(monkeypatch, _inputs(), _inputs(allowedWorkspaces="none")) == [line]
    assert _heard(monkeypatch, _inputs(), _inputs(logLevel="DEBUG")) == []


def test_a_state_of_an_earlier_release_tells_nothing_of_what_it_delivered(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _heard(monkeypatch, {"trigger": "1"}, _inputs(allowedWorkspaces="none")) == []


def test_a_state_of_an_earlier_release_is_not_changed_for_it() -> None:
    old = {"trigger": "1", "association": "a", "__provider": "old"}
    provider = InstallationReportProvider()
    assert provider.diff("", old, {**old, "__provider": "new", "platform": "{}", "made": {}}).changes is False
    assert provider.diff("", old, {**old, "trigger": UNKNOWN, "platform": "{}", "made": {}}).changes is True


def test_what_platform_reads_is_sealed_and_its_secrets_are_checksums_only() -> None:
    report = studios(platformExtraEnv={"TOWER_SMTP_PASSWORD": "s3cr3t"})["studios-delivery-report"]
    assert report.secrets == {"platform"}
    assert "s3cr3t" in report.inputs["platform"]
    made = report.inputs["made"]
    assert set(made) == {"TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN", "data-studios-rsa.pem"}
    assert all(len(value) == 64 for value in made.values())
