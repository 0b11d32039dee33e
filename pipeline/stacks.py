"""Which stacks are delivered: those with a file beside Pulumi.yaml."""

from __future__ import annotations

import re
from pathlib import Path

NOT_DELIVERED = frozenset({"compose", "dev", "local", "local-compose"})
"""The files that come with the program: one for each target to copy, and one for each on the testbed."""
_FILE = re.compile(r"Pulumi\.(?P<stack>.+)\.yaml")
#: What the engine allows in a name; it also keeps a file's name from meaning something to make or a shell.
_NAME = re.compile(r"[A-Za-z0-9_.-]+")


def stacks_in(folder: Path) -> list[str]:
    """The names of the stacks, sorted.

    Raises:
        ValueError: a file's name can be no stack's.
    """
    found = []
    for path in sorted(folder.glob("Pulumi.*.yaml")):
        match = _FILE.fullmatch(path.name)
        if match is None or match["stack"] in NOT_DELIVERED:
            continue
        if not _NAME.fullmatch(match["stack"]):
            raise ValueError(f"{path.name}: a stack's name has only letters, digits, '-', '_' and '.'; rename the file")
        found.append(match["stack"])
    return found
