"""``python -m tests.bench [SECTION …]`` measures, and with ``--write`` puts the table into docs/bench.md.

Seconds say more about the machine than about the program; a ratio that grows says that the program has become slower.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from testbed import lifecycle, parts
from testbed.node import requirements
from tests.bench import document, node, previews
from tests.bench.rows import HEADINGS, SECTIONS, Measured

#: The sections that need the testbed, by the kind of its nodes.
_ON = {
    lifecycle.KWOK: {"preview": previews.preview, "stacks": previews.stacks},
    lifecycle.REAL: {"node": node.node},
}


def main() -> int:
    """Measures the chosen sections, prints the table, and returns 0 if every goal is met."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("section", nargs="*", choices=[*SECTIONS, []], help="what to measure (default: everything)")
    parser.add_argument("--rounds", type=int, default=3, help="how many pairs of runs a median is of (default: 3)")
    parser.add_argument("--write", action="store_true", help="write the table into docs/bench.md")
    given = parser.parse_args()
    measured = _measure(given.section or list(SECTIONS), given.rounds)
    machine, made_of = _machine(), _plugins()
    _show(measured, machine, made_of)
    if given.write:
        document.write(measured, machine, made_of)
    return 0 if all(each.good for each in measured) else 1


def _measure(sections: Sequence[str], rounds: int) -> list[Measured]:
    measured: list[Measured] = []
    if "load" in sections:
        measured += previews.load(rounds)
    for nodes, measures in _ON.items():
        wanted = [measures[section] for section in sections if section in measures]
        if not wanted:
            continue
        reason = requirements.missing() if nodes == lifecycle.REAL else None
        if reason:
            print(f"left out: {reason}", file=sys.stderr)  # noqa: T201
            continue
        lifecycle.down()
        lifecycle.up(nodes)
        try:
            for measure in wanted:
                with tempfile.TemporaryDirectory() as folder:
                    measured += measure(rounds, Path(folder))
        finally:
            lifecycle.down()
    return measured


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    python = platform.python_version()
    return f"{os.cpu_count()} processors ({_processor()}), {memory:.0f} GiB of memory, Python {python}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _plugins() -> str:
    return "; ".join(
        f"{part.name} {part.version or '(stand-in)'}" for part in parts.parts() if part.name.startswith("Pulumi")
    )


def _show(measured: Sequence[Measured], machine: str, made_of: str) -> None:
    console = Console(highlight=False)
    console.print(f"{machine}\n{made_of}", soft_wrap=True)
    table = Table(*HEADINGS, box=None, pad_edge=False)
    for each in measured:
        table.add_row(*each.cells)
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
