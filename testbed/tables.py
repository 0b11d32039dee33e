"""Tables of the demo, in 80 columns: prose is wrapped at its words, and an ARN or a host loses its middle."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import zip_longest

from rich.console import Console
from rich.text import Text

from pipeline.text import wrapped

_GAP = "  "
#: Where the output is not a terminal, unless COLUMNS says otherwise.
_WIDTH = 80
_LEAST = 8


def widths(rows: Sequence[Sequence[str]], total: int) -> list[int]:
    """How wide each column may be, so that a line has at most ``total`` characters: the widest give way first."""
    wanted = [max(map(len, column)) for column in zip(*rows, strict=True)]
    room = total - len(_GAP) * (len(wanted) - 1)
    while sum(wanted) > room and max(wanted) > _LEAST:
        wanted[wanted.index(max(wanted))] -= 1
    return wanted


def show(console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table under its title, as wide as the terminal."""
    total = console.width if console.is_terminal or "COLUMNS" in os.environ else _WIDTH
    limits = widths([columns, *rows], total)
    # Texts, since Rich would take "[secret]" for a style.
    console.print(Text(f"\n{title}", style="bold"))
    for number, row in enumerate([columns, *rows]):
        cells = [wrapped(cell, limit) for cell, limit in zip(row, limits, strict=True)]
        for parts in zip_longest(*cells, fillvalue=""):
            line = _GAP.join(f"{part:<{limit}}" for part, limit in zip(parts, limits, strict=True)).rstrip()
            console.print(Text(line, style="" if number else "dim"), soft_wrap=True)
