"""The state of a stack in a folder (``pulumi login file://…``), after a kill in the middle of writing it."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote, urlsplit

UNREADABLE = "failed to load checkpoint"
"""What the engine says then, about a state that is whole."""
#: The engine's storage library keeps a content type beside each file, and doesn't write that one in one go.
_SUFFIX = ".attrs"


def mend(backend: str, stack: str) -> list[Path]:
    """Removes what is cut off beside the stack's files, which can be read without it, and returns what was removed.

    Args:
        backend: the URL that ``pulumi whoami --json`` tells.
        stack: the stack's name, or ``organization/project/name``.
    """
    url = urlsplit(backend)
    if url.scheme != "file":
        return []
    name = stack.rpartition("/")[2]
    stacks = Path(unquote(url.path)) / ".pulumi" / "stacks"
    cut_off = [path for path in sorted(stacks.rglob(f"{name}.json*{_SUFFIX}")) if not _is_whole(path)]
    for path in cut_off:
        path.unlink()
    return cut_off


def _is_whole(path: Path) -> bool:
    try:
        json.loads(path.read_text())
    except ValueError:
        return False
    return True
