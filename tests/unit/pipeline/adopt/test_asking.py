"""The question of an adoption: only a typed yes is taken, and lines fit a terminal."""

from __future__ import annotations

import builtins
import shutil
import sys

import pytest

from pipeline.adopt.stack import agreed, say, tell_next_steps


@pytest.mark.parametrize(("typed", "is_yes"), [("yes", True), ("no", False), ("y", False), ("", False), (None, False)])
def test_only_a_typed_yes_is_taken_and_the_end_of_the_input_is_a_no(
    typed: str | None, is_yes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        if typed is None:
            raise EOFError
        return typed

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(builtins, "input", answer)
    assert agreed("Take it into the stack") is is_yes
    assert asked == ["Take it into the stack? Only yes is taken: "]


def test_nothing_is_asked_where_nobody_can_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)
    assert not agreed("Take it into the stack")


def test_lines_are_wrapped_for_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "adopt: Deployment/studios-proxy belongs to the Helm release studios, which would create it again; remove it"
    say(text)
    assert capsys.readouterr().out == f"{text}\n"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: type("Size", (), {"columns": 80}))
    say(text)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert " ".join(map(str.strip, lines)) == text


def test_the_next_steps_fit_into_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    tell_next_steps("acme/prod", "once sessions are reached through the new load balancer")
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "  make adopt STACK=acme/prod REMOVE=old" in lines
