"""Which stacks are delivered: those with a file beside Pulumi.yaml; and what to do about one that does not exist."""

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


UNKNOWN = "no stack named"
"""What the engine says of a stack that does not exist."""


def missing(stack: str, folder: Path) -> str:
    """What to do about a stack that does not exist: its name, those that have a file, and the commands."""
    others = [path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in sorted(folder.glob("Pulumi.*.yaml"))]
    known = [name for name in others if name not in NOT_DELIVERED and name != stack]
    name_one = f"write one that has a file, STACK={' or STACK='.join(known)}, or " if known else "to "
    copy = "" if stack in others else f"`cp Pulumi.dev.yaml Pulumi.{stack}.yaml`, fill it in, and "
    return f"there is no stack {stack}; {name_one}make it: {copy}`pulumi stack init {stack}`"
