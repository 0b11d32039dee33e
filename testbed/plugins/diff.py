"""The structural comparison behind every stand-in's detailed diff.

Paths are Pulumi property paths: ``spec.ports[0].name``, ``metadata.labels["app.kubernetes.io/name"]``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from testbed.plugins.provider import DiffResult, Properties, Unknown

Path = tuple[str | int, ...]


def render_path(path: Path) -> str:
    """``("tags", "a.b", 0)`` as ``tags["a.b"][0]``: quoted only where the engine's own parser needs it."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif not step or any(character in step for character in '."[]') or step == "*":
            escaped = step.replace("\\", "\\\\").replace('"', '\\"')
            text += f'["{escaped}"]'
        else:
            text += f".{step}" if text else step
    return text


def detailed_diff(
    old: Properties, new: Properties, replace_on: Collection[str] = (), delete_before_replace: bool = False
) -> DiffResult:
    """Every difference, at the deepest path that both share, as a provider answers with it.

    A key with the value None counts as absent, as the engine has it. Anything unknown differs. Lists are compared
    position by position.

    Args:
        old: what there is.
        new: what is wanted.
        replace_on: the top-level properties of which any change makes another resource.
        delete_before_replace: what to say when something replaces; an in-place update never asks for it.
    """
    changes = list(_compare((), old, new))
    replaces = [render_path(path) for path, _ in changes if path[0] in replace_on]
    detailed = {render_path(path): kind for path, kind in changes}
    return DiffResult(detailed, replaces, delete_before_replace and bool(replaces))


def _compare(path: Path, old: Any, new: Any) -> Iterator[tuple[Path, str]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from _compare_entry((*path, key), old.get(key), new.get(key))
    elif isinstance(old, list) and isinstance(new, list):
        shared = min(len(old), len(new))
        for index in range(shared):
            yield from _compare((*path, index), old[index], new[index])
        yield from (((*path, index), "add") for index in range(shared, len(new)))
        yield from (((*path, index), "delete") for index in range(shared, len(old)))
    elif not _same_scalar(old, new):
        yield path, "update"


def _compare_entry(path: Path, old: Any, new: Any) -> Iterator[tuple[Path, str]]:
    if old is None or new is None:
        if old is not new:
            yield path, "add" if old is None else "delete"
        return
    yield from _compare(path, old, new)


def _same_scalar(old: Any, new: Any) -> bool:
    if isinstance(old, Unknown) or isinstance(new, Unknown):
        return False
    # Python has True == 1; for the engine a boolean is not a number.
    return isinstance(old, bool) == isinstance(new, bool) and bool(old == new)
