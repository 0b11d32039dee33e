"""A text of YAML, read character by character, and the nodes that come of it.

Runs on a Docker Compose host, with only Python's standard library: see yaml_subset.py.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Any, NoReturn

NULL = "tag:yaml.org,2002:null"
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Mark:
    """A place in the text; lines and columns count from 0."""

    def __init__(self, index: int, line: int, column: int) -> None:
        self.index, self.line, self.column = index, line, column


class YAMLError(Exception):
    """The text is not YAML, or not of this part of it."""

    def __init__(self, problem: str, mark: Mark | None = None) -> None:
        super().__init__(problem)
        self.problem, self.problem_mark = problem, mark


class Node:
    """Something in the text, from its start to its end."""

    def __init__(self, tag: str, value: Any, start: Mark, end: Mark, *, flow_style: bool = False) -> None:
        self.tag, self.value, self.flow_style = tag, value, flow_style
        self.anchor: str | None = None
        self.start_mark, self.end_mark = start, end


class ScalarNode(Node):
    """Text, a number, null: `value` is its text."""


class MappingNode(Node):
    """`value` is a list of pairs of nodes."""


class SequenceNode(Node):
    """`value` is a list of nodes."""


class Reader:
    """One text, read from its beginning to its end; `at` is the index of the next character."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.depth = text, 0, 0
        # Places are asked for at every step: counting line breaks anew each time would take a square of the length.
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]
        self.anchors: dict[str, Node] = {}
        odd = _UNPRINTABLE.search(text, 1 if text.startswith("\ufeff") else 0)
        if odd:
            self.refuse("a character that YAML does not allow", odd.start())
        lone = re.search("\r(?!\n)", text)
        if lone:
            self.refuse("a line break of old Macs", lone.start())

    def mark(self, index: int | None = None) -> Mark:
        """The place at the index, or of the next character."""
        index = self.at if index is None else index
        line = bisect_right(self._lines, index) - 1
        start = self._lines[line]
        bom = 1 if start == 0 and self.text.startswith("\ufeff") and index else 0
        return Mark(index, line, index - start - bom)

    def refuse(self, problem: str, index: int | None = None) -> NoReturn:
        """Raises YAMLError with the place at the index, or of the next character."""
        raise YAMLError(problem, self.mark(index))

    def char(self, ahead: int = 0) -> str:
        """The next character, or one further ahead; empty behind the end."""
        index = self.at + ahead
        return self.text[index] if index < len(self.text) else ""

    def blank(self, ahead: int = 0) -> bool:
        """Whether a space, a line break or the end of the text is there."""
        return self.char(ahead) in ("", " ", "\t", "\n", "\r")

    def line_ends(self) -> bool:
        """Whether a line break or the end of the text is next."""
        return self.char() in ("", "\n") or (self.char() == "\r" and self.char(1) == "\n")

    def column(self) -> int:
        """The column of the next character."""
        return self.mark().column

    def at_marker(self) -> bool:
        """Whether `---` or `...` stands by itself at the beginning of a line."""
        marker = self.text[self.at : self.at + 3] in ("---", "...")
        return marker and self.column() == 0 and self.blank(3)

    def spaces(self) -> None:
        """Steps over spaces."""
        while self.char() == " ":
            self.at += 1
        if self.char() == "\t":
            self.refuse("a tab where a space is expected")

    def comment(self) -> None:
        """Steps over spaces and a comment, as far as the end of the line."""
        before = self.at
        self.spaces()
        if self.char() == "#" and (self.at == 0 or self.text[self.at - 1] in " \n\ufeff" or before < self.at):
            end = self.text.find("\n", self.at)
            self.at = len(self.text) if end < 0 else end

    def content(self) -> bool:
        """Steps over spaces, comments and line breaks; whether there is something behind them."""
        while True:
            self.comment()
            if not self.line_ends():
                return True
            if not self.char():
                return False
            self.at += 2 if self.char() == "\r" else 1
