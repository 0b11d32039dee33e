"""The table fits 80 columns but for what is copied, says what to do, and works without colours and beyond ASCII."""

from __future__ import annotations

import io

import pytest

from pipeline.verify.runner import Row
from pipeline.verify.table import Table

ROWS = [
    Row("a", "record, zone's servers", "holds", "example.com has connect.example.com and a2d57c29a.example.com"),
    Row("b", "proxy", "broken", "https://connect.example.com/ answers 502: " + "x" * 60, "look at " + "y" * 60),
    Row("c", "sign-in", "not checked", "not checked: needs proxy"),
    Row("d", "silent connections", "not asked", "wait beyond the 301 s: --long"),
]

EXPECTED = """\
Stack prod, checked from here
✓ record, zone's servers   example.com has connect.example.com and
                           a2d57c29a.example.com
✗ proxy                    https://connect.example.com/ answers 502:
                           xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
                           → look at
                             yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy
- sign-in                  not checked: needs proxy
· silent connections       wait beyond the 301 s: --long
Something does not hold: 1 hold, 1 do not, 1 not checked, 1 not asked.
"""


class Stream(io.StringIO):
    """A terminal, or not, that takes characters of one encoding."""

    def __init__(self, terminal: bool, encoding: str) -> None:
        super().__init__()
        self._terminal, self._encoding = terminal, encoding

    def isatty(self) -> bool:
        return self._terminal

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding


def written(terminal: bool = False, encoding: str = "utf-8") -> str:
    stream = Stream(terminal, encoding)
    table = Table(stream)
    table.heading("prod")
    for row in ROWS:
        table.row(row)
    table.summary(ROWS)
    return stream.getvalue()


def test_each_row_has_a_mark_a_finding_and_what_to_do() -> None:
    assert written() == EXPECTED


def test_a_value_is_cut_at_a_terminal_only_and_never_in_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    text = written(terminal=True)
    assert f"{'x' * 26}…{'x' * 26}\n" in text
    assert "x" * 27 not in text
    assert "y" * 60 in text
    assert "x" * 60 in written()


def test_a_line_is_longer_than_80_columns_only_for_a_value_to_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    longer = [line.strip() for line in written(terminal=True).splitlines() if len(line) > 80]
    assert longer == ["y" * 60]


def test_a_stream_of_ascii_gets_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    text = written(terminal=True, encoding="ascii")
    assert text.isascii()
    assert "X proxy " in text
    assert "xxx...xxx" in text
    assert "> look at" in text


def test_marks_are_in_colour_at_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[31m✗\x1b[0m proxy" in written(terminal=True)
    assert "\x1b" not in written()


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in written(terminal=True)


def test_the_summary_says_so_where_everything_holds() -> None:
    stream = Stream(terminal=False, encoding="utf-8")
    Table(stream).summary(ROWS[:1])
    assert stream.getvalue() == "Everything that was asked holds: 1 hold, 0 do not, 0 not checked, 0 not asked.\n"
