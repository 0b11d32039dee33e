from __future__ import annotations

from testbed.loadbalancer.controller import Progress


def test_a_group_that_fails_is_tried_again_after_one_second_then_twice_as_long_up_to_fifteen() -> None:
    progress = Progress()
    delays = []
    for _ in range(6):
        progress.failed(now=100.0)
        delays.append(progress.due - 100.0)
    assert delays == [1.0, 2.0, 4.0, 8.0, 15.0, 15.0]


def test_after_a_success_the_next_failure_is_tried_again_after_one_second() -> None:
    progress = Progress(failures=5)
    progress.succeeded(now=100.0)
    assert progress.due == 160.0
    progress.failed(now=200.0)
    assert progress.due == 201.0
