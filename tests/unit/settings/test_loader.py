"""Settings come from the stack's configuration, and problems go to the engine as one text."""

from __future__ import annotations

from contextvars import copy_context

import pulumi
import pytest
from pulumi.runtime import config as stack_config

from settings.loader import load_settings, reporting_problems
from settings.model import Settings

LEAST = {
    "seqera-studios:platformUrl": "https://example.com",
    "seqera-studios:platformVersion": "25.3",
    "seqera-studios:namespace": "platform-stage",
    "seqera-studios:redisAddress": "redis:6379",
    "seqera-studios:hostedZone": "example.com",
    "aws:region": "us-east-1",
}


def loaded(config: dict[str, str], secret_keys: list[str]) -> Settings:
    def load() -> Settings:
        stack_config.set_all_config(config, secret_keys)
        return load_settings()

    return copy_context().run(load)


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULUMI_CONFIG", raising=False)


def test_the_projects_own_keys_are_read_and_those_of_providers_are_left_alone() -> None:
    assert loaded(LEAST, []).namespace == "platform-stage"


def test_an_encrypted_password_is_accepted() -> None:
    settings = loaded({**LEAST, "seqera-studios:redisPassword": "hunter2"}, ["seqera-studios:redisPassword"])
    assert settings.redis_password is not None


def test_problems_are_one_error_of_the_engine_with_the_keys_as_written(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "error", said.append)
    with pytest.raises(SystemExit) as caught, reporting_problems():
        loaded({**LEAST, "seqera-studios:connectUrl": "http://x", "seqera-studios:nmespace": "y"}, [])
    assert "".join(said) == (
        "2 settings need a change:\n"
        "  seqera-studios:nmespace: is not a setting; did you mean namespace?\n"
        '  seqera-studios:connectUrl: "http://x" is not https; write https://x'
    )
    assert caught.value.code == 32
