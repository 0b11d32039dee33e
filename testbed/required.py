"""What a run insists on: tests that are skipped elsewhere, for want of a program or of root, fail there instead.

``STUDIOS_REQUIRE=docker,node,ssh``, which CI sets, names the kinds.
"""

from __future__ import annotations

import os
from typing import Final

import pytest

VARIABLE: Final = "STUDIOS_REQUIRE"
KINDS: Final = ("docker", "node", "ssh")


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
