"""The demo's tables can be read in 80 columns, at a terminal and in a log."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from pipeline.text import shortened
from testbed.tables import show

ARN = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"


def shown(*rows: tuple[str, str], terminal: bool = False) -> list[str]:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=terminal, width=80, color_system=None)
    show(console, "Outputs", ("output", "value"), rows)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize("terminal", [True, False])
def test_a_table_has_80_columns_at_a_terminal_and_in_a_log(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    lines = shown(("certificateArn", ARN), ("registrationToken", "[secret]"), terminal=terminal)
    assert lines[1:] == [
        "Outputs",
        "output             value",
        "certificateArn     " + shortened(ARN, 61),
        "registrationToken  [secret]",
    ]


def test_a_log_is_as_wide_as_its_reader_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    stream = io.StringIO()
    show(Console(file=stream), "Outputs", ("output", "value"), [("certificateArn", ARN)])
    assert ARN in stream.getvalue()
