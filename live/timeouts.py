"""A limit to the wait for work."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as _FutureTimeoutError  # another one than the builtin up to Python 3.10
from typing import TypeVar

_T = TypeVar("_T")


def with_timeout(seconds: float, work: Callable[[], _T]) -> _T:
    """What the work returns or raises; it goes on by itself if it takes longer.

    Raises:
        TimeoutError: it does.
    """
    future: Future[_T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    # No pool: one would wait for its threads at the end of the process.
    threading.Thread(target=run, daemon=True).start()
    try:
        return future.result(seconds)
    except (TimeoutError, _FutureTimeoutError):
        if future.done():
            raise
        raise TimeoutError from None
