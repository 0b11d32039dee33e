"""The structural comparison behind every stand-in's detailed diff.

Paths are Pulumi property paths: ``spec.ports[0].name``, ``metadata.labels["app.kubernetes.io/name"]``. A pattern, as
:func:`replacing_paths` takes it, is such a path in which ``[*]`` (or ``*``) stands for any key or index; it covers the
property itself and all that lies below it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from testbed.plugins.provider import DiffResult, Properties, Unknown

Path = tuple[str | int, ...]

ADD: Final = "add"
DELETE: Final = "delete"
UPDATE: Final = "update"

_WILDCARD: Final = "*"
_TOKEN: Final = re.compile(
    r"""\[ (?: "(?P<quoted>(?:[^"\\]|\\.)*)" | (?P<index>\d+) | (?P<any>\*) ) \]
      | \.? (?P<key>[^.\[\]"]+)""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Change:
    """One difference: where, of which kind, and both values (None for a side that has none)."""

    path: Path
    kind: str
    old: Any
    new: Any


def render_path(path: Path) -> str:
    """``("tags", "a.b", 0)`` as ``tags["a.b"][0]``: quoted only where the engine's own parser needs it."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif not step or any(character in step for character in '."[]') or step == _WILDCARD:
            escaped = step.replace("\\", "\\\\").replace('"', '\\"')
            text += f'["{escaped}"]'
        else:
            text += f".{step}" if text else step
    return text


def parse_path(text: str) -> Path:
    """The steps of a path or pattern; a wildcard comes out as ``"*"``.

    Raises:
        ValueError: ``text`` is not a property path.
    """
    steps: list[str | int] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"{text!r} is not a property path: see character {position + 1}")
        if match["quoted"] is not None:
            steps.append(re.sub(r"\\(.)", r"\1", match["quoted"]))
        elif match["index"] is not None:
            steps.append(int(match["index"]))
        else:
            steps.append(match["any"] or match["key"])
        position = match.end()
    return tuple(steps)


def changes(old: Any, new: Any) -> list[Change]:
    """Every difference between two values, at the deepest path that both share.

    A key with the value None counts as absent, as the engine has it. Anything unknown differs. Lists are compared
    position by position.
    """
    return list(_compare((), old, new))


def diff_properties(old: Properties, new: Properties, ignore: Iterable[str] = ()) -> dict[str, str]:
    """The detailed diff: property path to ``add``, ``delete`` or ``update``.

    ``ignore`` holds patterns of what is not to be compared.
    """
    ignored = [parse_path(pattern) for pattern in ignore]
    return {
        render_path(change.path): change.kind
        for change in changes(old, new)
        if not any(_covers(pattern, change.path) for pattern in ignored)
    }


def replacing_paths(old: Properties, new: Properties, patterns: Collection[str]) -> list[str]:
    """The paths of :func:`diff_properties` with a change that replaces the resource.

    A change counts when it lies at or below a pattern, and also when a whole branch came or went that holds something
    a pattern names: adding ``spec`` with a ``selector`` in it is a change of ``spec.selector``.
    """
    parsed = [parse_path(pattern) for pattern in patterns]
    return [
        render_path(change.path)
        for change in changes(old, new)
        if any(_covers(pattern, change.path) or _holds(change, pattern) for pattern in parsed)
    ]


def detailed_diff(
    old: Properties,
    new: Properties,
    replace_on: Collection[str] = (),
    ignore: Iterable[str] = (),
    delete_before_replace: bool = False,
) -> DiffResult:
    """:func:`diff_properties` and :func:`replacing_paths` as the answer of :meth:`Provider.diff`.

    ``delete_before_replace`` is what to say when something replaces; an in-place update never asks for it.
    """
    detailed = diff_properties(old, new, ignore)
    replaces = [path for path in replacing_paths(old, new, replace_on) if path in detailed]
    return DiffResult(detailed, replaces, delete_before_replace and bool(replaces))


def _compare(path: Path, old: Any, new: Any) -> Iterator[Change]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from _compare_entry((*path, key), old.get(key), new.get(key))
    elif isinstance(old, list) and isinstance(new, list):
        shared = min(len(old), len(new))
        for index in range(shared):
            yield from _compare((*path, index), old[index], new[index])
        for index in range(shared, len(new)):
            yield Change((*path, index), ADD, None, new[index])
        for index in range(shared, len(old)):
            yield Change((*path, index), DELETE, old[index], None)
    elif not _same_scalar(old, new):
        yield Change(path, UPDATE, old, new)


def _compare_entry(path: Path, old: Any, new: Any) -> Iterator[Change]:
    if old is None and new is None:
        return
    if old is None:
        yield Change(path, ADD, None, new)
    elif new is None:
        yield Change(path, DELETE, old, None)
    else:
        yield from _compare(path, old, new)


def _same_scalar(old: Any, new: Any) -> bool:
    if isinstance(old, Unknown) or isinstance(new, Unknown):
        return False
    # Python has True == 1; for the engine a boolean is not a number.
    return isinstance(old, bool) == isinstance(new, bool) and bool(old == new)


def _covers(pattern: Path, path: Path) -> bool:
    return len(pattern) <= len(path) and all(
        wanted in (_WILDCARD, step) for wanted, step in zip(pattern, path, strict=False)
    )


def _holds(change: Change, pattern: Path) -> bool:
    depth = len(change.path)
    if not _covers(pattern[:depth], change.path):
        return False
    return any(_reaches(value, pattern[depth:]) for value in (change.old, change.new))


def _reaches(value: Any, pattern: Path) -> bool:
    if isinstance(value, Unknown):
        return True
    if not pattern:
        return value is not None
    step, rest = pattern[0], pattern[1:]
    if isinstance(value, dict):
        return any(_reaches(item, rest) for key, item in value.items() if step in (_WILDCARD, key))
    if isinstance(value, list):
        return any(_reaches(item, rest) for index, item in enumerate(value) if step in (_WILDCARD, index))
    return False
