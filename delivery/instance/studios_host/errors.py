"""How a run ends that does nothing more."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import TypeVar

_Result = TypeVar("_Result")


class RefusedError(Exception):
    """The run stops here; the message says why, and what to do."""


class PutBackError(RefusedError):
    """The run had begun to change something; the message says what became of it."""


class Problems:
    """What keeps a run from beginning, to be told together: whoever mends one wants to know the next one, too."""

    def __init__(self) -> None:
        self._found: list[str] = []

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
