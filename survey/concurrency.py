"""Runs work in parallel."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from settings.errors import Problem, SettingsError


def run_in_parallel(*work: Callable[[], Any]) -> tuple[list[Any], list[Problem]]:
    """What each of them returns, in their order, once all are done; and the problems that they have raised, each once.

    What has raised a problem returns None. Each runs in the context of the caller, by which Pulumi knows the stack.
    """
    with ThreadPoolExecutor(max_workers=len(work)) as pool:
        futures = [pool.submit(copy_context().run, each) for each in work]
    problems: list[Problem] = []
    for future in futures:
        error = future.exception()
        if isinstance(error, SettingsError):
            problems += error.problems
        elif error is not None:
            raise error
    results = [None if future.exception() else future.result() for future in futures]
    return results, list({str(problem): problem for problem in problems}.values())
