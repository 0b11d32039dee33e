"""Compares a preview of Studios with the least that any Pulumi program costs on the same machine, in the same run.

Seconds say more about the machine than about the program; a ratio that grows says that the program has become slower.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from testbed import lifecycle, paths
from testbed.demo import STACK

ROUNDS = 3
EMPTY = {"Pulumi.yaml": "name: empty\nruntime:\n  name: python\n  options:\n    virtualenv: .venv\n", "__main__.py": ""}


def main() -> None:
    """Prints the table. The stack of ``make demo`` must be up."""
    variables = {**os.environ, **lifecycle.environment()}
    with tempfile.TemporaryDirectory() as folder:
        empty = _empty_project(Path(folder), variables)
        preview = ["pulumi", "preview", "--non-interactive", "--stack"]
        python = [sys.executable, "-c"]
        least = _median([*preview, "empty"], empty, variables)
        sdk = _median([*python, "import pulumi"], paths.CHECKOUT, variables)
        rows = {
            "a preview without changes, to one of an empty program": (
                _median([*preview, STACK], paths.CHECKOUT, variables),
                least,
            ),
            "loading the program, to loading Pulumi's SDK": (
                _median([*python, "import components.studios, settings.loader"], paths.CHECKOUT, variables),
                sdk,
            ),
            "loading the Kubernetes client, to loading Pulumi's SDK": (
                _median([*python, "import kubernetes.client"], paths.CHECKOUT, variables),
                sdk,
            ),
        }
        remove = ["pulumi", "stack", "rm", "empty", "--yes", "--non-interactive"]
        subprocess.run(remove, cwd=empty, env=variables, check=True, capture_output=True)
    table = Table("what", "ratio", "seconds", box=None, pad_edge=False)
    for what, (ours, theirs) in rows.items():
        table.add_row(what, f"{ours / theirs:.1f}", f"{ours:.2f} / {theirs:.2f}")
    Console().print(table)


def _empty_project(folder: Path, variables: Mapping[str, str]) -> Path:
    for name, text in EMPTY.items():
        (folder / name).write_text(text)
    (folder / ".venv").symlink_to(paths.CHECKOUT / ".venv")
    command = ["pulumi", "stack", "select", "--create", "empty", "--non-interactive"]
    subprocess.run(command, cwd=folder, env=variables, check=True, capture_output=True)
    return folder


def _median(command: Sequence[str], folder: Path, variables: Mapping[str, str]) -> float:
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        subprocess.run(command, cwd=folder, env=variables, check=True, capture_output=True)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
