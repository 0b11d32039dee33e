"""The demo's tables can be read in a terminal of 80 columns."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from testbed.tables import shortened, show

ARN = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"


@pytest.mark.parametrize(
    ("text", "width", "short"),
    [("short", 5, "short"), ("arn:aws:acm:…:certificate", 11, "arn:a…icate"), ("abcdef", 2, "a…"), ("abcdef", 1, "…")],
)
def test_a_long_value_keeps_both_ends(text: str, width: int, short: str) -> None:
    assert shortened(text, width) == short


def test_a_row_stays_on_one_line_of_80_columns() -> None:
    stream = io.StringIO()
    rows = [("certificateArn", ARN), ("registrationToken", "[secret]")]
    show(Console(file=stream, force_terminal=True, width=80, color_system=None), "Outputs", ("output", "value"), rows)
    lines = [line.rstrip() for line in stream.getvalue().splitlines()]
    assert [len(line) <= 80 for line in lines] == [True] * len(lines)
    assert lines[-2:] == ["certificateArn     " + shortened(ARN, 61), "registrationToken  [secret]"]


def test_a_log_gets_the_whole_value() -> None:
    stream = io.StringIO()
    show(Console(file=stream), "Outputs", ("output", "value"), [("certificateArn", ARN)])
    assert ARN in stream.getvalue()
