"""Tables of the demo: each row stays on one line of the terminal, and long values lose their middle."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

_GAP = 2
#: A log has no width, and a reader of it scrolls.
_WIDTH_OF_A_LOG = 140
_LEAST = 8


def shortened(text: str, width: int) -> str:
    """The text in at most ``width`` characters: of an ARN or a host, both ends tell more than the middle."""
    if len(text) <= width:
        return text
    tail = (width - 1) // 2
    return f"{text[: width - 1 - tail]}…{text[-tail:] if tail else ''}"


def widths(rows: Sequence[Sequence[str]], total: int) -> list[int]:
    """How wide each column may be, so that a line has at most ``total`` characters: the widest give way first."""
    wanted = [max(map(len, column)) for column in zip(*rows, strict=True)]
    room = total - _GAP * (len(wanted) - 1)
    while sum(wanted) > room and max(wanted) > _LEAST:
        wanted[wanted.index(max(wanted))] -= 1
    return wanted


def show(console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table under its title, as wide as the terminal, or of 140 characters where there is none."""
    if not console.is_terminal:
        console.width = _WIDTH_OF_A_LOG
    table = Table(title=f"\n{title}", title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, header_style="dim", no_wrap=True)
    limits = widths([columns, *rows], console.width)
    for row in rows:
        # Texts, since Rich would take "[secret]" for a style.
        table.add_row(*(Text(shortened(cell, limit)) for cell, limit in zip(row, limits, strict=True)))
    console.print(table)
