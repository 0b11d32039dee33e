"""Scalars of YAML: plain, in quotes, and blocks of lines.

Runs on a Docker Compose host, with only Python's standard library: see yaml_subset.py.
"""

from __future__ import annotations

import re
from typing import Any

from yaml_reader import NULL, MappingNode, Node, Reader, ScalarNode, SequenceNode, YAMLError

STR = "tag:yaml.org,2002:str"
PLAIN = "tag:yaml.org,2002:plain"
"""Plain text that is not null: a number, a boolean or just text."""

_ESCAPES = dict(zip('0abtnvfre "/\\N_LP', '\0\a\b\t\n\v\f\r\x1b "/\\\x85\xa0\u2028\u2029'))  # noqa: B905 (not in Python 3.9)
_HEX = {"x": 2, "u": 4, "U": 8}
_BLOCK_HEADER = re.compile(r"[|>](?:([+-])([1-9])?|([1-9])([+-])?)? *(?: #[^\n]*)?(?=\n|\Z)")


class ScalarReader(Reader):
    """Reads one scalar; `stops` are the characters that end a plain one within brackets, else none."""

    @staticmethod
    def _tag(value: str) -> str:
        return NULL if value in ("", "~", "null", "Null", "NULL") else PLAIN

    def plain_node(self, value: str, start: int, end: int) -> Node:
        """A node of plain text."""
        return ScalarNode(self._tag(value), value, self.mark(start), self.mark(end))

    def plain_line(self, stops: str) -> int:
        """Reads plain text as far as its line or a stop goes; where it ends without the spaces behind it."""
        first = self.char()
        if first in ",[]{}#&*!|>'\"%@`" or (first in "-?:" and (self.blank(1) or self.char(1) in stops)):
            self.refuse("a character that no plain text begins with")
        # Within brackets releases of YAML, and their readers, differ.
        if stops and first == ":":
            self.refuse("plain text that begins with a colon")
        return self.plain_rest(stops)

    def plain_rest(self, stops: str) -> int:
        """The same for a line that goes on with a text: it may begin with anything."""
        end = self.at
        while True:
            char = self.char()
            if self.line_ends() or (char and char in stops):
                return end
            if char == "\t":
                self.refuse("a tab in plain text")
            if char == ":" and (self.blank(1) or self.char(1) in stops):
                return end
            if char == "#" and self.text[self.at - 1] in " \n":
                return end
            if stops and char == "?":
                self.refuse("a question mark in plain text")
            self.at += 1
            if char != " ":
                end = self.at

    def plain(self, indent: int, stops: str = "") -> Node:
        """Plain text of one line or more; `indent` is the column of what holds it."""
        start = self.at
        end = self.plain_line(stops)
        parts = [self.text[start:end]]
        while self.line_ends() and self.char():
            before, line = self.at, self.mark(self.at).line
            while self.line_ends() and self.char():
                self.at += 2 if self.char() == "\r" else 1
                while self.char() == " ":
                    self.at += 1
            if not self.char() or self.char() == "#" or self.at_marker() or (not stops and self.column() <= indent):
                self.at = before
                break
            if self.char() in stops:
                break
            if self.char() == "\t":
                self.refuse("a tab at the beginning of a line")
            if stops and self.char() in ":?-":
                self.refuse("plain text over several lines that goes on with an indicator")
            breaks = self.mark().line - line
            begin = self.at
            end = self.plain_rest(stops)
            parts.append("\n" * (breaks - 1) or " ")
            parts.append(self.text[begin:end])
            if self.char() == ":":
                self.refuse("a value behind text of several lines")
        if self.char() == ":" and self.blank(1) and not stops:
            self.refuse("a value where none is allowed")
        self.at = end if not stops else self.at
        return self.plain_node("".join(parts), start, end)

    def quoted(self, indent: int | None = None) -> Node:
        """Text in quotes; its lines are indented more than `indent`, where that is given."""
        quote, start = self.char(), self.at
        self.at += 1
        parts: list[str] = []
        while True:
            char = self.char()
            if not char:
                self.refuse("a quote that is not closed", start)
            if self.line_ends():
                self.folded(parts, indent)
            elif char == quote == "'" and self.char(1) == "'":
                parts.append("'")
                self.at += 2
            elif char == quote:
                self.at += 1
                return ScalarNode(STR, "".join(parts), self.mark(start), self.mark())
            elif char == "\\" and quote == '"':
                self.escape(parts)
            else:
                parts.append(char)
                self.at += 1

    def folded(self, parts: list[str], indent: int | None) -> None:
        """Steps over line breaks in a quoted text: one becomes a space, more become themselves but for one."""
        while parts and parts[-1] in (" ", "\t"):
            parts.pop()
        breaks = 0
        while self.line_ends() and self.char():
            self.at += 2 if self.char() == "\r" else 1
            breaks += 1
            if self.at_marker():
                self.refuse("a document marker inside of quotes")
            while self.char() in (" ", "\t") and self.char():
                self.at += 1
        if indent is not None and self.char() and self.column() <= indent:
            self.refuse("a quoted text that is indented too little")
        parts.append("\n" * (breaks - 1) or " ")

    def escape(self, parts: list[str]) -> None:
        """Reads what stands behind a backslash."""
        code = self.char(1)
        if code in _ESCAPES and code:
            parts.append(_ESCAPES[code])
            self.at += 2
        elif code in _HEX and code:
            digits = self.text[self.at + 2 : self.at + 2 + _HEX[code]]
            if not re.fullmatch(f"[0-9A-Fa-f]{{{_HEX[code]}}}", digits) or int(digits, 16) > 0x10FFFF:
                self.refuse("an escape without its digits")
            parts.append(chr(int(digits, 16)))
            self.at += 2 + _HEX[code]
        else:
            self.refuse("an escape that is not known here")

    def block_scalar(self, indent: int) -> Node:
        """The lines behind `|` or `>`, which are indented more than `indent`."""
        start = self.at
        end_of_line = self.text.find("\n", self.at)
        line = self.text[self.at : len(self.text) if end_of_line < 0 else end_of_line].rstrip("\r")
        match = _BLOCK_HEADER.fullmatch(line)
        if not match:
            self.refuse("a block text with more than | or > in its first line")
        chomp = match.group(1) or match.group(4)
        given = match.group(2) or match.group(3)
        folds = self.char() == ">"
        self.at += len(line)
        width = max(indent, 0) + int(given) if given else None
        lines, end = [], self.at
        while self.char():
            self.at += 2 if self.char() == "\r" else 1
            begin = self.at
            stop = self.text.find("\n", begin)
            stop = len(self.text) if stop < 0 else stop
            row = self.text[begin:stop].rstrip("\r")
            lead = len(row) - len(row.lstrip(" "))
            if row[lead : lead + 1] == "\t":
                self.refuse("a tab at the beginning of a line", begin + lead)
            if not row.strip(" "):
                if width is None and lead:
                    self.refuse("spaces in an empty line that begins a block text", begin)
                lines.append(row[width:] if width is not None else "")
            else:
                if width is None and lead > indent:
                    width = lead
                if width is None or lead < width:
                    if width is not None and lead > indent:
                        self.refuse("a block text that is indented too little", begin)
                    self.at = end
                    break
                if self.text[begin : begin + 3] in ("---", "...") and lead == 0:
                    self.refuse("a document marker inside of a block text", begin)
                lines.append(row[width:])
            self.at = end = begin + len(row)
        return self.block_node(start, lines, chomp, folds=folds)

    def block_node(self, start: int, lines: list[str], chomp: str | None, *, folds: bool) -> Node:
        """The node of a block text; its end is that of its last line, as far as lines and chomping go."""
        last = max((number for number, row in enumerate(lines) if row), default=-1)
        body = "\n".join(lines[: last + 1])
        ended = last + 1 < len(lines) or bool(self.char())
        if chomp is None:
            body += "\n" if ended and body else ""
        elif chomp == "+":
            body += "\n" * (len(lines) - last - 1 + bool(self.char()))
        return ScalarNode("folded" if folds else STR, body, self.mark(start), self.mark())


