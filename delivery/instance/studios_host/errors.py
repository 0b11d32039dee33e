"""How a run ends that does nothing more."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

_Result = TypeVar("_Result")


class RefusedError(Exception):
    """The run stops here; the message says why, and what to do."""


class PutBackError(RefusedError):
    """The run had begun to change something; the message says what became of it."""


def reason_of(error: OSError, folder: object) -> str:
    """The path that the system refused, and why; `folder` is where no path is known."""
    path = error.filename2 or error.filename or folder
    if error.errno == errno.EBUSY:
        return f"{path} is mounted by itself on this host, so that no file can be moved there; mount its folder instead"
    if error.errno == errno.ENOSPC:
        return f"{path}: {error.strerror}; free some on its file system"
    return f"{path}: {error.strerror}"


_MAX_NAMES = 12
"""Names in one message: Systems Manager keeps 8,000 characters of all of them."""


def shortened(names: Sequence[str]) -> str:
    """Names with commas between, of a long list the first ones."""
    left = len(names) - _MAX_NAMES
    return ", ".join([*names[:_MAX_NAMES], *([f"and {left} more"] if left > 0 else [])])


class Problems:
    """What keeps a run from beginning, to be told together: whoever mends one wants to know the next one, too."""

    def __init__(self) -> None:
        self._found: list[str] = []

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, messages: Iterable[str]) -> None:
        """Adds messages, each with what to do."""
        self._found += messages

    @contextlib.contextmanager
    def collected(self) -> Iterator[None]:
        """Adds what is refused within, which ends there."""
        try:
            yield
        except RefusedError as refused:
            self._found.append(str(refused))

    def unless_any(self, result: _Result | None) -> _Result:
        """Returns what was found if there are no problems.

        Raises:
            RefusedError: with all of them.
        """
        if self._found or result is None:
            listed = [f"{number}. {message}" for number, message in enumerate(self._found, 1)]
            raise RefusedError("\n".join([f"{len(listed)} problems:", *listed]) if listed[1:] else "".join(self._found))
        return result
