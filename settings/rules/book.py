"""How a rule is written: a check of settings against each other, and the keys that it needs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from settings.errors import Problem
from settings.model import Settings

Check = Callable[[Settings, Collection[str]], Iterator[Problem]]
"""Gets the settings and the keys that the user wrote."""


@dataclass(frozen=True)
class Rule:
    """A check of settings against each other, and the keys without which it says nothing."""

    needs: frozenset[str]
    check: Check


class RuleBook(list[Rule]):
    """The rules of one subject, in the order in which they speak."""

    def needs(self, *keys: str) -> Callable[[Check], Check]:
        """Registers a check, which says nothing where one of the keys has a problem of its own."""

        def register(check: Check) -> Check:
            self.append(Rule(frozenset(keys), check))
            return check

        return register
