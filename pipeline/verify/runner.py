"""Runs checks one after another, each only if those that it needs hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from pipeline.verify.findings import CannotAskError, Finding

Subject = TypeVar("Subject")
State = Literal["holds", "broken", "not checked", "not asked"]


@dataclass(frozen=True)
class Check(Generic[Subject]):
    """One row of the table.

    Args:
        name: a word, unique among the checks.
        title: a few words, at most 24 characters.
        find: asks, and returns what it found.
        needs: the names of the checks without which this one can't tell anything; they stand before it.
    """

    name: str
    title: str
    find: Callable[[Subject], Finding]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """What came of one check."""

    name: str
    title: str
    state: State
    finding: str
    mend: str = ""

    def as_json(self) -> dict[str, Any]:
        """The row as JSON has it."""
        return {
            "name": self.name,
            "title": self.title,
            "state": self.state,
            "finding": self.finding,
            "mend": self.mend,
        }


def run(checks: Sequence[Check[Subject]], subject: Subject) -> Iterator[Row]:
    """Yields a row for each check, as soon as it is known.

    Raises:
        ValueError: a check needs one that doesn't stand before it, or two have the same name.
    """
    _validate(checks)
    titles = {check.name: check.title for check in checks}
    stopped: dict[str, bool] = {}
    for check in checks:
        missing = [name for name in check.needs if name in stopped]
        if missing:
            # Of several, the one that was checked is closer to the cause than those that were not.
            cause = min(missing, key=lambda name: not stopped[name])
            stopped[check.name] = False
            yield Row(check.name, check.title, "not checked", f"not checked: needs {titles[cause]}")
            continue
        finding = _find(check, subject)
        if finding.holds is None:
            stopped[check.name] = True
            yield Row(check.name, check.title, "not asked", finding.text)
            continue
        if not finding.holds and finding.stops:
            stopped[check.name] = True
        yield Row(check.name, check.title, "holds" if finding.holds else "broken", finding.text, finding.mend)


def all_hold(rows: Sequence[Row]) -> bool:
    """Whether nothing is broken: what was not checked stands behind a row that is broken, or was not asked."""
    return all(row.state != "broken" for row in rows)


def _find(check: Check[Subject], subject: Subject) -> Finding:
    try:
        return check.find(subject)
    except CannotAskError as error:
        return Finding(False, str(error), error.mend)
    except Exception as error:
        # Whatever a server answers, a row is what the user gets of it, and the other rows come too.
        reason = " ".join(str(error).split()) or "no reason given"
        return Finding(False, f"{type(error).__name__}: {reason}", "report this as an error of the program")


def _validate(checks: Sequence[Check[Subject]]) -> None:
    known: set[str] = set()
    for check in checks:
        if check.name in known:
            raise ValueError(f"two checks have the name {check.name}")
        unknown = set(check.needs) - known
        if unknown:
            raise ValueError(f"{check.name} needs {', '.join(sorted(unknown))}, which does not stand before it")
        known.add(check.name)
