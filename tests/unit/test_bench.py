"""What the benchmark makes of its numbers, and that its document has rows that the command measures."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bench import document, node, rows
from tests.bench.rows import Compared, paired


def test_the_document_has_rows_that_the_command_measures_in_their_order_with_their_goals() -> None:
    found = [(what, theirs, goal.removesuffix(", missed")) for what, theirs, *_, goal in document.rows()]
    declared = [(row.ours, row.theirs, "" if row.goal is None else f"{row.goal:g}") for row in rows.ROWS]
    assert found == [row for row in declared if row in found]


def test_the_document_says_which_goals_are_missed() -> None:
    for *_, ratio, goal in document.rows():
        if goal:
            limit, _, missed = goal.partition(", ")
            assert (missed == "missed") == (float(ratio) > float(limit)), (ratio, goal)


def test_a_row_has_the_medians_of_both_sides_and_that_of_the_ratios_of_the_pairs() -> None:
    measured = Compared("preview", "this", "that", 1.5).of([(2.0, 1.0), (30.0, 10.0), (4.0, 4.0)])
    assert measured.cells == ("this", "that", "4.00 s", "4.00 s", "2.00", "1.5, missed")
    assert not measured.good


def test_runs_are_taken_in_turns_after_a_first_pair_that_does_not_count() -> None:
    taken: list[str] = []

    def measure(side: str) -> float:
        taken.append(side)
        return float(len(taken))

    assert paired(lambda: measure("ours"), lambda: measure("theirs"), 2) == [(3.0, 4.0), (5.0, 6.0)]
    assert taken == ["ours", "theirs"] * 3


def _pod(uid: str, *, ready: bool = False, ending: bool = False) -> dict[str, Any]:
    metadata = {"name": uid, "uid": uid, "labels": {"app": "cron"}, **({"deletionTimestamp": "now"} if ending else {})}
    return {"metadata": metadata, "status": {"conditions": [{"type": "Ready", "status": str(ready)}]}}


def test_a_restart_takes_from_the_first_new_pod_to_the_last_ready_one(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([10.0, 20.0, 25.0, 31.0, 40.0])
    monkeypatch.setattr("tests.bench.node.time.monotonic", lambda: next(clock))
    timeline = node.Timeline()
    timeline.look([_pod("old", ready=True)])
    timeline.look([_pod("old", ready=True), _pod("new")])
    timeline.look([_pod("old", ready=True), _pod("new", ready=True)])
    timeline.look([_pod("old", ending=True), _pod("new", ready=True)])
    timeline.look([_pod("new", ready=True)])
    assert timeline.starts("cron") == 5.0
    assert timeline.ends("cron") == 9.0
    assert timeline.starts("backend") == 0.0