# As YAML 1.2 has them; ruamel.yaml reads the same, and underscores between digits.
_WHOLE = re.compile("(?!_)[-+]?(?:0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|[0-9_]+)")
_FRACTION = re.compile(
    r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[0-9][0-9_]*[eE][-+]?[0-9]+|\.[0-9_]+(?:[eE][-+][0-9]+)?"
    r"|\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN)"
)
_DATE = re.compile("[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}")
_BASES = {"0b": 2, "0o": 8, "0x": 16}
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


def value_of(node: Node) -> Any:
    """What a node means, for a reader that needs no more than text, numbers, booleans, lists and mappings."""
    if isinstance(node, MappingNode):
        return {value_of(key): value_of(value) for key, value in node.value}
    if isinstance(node, SequenceNode):
        return [value_of(item) for item in node.value]
    if node.tag == NULL:
        return None
    if node.tag == PLAIN and node.value in _BOOLEANS:
        return _BOOLEANS[node.value]
    if node.tag == PLAIN and _FRACTION.fullmatch(node.value):
        return float(node.value.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))
    if node.tag == PLAIN and _WHOLE.fullmatch(node.value):
        digits = node.value.replace("_", "")
        return int(digits, _BASES.get(digits.lstrip("+-")[:2], 10))
    if node.tag == PLAIN and _DATE.match(node.value):
        raise YAMLError("a date that is not in quotes", node.start_mark)
    return node.value
