"""Surveys run side by side, and their problems are told together."""

from __future__ import annotations

import threading
import time

import pytest

from live.timeouts import with_timeout
from settings.errors import Problem, SettingsError
from survey.concurrency import run_in_parallel


def refusing(*keys: str) -> None:
    raise SettingsError([Problem(key, [1], "is wrong") for key in keys])


def test_the_problems_of_all_are_told_each_once_in_order() -> None:
    results, problems = run_in_parallel(lambda: refusing("a", "b"), lambda: 7, lambda: refusing("b", "c"))
    assert [problem.key for problem in problems] == ["a", "b", "c"]
    assert results == [None, 7, None]


def test_what_all_return_comes_in_order_though_they_run_at_once() -> None:
    together = threading.Barrier(2, timeout=5)

    def work(answer: str) -> str:
        together.wait()
        return answer

    assert run_in_parallel(lambda: work("first"), lambda: work("second")) == (["first", "second"], [])


def test_an_error_of_the_program_is_not_hidden_by_problems() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_in_parallel(lambda: refusing("a"), fail)


def test_work_that_takes_too_long_is_left_to_itself() -> None:
    before = time.monotonic()
    with pytest.raises(TimeoutError):
        with_timeout(0.05, lambda: time.sleep(2))
    assert time.monotonic() - before < 1
    assert with_timeout(2, lambda: 3) == 3
    with pytest.raises(LookupError):
        with_timeout(2, lambda: dict[str, int]()["x"])
