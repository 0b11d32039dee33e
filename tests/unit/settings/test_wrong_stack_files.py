"""Stack files that are wrong, each refused before any resource, with a message that a newcomer can act on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from settings.errors import SettingsError
from settings.parsing import parse_settings
from settings.releases import NEWEST_CONNECT, PLATFORM_RELEASES

RIGHT: dict[str, Any] = {
    "platformUrl": "https://example.com",
    "platformVersion": "25.3",
    "namespace": "platform-stage",
    "hostedZone": "example.com",
    "redisAddress": "redis:6379",
}
WRONG: dict[str, dict[str, Any]] = YAML(typ="safe", pure=True).load(Path(__file__).with_name("wrong_stacks.yml"))

HUGE: dict[str, tuple[str, str, str]] = {
    "a number of 5000 digits": ("proxyReplicas", "9" * 5000, "is too large a number; write a smaller one"),
    "a name of 100000 characters": ("ingressName", "a" * 100_000, "is too long; write 2048 characters or fewer"),
    "a version of 200 digits": (
        "connectVersion",
        "0." + "1" * 200,
        f"must be a version: two or three numbers with dots between, for example {NEWEST_CONNECT}",
    ),
    "a host longer than DNS allows": (
        "platformUrl",
        f"https://{'a.' * 148}com",
        "must be a domain name, for example example.com (in the host of the URL)",
    ),
    "a host that leaves no room for those of sessions": (
        "platformUrl",
        f"https://{'a.' * 100}example.com",
        (
            "has a host of 211 characters, and the hosts of sessions, under it, would be longer than DNS allows; "
            "write one of 189 or fewer"
        ),
    ),
}


def refusal(changes: dict[str, Any]) -> SettingsError:
    """What a user reads for a stack file; the engine hands its values over as texts."""
    values = {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in {**RIGHT, **changes}.items()
        if value is not None
    }
    with pytest.raises(SettingsError) as refused:
        parse_settings(values)
    return refused.value


def test_the_stack_file_without_the_mistakes_is_right() -> None:
    assert parse_settings(RIGHT).namespace == "platform-stage"


def test_there_are_at_least_eighty_of_them() -> None:
    assert len(WRONG) + len(HUGE) >= 80


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_stack_file_is_refused_with_what_to_write_instead(case: str) -> None:
    problems = refusal(WRONG[case]["stack"]).problems
    said = [message.replace("<releases>", ", ".join(PLATFORM_RELEASES)) for message in WRONG[case]["says"]]
    assert [str(problem).removeprefix("seqera-studios:") for problem in problems] == said


@pytest.mark.parametrize("case", HUGE)
def test_a_huge_value_is_refused_in_a_line_that_can_be_read(case: str) -> None:
    key, value, message = HUGE[case]
    text = str(refusal({key: value}))
    assert text.startswith(f'seqera-studios:{key}: "{value[:50]}')
    assert text.endswith(f"… {message}")
    assert len(text) < 400


def test_every_mistake_of_a_file_is_told_at_once() -> None:
    error = refusal({"proxyReplicas": 0, "hostedZone": "exаmple.com", "redisAddress": None, "colour": "blue"})  # noqa: RUF001
    assert sorted(problem.key for problem in error.problems) == [
        "colour",
        "hostedZone",
        "proxyReplicas",
        "redisAddress",
    ]
    assert error.text.splitlines()[0] == "4 settings need a change:"


def test_a_password_in_a_url_is_not_repeated() -> None:
    assert "hunter2" not in refusal({"redisAddress": "rediss://me:hunter2@redis:6379"}).text
