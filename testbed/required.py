"""What a run insists on: tests that are skipped elsewhere, for want of a program or of root, fail there instead.

``STUDIOS_REQUIRE=docker,node,ssh``, which CI sets, names the kinds.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

import pytest

VARIABLE: Final = "STUDIOS_REQUIRE"
KINDS: Final = ("docker", "node", "ssh")
_told = pytest.StashKey[list[str]]()


def is_required(kind: str) -> bool:
    """Whether the tests that need this have to run.

    Args:
        kind: one of :data:`KINDS`.

    Raises:
        pytest.UsageError: the variable names something else, which would be taken for fulfilled.
    """
    asked = {word.strip() for word in os.environ.get(VARIABLE, "").split(",")} - {""}
    if unknown := asked.difference(KINDS):
        raise pytest.UsageError(f"{VARIABLE}: {', '.join(sorted(unknown))} must be of {', '.join(KINDS)}")
    return kind in asked


def leave_out(config: pytest.Config, items: Sequence[pytest.Item], kind: str, called: str, reason: str) -> None:
    """Skips tests for want of something; one line at the end of the run says how many, and why.

    Args:
        config: of the run.
        items: the tests.
        kind: one of :data:`KINDS`.
        called: what they need, in a sentence: ``Docker``.
        reason: why this machine can't have it.

    Raises:
        pytest.UsageError: they have to run.
    """
    if is_required(kind):
        raise pytest.UsageError(f"{VARIABLE} asks for {called}, and {reason}")
    config.stash.setdefault(_told, []).append(f"Skipped tests on {called}: {len(items)}; {reason}")
    for item in items:
        item.add_marker(pytest.mark.skip(reason=reason))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Says in a line for each kind what was left out."""
    for line in config.stash.get(_told, []):
        terminalreporter.write_line(line, yellow=True)
