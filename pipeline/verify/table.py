"""The table of `verify`: 80 columns, a row as soon as it is known; what may be copied is longer than that."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TextIO

from pipeline.text import wrapped
from pipeline.verify.runner import Row, State, all_hold

WIDTH = 80
TITLE_WIDTH = 24
_MARK_WIDTH = 2
_INDENT = " " * (_MARK_WIDTH + TITLE_WIDTH + 1)
_TEXT_WIDTH = WIDTH - len(_INDENT)

_MARKS: Mapping[State, str] = {"holds": "✓", "broken": "✗", "not checked": "-", "not asked": "·"}
_PLAIN_MARKS: Mapping[State, str] = {"holds": "+", "broken": "X", "not checked": "-", "not asked": "."}
_COLORS: Mapping[State, str] = {"holds": "32", "broken": "31", "not checked": "33", "not asked": "2"}


class Table:
    """Writes rows to a stream.

    Args:
        stream: marks are in colour where it is a terminal and NO_COLOR is unset, and ASCII where it can't take others.
            At a terminal a long word of a finding loses its middle; in a pipe, and in what to do, it is whole.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._color = self._is_terminal and not os.environ.get("NO_COLOR")
        self._marks = _MARKS if _can_write(stream, "".join(_MARKS.values()) + "→…") else _PLAIN_MARKS
        self._left_out = "…" if self._marks is _MARKS else "..."

    def heading(self, stack: str) -> None:
        """Writes what is checked."""
        print(f"Stack {stack}, checked from here", file=self._stream, flush=True)

    def row(self, row: Row) -> None:
        """Writes a row."""
        for line in self._lines(row):
            print(line, file=self._stream, flush=True)

    def _lines(self, row: Row) -> Iterator[str]:
        mark = self._marks[row.state]
        if self._color:
            mark = f"\x1b[{_COLORS[row.state]}m{mark}\x1b[0m"
        first, *rest = wrapped(row.finding, _TEXT_WIDTH, self._left_out, whole=not self._is_terminal)
        yield f"{mark} {row.title:<{TITLE_WIDTH}} {first}".rstrip()
        yield from (_INDENT + line for line in rest)
        if row.mend:
            arrow = "→" if self._marks is _MARKS else ">"
            yield from (
                f"{_INDENT}{arrow if number == 0 else ' '} {line}"
                for number, line in enumerate(wrapped(row.mend, _TEXT_WIDTH - 2, whole=True))
            )

    def summary(self, rows: Sequence[Row]) -> None:
        """Writes the last line."""
        counts = [f"{sum(row.state == state for row in rows)} {words}" for state, words in _WORDS.items()]
        verdict = "Everything that was asked holds" if all_hold(rows) else "Something does not hold"
        print(f"{verdict}: {', '.join(counts)}.", file=self._stream, flush=True)


_WORDS: Mapping[State, str] = {
    "holds": "hold",
    "broken": "do not",
    "not checked": "not checked",
    "not asked": "not asked",
}


def _can_write(stream: TextIO, text: str) -> bool:
    try:
        text.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
