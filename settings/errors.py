"""What is wrong with the settings, in the words of the person who wrote them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from settings.remedies import in_arguments

PROJECT = "seqera-studios"
"""The Pulumi project's name: the prefix of every key in a stack's file."""

_LONGEST_VALUE = 120
"""A longer value is cut in a message: the key already says which one it is."""


@dataclass(frozen=True)
class Problem:
    """One thing to put right.

    `key` is the key as the user wrote it, without the project's prefix, or a path into it (`studioTemplates.R.port`);
    or one of the AWS provider's, with its prefix (`aws:region`).
    `value` is what it holds, or None where there is nothing to show: the key is missing, or its value is secret.
    `message` continues the sentence: what is wrong, and what to write instead.
    """

    key: str
    value: object
    message: str

    def __str__(self) -> str:
        shown = "" if self.value is None else f"{_quoted(self.value)} "
        prefix = "" if in_arguments() or self.key.startswith("aws:") else f"{PROJECT}:"
        return f"{prefix}{_cut(json.dumps(self.key)[1:-1])}: {shown}{self.message}"


class SettingsError(ValueError):
    """Everything that is wrong, at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__(self.text)

    @property
    def text(self) -> str:
        """A line for each problem, under a heading where there is more than one."""
        lines = [str(problem) for problem in self.problems]
        if len(lines) == 1:
            return lines[0]
        return "\n".join(
            [
                f"{len(lines)} {'arguments' if in_arguments() else 'settings'} need a change:",
                *(f"  {line}" for line in lines),
            ]
        )


_USER_INFO = re.compile(r"(?<=://)[^/?#\s\"]*@")


def _quoted(value: object) -> str:
    # ASCII only, so that a look-alike or a control character is seen for what it is.
    text = _USER_INFO.sub("[hidden]@", json.dumps(value, default=_plain))
    return _cut(text)


def _plain(value: object) -> object:
    # A model is told by its method: this module is loaded where pydantic need not be.
    dump = getattr(value, "model_dump", None)
    return str(value) if dump is None else dump(by_alias=True, exclude_none=True)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
