"""Where the owner's files set a variable of a service, for a message."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from studios_host.compose import Compose


def place(compose: Compose, service: str, name: str, *, environment_files: bool = True) -> str:
    """Returns the line and the file in parentheses, with a space before; empty where it is not found.

    The service's own lines of the compose files count first, then those of its files of variables, and then any line
    of the compose files, which has it by an anchor, or of those beside them, which are included.
    """
    paths = [Path(path) for path in compose.source.config_files]
    own = list(_in_service(paths, service, name))
    if not own and environment_files:
        found = [Path(path) for path in compose.environment_files(service) or ()] or _variables_beside(compose)
        own = list(_lines(found, re.compile(rf"^\s*(?:export\s+)?{re.escape(name)}\s*[=:]")))
    if not own:
        beside = sorted(Path(compose.project.working_dir).glob("*.y*ml"))
        own = list(_lines([*(path for path in beside if path not in paths), *paths], _word(name)))
    return f" (line {own[-1][0]} of {own[-1][1]})" if own else ""


def _in_service(paths: Sequence[Path], service: str, name: str) -> Iterator[tuple[int, Path]]:
    head = re.compile(rf"^(\s+)[\"']?{re.escape(service)}[\"']?\s*:")
    for path in paths:
        depth = None
        for number, line in _numbered(path):
            if not line.strip():
                continue
            found = head.match(line)
            if depth is None or len(line) - len(line.lstrip()) <= depth:
                depth = len(found[1]) if found else None
            if depth is not None and _word(name).search(line):
                yield number, path


def _lines(paths: Sequence[Path], pattern: re.Pattern[str]) -> Iterator[tuple[int, Path]]:
    for path in paths:
        for number, line in _numbered(path):
            if pattern.search(line):
                yield number, path


def _numbered(path: Path) -> Iterator[tuple[int, str]]:
    """Lines without their comments."""
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return
    for number, line in enumerate(text.splitlines(), 1):
        yield number, re.sub(r"(^|\s)#.*", "", line)


def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w$]){re.escape(name)}(?!\w)")


def _variables_beside(compose: Compose) -> list[Path]:
    folder = Path(compose.project.working_dir)
    return [path for pattern in ("*.env", "*/*.env", "*/*/*.env") for path in sorted(folder.glob(pattern))]
