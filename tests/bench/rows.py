"""The rows of the table: what is compared with what, in medians of pairs of runs, one after the other."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Compared:
    """One row as it is declared.

    Args:
        section: the part of the benchmark that measures it.
        ours: what the program does.
        theirs: what it is compared with.
        goal: the largest ratio of the two that is good enough; None where the number is only to be known.
        unit: of both numbers.
    """

    section: str
    ours: str
    theirs: str
    goal: float | None = None
    unit: str = "s"

    def of(self, pairs: Sequence[tuple[float, float]]) -> Measured:
        """The row with what was measured: pairs of ours and theirs."""
        return Measured(
            self,
            statistics.median(ours for ours, _ in pairs),
            statistics.median(theirs for _, theirs in pairs),
            statistics.median(ours / theirs for ours, theirs in pairs),
        )


@dataclass(frozen=True)
class Measured:
    """One row with its numbers: the medians, and the median of the pairs' ratios."""

    row: Compared
    ours: float
    theirs: float
    ratio: float

    @property
    def good(self) -> bool:
        """Whether the goal is met."""
        return self.row.goal is None or round(self.ratio, 2) <= self.row.goal

    @property
    def cells(self) -> tuple[str, ...]:
        """The row as it is shown."""
        goal = "" if self.row.goal is None else f"{self.row.goal:g}{'' if self.good else ', missed'}"
        numbers = (f"{value:{_FORMATS[self.row.unit]}} {self.row.unit}" for value in (self.ours, self.theirs))
        return (self.row.ours, self.row.theirs, *numbers, f"{self.ratio:.2f}", goal)


_FORMATS = {"s": ".2f", "MB": ".0f", "requests": ".0f"}
HEADINGS = ("what", "compared with", "it took", "that took", "ratio", "goal")


def paired(ours: Callable[[], float], theirs: Callable[[], float], rounds: int) -> list[tuple[float, float]]:
    """What both measure, in turns, so that what else the machine does meets both; a first pair warms the caches."""
    ours(), theirs()
    return [(ours(), theirs()) for _ in range(rounds)]


LOAD_SDK = Compared("load", "load the program", "load the classes of its resources from Pulumi's SDK", 1.5)
LOAD_PULUMI = Compared("load", "load the program", "load Pulumi's SDK without providers")
PREVIEW_EMPTY = Compared("preview", "a preview without changes", "one of an empty program", 2)
PREVIEW_PLAIN = Compared(
    "preview", "a preview without changes", "one of a program that only declares the same resources", 1.3
)
OWN_CODE = Compared("preview", "processor time in our own code", "that of the program without imports of the SDK", 0.15)
MEMORY = Compared(
    "preview", "the program's memory in a preview", "that of one that only declares the same resources", unit="MB"
)
TEMPLATES_40 = Compared("stacks", "a preview with 40 templates", "one with 4", 1.1)
TEMPLATES_400 = Compared("stacks", "a preview with 400 templates", "one with 4", 1.1)
STACKS = Compared("stacks", "a preview beside four other stacks", "one of the only stack", 1.1)
HELM_AGAIN = Compared("node", "a preview without changes", "`helm upgrade --install` of an equal chart, unchanged")
HELM_FIRST = Compared("node", "`pulumi up` from nothing", "`helm upgrade --install --wait` of an equal chart")
NODE_UP = Compared("node", "`pulumi up` from nothing", "the longest chain of waits in the cluster", 1.5)
NODE_DESTROY = Compared("node", "`pulumi destroy`", "the longest chain of waits in the cluster", 1.5)
NODE_UPDATE = Compared(
    "node", "requests refused in a rolling update, of 20 a second", "requests made", 0, unit="requests"
)
NODE_GONE = Compared(
    "node", "requests refused by Platform in a destroy, of 20 a second", "requests made", 0, unit="requests"
)

ROWS = (
    LOAD_SDK,
    LOAD_PULUMI,
    PREVIEW_EMPTY,
    PREVIEW_PLAIN,
    OWN_CODE,
    MEMORY,
    TEMPLATES_40,
    TEMPLATES_400,
    STACKS,
    HELM_AGAIN,
    HELM_FIRST,
    NODE_UP,
    NODE_DESTROY,
    NODE_UPDATE,
    NODE_GONE,
)
SECTIONS = tuple(dict.fromkeys(row.section for row in ROWS))
