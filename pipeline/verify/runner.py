"""Runs checks one after another, each only if those that it needs hold."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from pipeline.verify.findings import CannotAskError, Finding

_FOLDER = Path(__file__).parents[1]

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
        follows: those after which this one is not made where they are broken, but is where no answer could be had.
        because: those that may be the cause where both are broken: then this row leads to theirs.
    """

    name: str
    title: str
    find: Callable[[Subject], Finding]
    needs: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    because: tuple[str, ...] = ()


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
    unknown: set[str] = set()
    broken: set[str] = set()
    for check in checks:
        needed = [name for name in check.needs if name in stopped]
        missing = needed + [name for name in check.follows if name in stopped and name not in unknown]
        if missing:
            # Of several, the one that was checked is closer to the cause than those that were not.
            cause = min(missing, key=lambda name: not stopped[name])
            stopped[check.name] = False
            if set(missing) <= unknown:
                unknown.add(check.name)
            yield Row(check.name, check.title, "not checked", f"not checked: needs {titles[cause]}")
            continue
        finding = _find(check, subject)
        if finding.holds is None:
            stopped[check.name] = True
            yield Row(check.name, check.title, "not asked", finding.text)
            continue
        if not finding.holds and finding.stops:
            stopped[check.name] = True
            if finding.unknown:
                unknown.add(check.name)
        if finding.holds:
            yield Row(check.name, check.title, "holds", finding.text, finding.mend)
            continue
        because = next((titles[name] for name in check.because if name in broken), None)
        if not finding.unknown:
            broken.add(check.name)
        text = finding.text if because is None else f"{finding.text}; see {because}, which may be the cause"
        mend = finding.mend if because is None else f"first what {because} says; then: {finding.mend}"
        yield Row(check.name, check.title, "broken", text, mend)


def all_hold(rows: Sequence[Row]) -> bool:
    """Whether nothing is broken: what was not checked stands behind a row that is broken, or was not asked."""
    return all(row.state != "broken" for row in rows)


def _find(check: Check[Subject], subject: Subject) -> Finding:
    try:
        return check.find(subject)
    except CannotAskError as error:
        return Finding(False, str(error), error.mend, unknown=error.unknown)
    except Exception as error:
        # Whatever a server answers, a row is what the user gets of it, and the other rows come too. What the error says
        # stays out of it: that may hold a token or a URL with one.
        return Finding(False, f"{type(error).__name__} at {_place(error)}", "report this as an error of the program")


def _place(error: Exception) -> str:
    """The file and line of this package where an error has come from."""
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if _FOLDER in Path(frame.filename).parents]
    last = ours[-1]
    return f"{Path(last.filename).relative_to(_FOLDER.parent)}:{last.lineno}"


def _validate(checks: Sequence[Check[Subject]]) -> None:
    known: set[str] = set()
    for check in checks:
        if check.name in known:
            raise ValueError(f"two checks have the name {check.name}")
        unknown = {*check.needs, *check.follows, *check.because} - known
        if unknown:
            raise ValueError(f"{check.name} needs {', '.join(sorted(unknown))}, which does not stand before it")
        known.add(check.name)
