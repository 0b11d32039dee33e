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


def table(folder: Path, stacks: list[str]) -> str:
    """The stacks for a reader: where each puts Studios, and for which Platform.

    Args:
        folder: with their files.
        stacks: their names.
    """
    if not stacks:
        return "No stack has a file yet. `cp Pulumi.dev.yaml Pulumi.prod.yaml` makes one for EKS, to be filled in."
    rows = [("stack", "target", "namespace or folder", "Platform")]
    for name in stacks:
        text = (folder / f"Pulumi.{name}.yaml").read_text(encoding="utf-8", errors="replace")
        place = _written(text, "namespace") or _written(text, "composeFolder") or "not set"
        target, version = _written(text, "target") or "kubernetes", _written(text, "platformVersion") or "not set"
        rows.append((name, target, place, version))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _written(text: str, key: str) -> str:
    """A value in a stack's file, as far as one line tells: the commands of the workflows run without a YAML parser."""
    found = re.search(rf"^  seqera-studios:{key}:[ \t]*[\"']?([^\"'#\s]+)", text, re.MULTILINE)
    return found[1] if found else ""


UNKNOWN = "no stack named"
"""What the engine says of a stack that does not exist."""


def missing(stack: str, folder: Path) -> str:
    """What to do about a stack that does not exist: its name, those that have a file, and the commands."""
    file = f"Pulumi.{stack.rpartition('/')[2]}.yaml"
    others = [path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in sorted(folder.glob("Pulumi.*.yaml"))]
    known = [name for name in others if name not in NOT_DELIVERED and f"Pulumi.{name}.yaml" != file]
    name_one = f"write one that has a file, STACK={' or STACK='.join(known)}, or " if known else "to "
    copy = "" if (folder / file).exists() else f"`cp Pulumi.dev.yaml {file}`, fill it in, and "
    return f"there is no stack {stack}; {name_one}make it: {copy}`pulumi stack init {stack}`"
