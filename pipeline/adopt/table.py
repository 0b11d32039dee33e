"""The table of an adoption, in lines of 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pipeline.adopt.plan import Row
from pipeline.text import shortened, wrapped

_WIDTH = 80
_WIDTHS = (28, 8, 40)


def table(rows: Iterable[Row]) -> Iterator[str]:
    """The lines: what it is, what becomes of it, and how."""
    yield _line("what", "", "what becomes of it")
    yield "─" * _WIDTH
    for row in rows:
        cells = [wrapped(text, width) for text, width in zip((row.what, row.fate, row.how), _WIDTHS, strict=True)]
        for place in range(max(map(len, cells))):
            yield _line(*(cell[place] if place < len(cell) else "" for cell in cells))


def settings_lines(settings: Mapping[str, Any], file: str) -> Iterator[str]:
    """What is written into the stack's file, a line a setting."""
    yield f"Written into {file}:"
    for key, value in sorted(settings.items()):
        line = f"  {key}: {'(taken out)' if value is None else value}"
        yield shortened(line, _WIDTH)


def _line(*cells: str) -> str:
    return "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip()
