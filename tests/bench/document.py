"""docs/bench.md: the table of the last ``make bench``, the machine, and the plugins."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence

from testbed import paths
from tests.bench.rows import HEADINGS, NODE_UP, PREVIEW_PLAIN, Compared, Measured

PATH = paths.CHECKOUT / "docs" / "bench.md"
_BEGIN, _END = "<!-- measured by make bench -->", "<!-- end of what make bench measured -->"


def write(measured: Sequence[Measured], machine: str, made_of: str) -> None:
    """Puts the table into the document, in the place of the one before."""
    today = datetime.datetime.now(datetime.timezone.utc).date()
    lines = [
        _BEGIN,
        *_row(HEADINGS),
        *_row("-" for _ in HEADINGS),
        *(line for each in measured for line in _row(each.cells)),
        "",
        f"Measured on {today} on {machine}. {made_of}.",
        _END,
    ]
    before, _, rest = PATH.read_text().partition(_BEGIN)
    PATH.write_text(before + "\n".join(lines) + rest.partition(_END)[2])


def _row(cells: Iterable[str]) -> list[str]:
    return [f"| {' | '.join(cells)} |"]


def table() -> str:
    """The table that the document has."""
    return PATH.read_text().partition(_BEGIN)[2].partition(_END)[0].strip()


def rows() -> list[list[str]]:
    """Its rows, a list of cells each."""
    lines = [line for line in table().splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def quoted() -> str:
    """What the README quotes of the table: two rows, each with its time and its ratio."""
    quoted = [each for row in (PREVIEW_PLAIN, NODE_UP) for each in _quoted(row)]
    return f"in `make bench`, {'; '.join(quoted)}" if quoted else "run `make bench`"


def _quoted(row: Compared) -> Iterator[str]:
    for what, theirs, seconds, _, ratio, _ in rows():
        if (what, theirs) == (row.ours, row.theirs):
            yield f"{what} takes {seconds}, {float(ratio):.1f} times {theirs}"
