"""Rows come one after another, and one that needs another is not checked where that one does not hold."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.verify.checks import FROM_OUTSIDE_ONLY, ON_COMPOSE, ON_KUBERNETES, SSH, checks_of
from pipeline.verify.deployment import Deployment, Options
from pipeline.verify.findings import CannotAskError, Finding, bad, good, not_asked
from pipeline.verify.runner import Check, Row, all_hold, run
from pipeline.verify.table import TITLE_WIDTH
from tests.unit.pipeline.verify.subject import COMPOSE_SETTINGS, deployment


def check(name: str, finding: Finding | Exception, *needs: str) -> Check[list[str]]:
    def find(made: list[str]) -> Finding:
        made.append(name)
        if isinstance(finding, Exception):
            raise finding
        return finding

    return Check(name, f"the {name}", find, needs)


def rows(*checks: Check[list[str]]) -> tuple[list[Row], list[str]]:
    made: list[str] = []
    return list(run(checks, made)), made


def test_every_check_is_made_where_all_hold() -> None:
    found, made = rows(check("a", good("fine")), check("b", good("too"), "a"))
    assert found == [Row("a", "the a", "holds", "fine"), Row("b", "the b", "holds", "too")]
    assert made == ["a", "b"]


def test_what_needs_a_broken_check_is_not_made_nor_what_needs_that() -> None:
    found, made = rows(
        check("a", bad("down", "start it")),
        check("b", good(""), "a"),
        check("c", good(""), "b"),
        check("d", good("fine")),
    )
    assert found == [
        Row("a", "the a", "broken", "down", "start it"),
        Row("b", "the b", "not checked", "not checked: needs the a"),
        Row("c", "the c", "not checked", "not checked: needs the b"),
        Row("d", "the d", "holds", "fine"),
    ]
    assert made == ["a", "d"]


def test_the_broken_one_of_several_is_named() -> None:
    found, _ = rows(
        check("a", bad("", "")), check("b", good(""), "a"), check("c", bad("", "")), check("d", good(""), "b", "c")
    )
    assert found[3].finding == "not checked: needs the c"


def test_a_broken_check_that_stops_nothing_lets_others_be_made() -> None:
    found, made = rows(check("a", bad("soon", "renew", stops=False)), check("b", good("fine"), "a"))
    assert [row.state for row in found] == ["broken", "holds"]
    assert made == ["a", "b"]


def test_what_needs_a_check_that_was_not_asked_for_is_not_made() -> None:
    found, _ = rows(check("a", not_asked("--long")), check("b", good(""), "a"))
    assert [(row.state, row.finding) for row in found] == [
        ("not asked", "--long"),
        ("not checked", "not checked: needs the a"),
    ]
    assert all_hold(found)


def test_an_unreachable_server_is_a_finding() -> None:
    found, _ = rows(check("a", CannotAskError("no answer", "look at the log")), check("b", good(""), "a"))
    assert found[0] == Row("a", "the a", "broken", "no answer", "look at the log")
    assert found[1].state == "not checked"


def test_any_other_error_is_its_kind_and_place_without_what_it_says() -> None:
    found, _ = rows(check("a", ValueError("Invalid header value b'Bearer s3cr3t\\n'")), check("b", good("fine")))
    assert re.fullmatch(r"ValueError at pipeline/verify/runner\.py:\d+", found[0].finding)
    assert found[0].mend == "report this as an error of the program"
    assert found[1].state == "holds"


def test_a_symptom_leads_to_the_row_of_its_cause_where_both_are_broken() -> None:
    def second(first: Finding | Exception) -> Row:
        found, _ = rows(check("a", first), replace(check("b", bad("down", "start it")), because=("a",)))
        return found[1]

    assert second(bad("wrong", "write it")) == Row(
        "b", "the b", "broken", "down; see the a, which may be the cause", "first what the a says; then: start it"
    )
    by_itself = Row("b", "the b", "broken", "down", "start it")
    assert second(good("fine")) == by_itself
    assert second(CannotAskError("no credentials", unknown=True)) == by_itself


def test_what_follows_a_check_is_made_where_nobody_could_be_asked_and_not_where_it_is_broken() -> None:
    def states(first: Finding | Exception) -> list[str]:
        found, _ = rows(
            check("a", first),
            check("b", good(""), "a"),
            replace(check("c", good("")), follows=("b",)),
            replace(check("d", good("")), follows=("a",)),
        )
        return [row.state for row in found]

    assert states(CannotAskError("no credentials", unknown=True)) == ["broken", "not checked", "holds", "holds"]
    assert states(bad("gone", "")) == ["broken", "not checked", "not checked", "not checked"]


@pytest.mark.parametrize("unasked", ["cluster", "balancer"])
def test_what_a_browser_meets_is_checked_without_the_cluster_or_aws(unasked: str) -> None:
    def find(name: str) -> Any:
        def found(_: Any) -> Finding:
            if name == unasked:
                raise CannotAskError("refused", unknown=True)
            return good("")

        return found

    checks = [replace(each, find=find(each.name)) for each in ON_KUBERNETES]
    states = {row.name: row.state for row in run(checks, deployment())}
    asked_there = {
        "cluster": {"connect-up", "platform-up", "configuration"},
        "balancer": {"idle", "rules", "targets", "silence"},
    }
    assert {name for name, state in states.items() if state == "not checked"} == asked_there[unasked]
    assert states[unasked] == "broken"


def test_silence_in_a_session_needs_its_echo_where_it_is_waited_for() -> None:
    def needs(**options: Any) -> tuple[str, ...]:
        checks = checks_of(deployment(options=Options(**options)))
        return next(each.needs for each in checks if each.name == "silence")

    assert needs(long=True, session="wss://a.example.com/echo") == ("idle", "proxy", "echo")
    assert needs(session="wss://a.example.com/echo") == needs(long=True) == ("idle", "proxy")


@pytest.mark.parametrize(
    ("finding", "holds"),
    [(good(""), True), (not_asked(""), True), (bad("", ""), False), (bad("", "", stops=False), False)],
)
def test_everything_holds_only_where_nothing_is_broken(finding: Finding, holds: bool) -> None:
    assert all_hold(rows(check("a", finding))[0]) is holds


@pytest.mark.parametrize(
    ("checks", "message"),
    [
        ((check("b", good(""), "a"), check("a", good(""))), "b needs a, which does not stand before it"),
        ((check("a", good("")), check("a", good(""))), "two checks have the name a"),
    ],
)
def test_a_list_in_the_wrong_order_is_refused(checks: tuple[Check[list[str]], ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rows(*checks)


@pytest.mark.parametrize("checks", [ON_KUBERNETES, ON_COMPOSE, FROM_OUTSIDE_ONLY])
def test_the_checks_of_a_stack_are_in_order_and_fit_the_table(checks: tuple[Check[Deployment], ...]) -> None:
    seen: set[str] = set()
    for each in checks:
        assert {*each.needs, *each.follows} <= seen, each.name
        assert len(each.title) <= TITLE_WIDTH, each.name
        seen.add(each.name)
    assert len(seen) == len(checks)


@pytest.mark.parametrize(
    ("settings", "checks"),
    [
        ({}, ON_KUBERNETES),
        (COMPOSE_SETTINGS, ON_COMPOSE),
        ({**COMPOSE_SETTINGS, "delivery": "files"}, FROM_OUTSIDE_ONLY),
    ],
)
def test_what_is_checked_is_by_the_target_and_whether_the_instance_is_reached(
    settings: dict[str, Any], checks: tuple[Check[Deployment], ...]
) -> None:
    assert checks_of(deployment(**settings)) == checks


def test_every_row_is_explained_in_the_document() -> None:
    text = (Path(__file__).parents[4] / "docs" / "verify.md").read_text()
    section = text.partition("## What is checked")[2].partition("\n## ")[0]
    explained = [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("| ")][1:]
    assert sorted(explained) == sorted({check.title for check in (*ON_KUBERNETES, *ON_COMPOSE, *SSH)})
