"""Runs work in parallel, and with a limit to the wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as _FutureTimeoutError  # another one than the builtin up to Python 3.10
from typing import Any, TypeVar

from settings.errors import Problem, SettingsError

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


def run_in_parallel(*work: Callable[[], Any]) -> tuple[list[Any], list[Problem]]:
    """What each of them returns, in their order, once all are done; and the problems that they have raised, each once.

    What has raised a problem returns None.
    """
    with ThreadPoolExecutor(max_workers=len(work)) as pool:
        futures = [pool.submit(each) for each in work]
    problems: list[Problem] = []
    for future in futures:
        error = future.exception()
        if isinstance(error, SettingsError):
            problems += error.problems
        elif error is not None:
            raise error
    results = [None if future.exception() else future.result() for future in futures]
    return results, list({str(problem): problem for problem in problems}.values())
