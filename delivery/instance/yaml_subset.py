"""The part of YAML that configuration files are written in, with nothing but Python's standard library (3.9 or newer).

On a Docker Compose host there is no ruamel.yaml. This module stands in for the few names of it that
settings/yaml_text.py and settings/tower_yml.py use, so that the very same code edits tower.yml there. It gives every node
the place that ruamel.yaml gives it, or refuses the text: tags, complex keys, anchors on keys and other rarities.
"""

from __future__ import annotations

import re

_NULL = "tag:yaml.org,2002:null"
_STR = "tag:yaml.org,2002:str"
_PLAIN = "tag:yaml.org,2002:plain"
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_ESCAPES = dict(zip('0abtnvfre "/\\N_LP', '\0\a\b\t\n\v\f\r\x1b "/\\\x85\xa0\u2028\u2029'))
_HEX = {"x": 2, "u": 4, "U": 8}
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ANCHOR = re.compile(r"[A-Za-z0-9_-]+")
_BLOCK_HEADER = re.compile(r"[|>](?:([+-])([1-9])?|([1-9])([+-])?)? *(?: #[^\n]*)?(?=\n|\Z)")
_DEEPEST = 100


class Mark:
    """A place in the text; lines and columns count from 0."""

    def __init__(self, index, line, column):
        self.index, self.line, self.column = index, line, column


class YAMLError(Exception):
    """The text is no YAML, or none of this part of it."""

    def __init__(self, problem, mark=None):
        super().__init__(problem)
        self.problem, self.problem_mark = problem, mark


class Node:
    """Something in the text, from its start to its end."""

    def __init__(self, tag, value, start, end, flow_style=False, anchor=None):
        self.tag, self.value, self.flow_style, self.anchor = tag, value, flow_style, anchor
        self.start_mark, self.end_mark = start, end


class ScalarNode(Node):
    """Text, a number, null: `value` is its text."""


class MappingNode(Node):
    """`value` is a list of pairs of nodes."""


class SequenceNode(Node):
    """`value` is a list of nodes."""


class YAML:
    """As much of ruamel.yaml's class of this name as is needed."""

    def __init__(self, typ="safe", pure=True):
        if typ != "safe" or not pure:
            raise ValueError("only typ='safe' and pure=True are known here")

    def compose(self, text):
        """The text's root node, None where it holds nothing but comments."""
        return _Parser(text).document()

    def load(self, text):
        """The text's value: None, booleans, whole numbers, text, lists and dictionaries."""
        root = self.compose(text)
        return None if root is None else _value(root)


def _value(node):
    if isinstance(node, MappingNode):
        return {_value(key): _value(value) for key, value in node.value}
    if isinstance(node, SequenceNode):
        return [_value(item) for item in node.value]
    if node.tag == _NULL:
        return None
    if node.tag == _PLAIN and node.value in _BOOLEANS:
        return _BOOLEANS[node.value]
    if node.tag == _PLAIN and node.value[0] in "+-.0123456789":
        if re.fullmatch("[-+]?[0-9]+", node.value):
            return int(node.value)
        raise YAMLError("a number that is not written in plain digits", node.start_mark)
    return node.value


class _Parser:
    """One text, read from its beginning to its end; `at` is the index of the next character."""

    def __init__(self, text):
        self.text, self.at, self.anchors, self.depth = text, 0, {}, 0
        odd = _UNPRINTABLE.search(text, 1 if text.startswith("\ufeff") else 0)
        if odd:
            self.refuse("a character that YAML does not allow", odd.start())
        alone = re.search("\r(?!\n)", text)
        if alone:
            self.refuse("a line break of old Macs", alone.start())

    # --- places

    def mark(self, index=None):
        index = self.at if index is None else index
        start = self.text.rfind("\n", 0, index) + 1
        bom = 1 if start == 0 and self.text.startswith("\ufeff") and index else 0
        return Mark(index, self.text.count("\n", 0, index), index - start - bom)

    def refuse(self, problem, index=None):
        raise YAMLError(problem, self.mark(index))

    def char(self, ahead=0):
        index = self.at + ahead
        return self.text[index] if index < len(self.text) else ""

    def blank(self, ahead=0):
        """Whether a space, a line break or the end of the text is there."""
        return self.char(ahead) in ("", " ", "\t", "\n", "\r")

    def line_ends(self):
        return self.char() in ("", "\n") or (self.char() == "\r" and self.char(1) == "\n")

    def column(self):
        return self.mark().column

    def at_marker(self):
        """Whether `---` or `...` stands alone at the beginning of a line."""
        marker = self.text[self.at : self.at + 3] in ("---", "...")
        return marker and self.column() == 0 and self.blank(3)

    def spaces(self):
        while self.char() == " ":
            self.at += 1
        if self.char() == "\t":
            self.refuse("a tab where a space is expected")

    def comment(self):
        """Steps over spaces and a comment, as far as the end of the line."""
        before = self.at
        self.spaces()
        if self.char() == "#" and (self.at == 0 or self.text[self.at - 1] in " \n\ufeff" or before < self.at):
            end = self.text.find("\n", self.at)
            self.at = len(self.text) if end < 0 else end

    def content(self):
        """Steps over spaces, comments and line breaks; whether there is something behind them."""
        while True:
            self.comment()
            if not self.line_ends():
                return True
            if not self.char():
                return False
            self.at += 2 if self.char() == "\r" else 1

    # --- the document

    def document(self):
        if self.text.startswith("\ufeff"):
            self.at = 1
        directive = False
        while self.content() and self.char() == "%" and self.column() == 0:
            end = self.text.find("\n", self.at)
            line = self.text[self.at : len(self.text) if end < 0 else end].rstrip("\r")
            if not re.fullmatch(r"%YAML 1\.2 *( #.*)?", line) or directive:
                self.refuse("a directive other than one %YAML 1.2")
            directive, self.at = True, self.at + len(line)
        explicit = self.at_marker() and self.char() == "-"
        if directive and not explicit:
            self.refuse("a directive without --- behind it")
        if explicit:
            self.at += 3
            self.spaces()
            if not self.line_ends() and self.char() not in "#{[":
                self.refuse("something behind --- in its line")
        root = None
        if self.content() and not self.at_marker():
            root = self.node(-1, self.at)
        elif explicit:
            root = self.empty(self.at)
        if self.content():
            if not self.at_marker() or self.char() != ".":
                self.refuse("something behind the end of the document")
            self.at += 3
            if self.content():
                self.refuse("something behind the end of the document")
        return root

    def empty(self, index):
        return ScalarNode(_NULL, "", self.mark(index), self.mark(index))

    # --- block style

    def node(self, indent, behind, in_mapping=False, same_line=False):
        """A node in block style.

        `indent` is the column of the collection that holds it, `behind` the index right behind its colon or dash,
        `in_mapping` whether that is a colon, and `same_line` whether the indicator stands in the line.
        """
        self.depth += 1
        if self.depth > _DEEPEST:
            self.refuse("more levels than a configuration has")
        try:
            return self.node_here(indent, behind, in_mapping, same_line)
        finally:
            self.depth -= 1

    def node_here(self, indent, behind, in_mapping, same_line):
        line = self.mark(behind).line
        if not self.content() or self.at_marker():
            return self.empty(behind)
        anchor, start, anchor_end = None, self.at, None
        inline = same_line and self.mark().line == line
        if not inline and not self.deep_enough(indent, in_mapping):
            return self.empty(behind)
        if self.char() == "&":
            if not inline:
                self.refuse("an anchor at the beginning of a line")
            anchor, anchor_end = self.name(), self.at
            line = self.mark().line
            if not self.content() or self.at_marker():
                return self.anchored(anchor, self.bare(start, anchor_end))
            inline = self.mark().line == line
            if not inline and not self.deep_enough(indent, in_mapping):
                return self.anchored(anchor, self.bare(start, anchor_end))
            if self.char() in "&*":
                self.refuse("two anchors or an alias behind an anchor")
        if self.char() == "*" and not self.is_key():
            return self.alias()
        column, dash = self.column(), self.char() == "-" and self.blank(1)
        begins = not inline or not in_mapping
        if dash and (not begins or (inline and anchor)):
            self.refuse("a list that begins in the line of its key")
        if dash:
            found = self.sequence(column)
        elif self.is_key():
            if not begins or (inline and anchor):
                self.refuse("a key in the line of another key, or behind an anchor")
            found = self.mapping(column)
        else:
            found = self.leaf(indent)
        if anchor:
            found.start_mark = self.mark(start)
        return self.anchored(anchor, found)

    def deep_enough(self, indent, in_mapping):
        column = self.column()
        return column > indent or (in_mapping and column == indent and self.char() == "-" and self.blank(1))

    def bare(self, start, end):
        return ScalarNode(_NULL, "", self.mark(start), self.mark(end))

    def anchored(self, anchor, node):
        if anchor:
            node.anchor = anchor
            self.anchors[anchor] = node
        return node

    def name(self):
        """The name behind `&` or `*`."""
        match = _ANCHOR.match(self.text, self.at + 1)
        if not match:
            self.refuse("an anchor without a name")
        self.at = match.end()
        if not self.blank() and self.char() not in ",]}":
            self.refuse("an anchor whose name is not of letters, digits, - and _")
        return match.group()

    def alias(self):
        start = self.at
        name = self.name()
        if name not in self.anchors:
            self.refuse("an alias of an anchor that is not above it", start)
        return self.anchors[name]

    def is_key(self):
        """Whether a key and its colon begin here; refuses kinds of keys that are not known here."""
        if self.char() == "?" and self.blank(1):
            self.refuse("a complex key")
        if self.char() in "[{&*|>":
            return False
        start = self.at
        try:
            if self.char() in "\"'":
                self.quoted()
            else:
                self.plain_line("")
            end = self.at
            self.spaces()
            return self.char() == ":" and self.blank(1) and "\n" not in self.text[start:end]
        except YAMLError:
            return False
        finally:
            self.at = start

    def mapping(self, column):
        start, found = self.mark(), []
        while True:
            if not self.is_key():
                self.refuse("something that is no key")
            key = self.quoted() if self.char() in "\"'" else self.plain_key()
            self.spaces()
            self.at += 1
            found.append((key, self.node(column, self.at, in_mapping=True, same_line=True)))
            if not self.next_item(column):
                return MappingNode("tag:yaml.org,2002:map", found, start, self.mark())
            if self.char() == "-" and self.blank(1):
                self.refuse("a list item beside keys")

    def sequence(self, column):
        start, found = self.mark(), []
        while True:
            self.at += 1
            found.append(self.node(column, self.at, same_line=True))
            if not self.next_item(column) or not (self.char() == "-" and self.blank(1)):
                return SequenceNode("tag:yaml.org,2002:seq", found, start, self.mark())

    def next_item(self, column):
        """Whether the next content is at the column: nothing else may stand in the line of what was before."""
        self.comment()
        begins_line = not self.text[self.text.rfind("\n", 0, self.at) + 1 : self.at].strip(" ")
        if not self.line_ends() and not begins_line:
            self.refuse("something behind a value in its line")
        if not self.content() or self.at_marker() or self.column() < column:
            return False
        if self.column() > column:
            self.refuse("something indented more than what it belongs to")
        return True

    def plain_key(self):
        start = self.at
        end = self.plain_line("")
        return self.plain_node(self.text[start:end], start, end)

    @staticmethod
    def _tag(value):
        return _NULL if value in ("", "~", "null", "Null", "NULL") else _PLAIN

    def plain_node(self, value, start, end):
        return ScalarNode(self._tag(value), value, self.mark(start), self.mark(end))

    # --- scalars and flow style

    def leaf(self, indent):
        if self.char() in "{[":
            return self.flow()
        if self.char() in "\"'":
            return self.quoted(indent)
        if self.char() in "|>":
            return self.block_scalar(indent)
        return self.plain(indent)

    def plain_line(self, stops):
        """Reads plain text as far as its line or a stop goes; where it ends without the spaces behind it."""
        first = self.char()
        if first in ",[]{}#&*!|>'\"%@`" or (first in "-?:" and (self.blank(1) or self.char(1) in stops)):
            self.refuse("a character that no plain text begins with")
        end = self.at
        while True:
            char = self.char()
            if self.line_ends() or char in stops and char:
                return end
            if char == "\t":
                self.refuse("a tab in plain text")
            if char == ":" and (self.blank(1) or self.char(1) in stops):
                return end
            if char == "#" and self.text[self.at - 1] == " ":
                return end
            if stops and char == "?":
                self.refuse("a question mark in plain text")
            self.at += 1
            if char != " ":
                end = self.at

    def plain(self, indent, stops=""):
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
            end = self.continued(stops)
            parts.append("\n" * (breaks - 1) or " ")
            parts.append(self.text[begin:end])
            if self.char() == ":":
                self.refuse("a value behind text of several lines")
        if self.char() == ":" and self.blank(1) and not stops:
            self.refuse("a value where none is allowed")
        self.at = end if not stops else self.at
        return self.plain_node("".join(parts), start, end)

    def continued(self, stops):
        """The rest of a plain text: its lines may begin with what a text may not."""
        if self.char() in "#":
            self.refuse("a comment inside of a text")
        self.at += 1
        if self.blank() and self.text[self.at - 1] == ":":
            self.refuse("a value where none is allowed", self.at - 1)
        if self.blank():
            end = self.at
            self.spaces()
            if self.line_ends() or self.char() == "#" or self.char() in stops or self.char() == ":":
                return end
        if self.line_ends() or self.char() in stops:
            return self.at
        if self.char() in ",[]{}&*!|>'\"%@`-?":
            # Inside of a text these are nothing special.
            self.at += 1
            if self.line_ends():
                return self.at
            if self.blank():
                self.refuse("an indicator inside of a text")
        if self.char() in ":#,[]{}&*!|>'\"%@`-?":
            self.refuse("an indicator inside of a text")
        return self.plain_line(stops)

    def quoted(self, indent=None):
        quote, start = self.char(), self.at
        self.at += 1
        parts = []
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
                return ScalarNode(_STR, "".join(parts), self.mark(start), self.mark())
            elif char == "\\" and quote == '"':
                self.escape(parts)
            else:
                parts.append(char)
                self.at += 1

    def folded(self, parts, indent):
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

    def escape(self, parts):
        code = self.char(1)
        if code in _ESCAPES and code:
            parts.append(_ESCAPES[code])
            self.at += 2
        elif code in _HEX and code:
            digits = self.text[self.at + 2 : self.at + 2 + _HEX[code]]
            if not re.fullmatch("[0-9A-Fa-f]{%d}" % _HEX[code], digits) or int(digits, 16) > 0x10FFFF:
                self.refuse("an escape without its digits")
            parts.append(chr(int(digits, 16)))
            self.at += 2 + _HEX[code]
        else:
            self.refuse("an escape that is not known here")

    def block_scalar(self, indent):
        start = self.at
        end_of_line = self.text.find("\n", self.at)
        line = self.text[self.at : len(self.text) if end_of_line < 0 else end_of_line].rstrip("\r")
        match = _BLOCK_HEADER.fullmatch(line)
        if not match:
            self.refuse("a block text whose first line is not | or > alone")
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
            if row[lead:lead + 1] == "\t":
                self.refuse("a tab at the beginning of a line", begin + lead)
            if not row.strip(" "):
                if width is None and lead and lead > max(indent, 0):
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
                if self.text[begin:begin + 3] in ("---", "...") and lead == 0:
                    self.refuse("a document marker inside of a block text", begin)
                lines.append(row[width:])
            self.at = end = begin + len(row)
        return self.block_node(start, lines, chomp, folds)

    def block_node(self, start, lines, chomp, folds):
        """The node of a block text; its end is that of its last line, as far as lines and chomping go."""
        last = max((number for number, row in enumerate(lines) if row), default=-1)
        body = "\n".join(lines[: last + 1])
        ended = last + 1 < len(lines) or bool(self.char())
        if chomp is None:
            body += "\n" if ended and body else ""
        elif chomp == "+":
            body += "\n" * (len(lines) - last - 1 + bool(self.char()))
        return ScalarNode("folded" if folds else _STR, body, self.mark(start), self.mark())

    def flow(self):
        self.depth += 1
        if self.depth > _DEEPEST:
            self.refuse("more levels than a configuration has")
        start, closing = self.at, "}" if self.char() == "{" else "]"
        found = []
        self.at += 1
        while self.flow_content() != closing:
            found.append(self.flow_pair() if closing == "}" else self.flow_item())
            if self.flow_content() == ",":
                self.at += 1
            elif self.char() != closing:
                self.refuse("no comma between two items")
        self.at += 1
        self.depth -= 1
        kind, tag = (MappingNode, "map") if closing == "}" else (SequenceNode, "seq")
        return kind(f"tag:yaml.org,2002:{tag}", found, self.mark(start), self.mark(), flow_style=True)

    def flow_content(self):
        """The next character that says something."""
        if not self.content():
            self.refuse("a bracket that is not closed")
        if self.at_marker():
            self.refuse("a document marker inside of brackets")
        return self.char()

    def flow_pair(self):
        if self.char() in "{[&*?":
            self.refuse("a key that is not plain or quoted text")
        line = self.mark().line
        key = self.flow_item()
        if self.flow_content() != ":":
            return key, self.empty(self.at)
        if key.end_mark.line != line or self.mark().line != line:
            self.refuse("a key of several lines")
        if not self.blank(1):
            self.refuse("a colon without a space behind it")
        self.at += 1
        behind = self.at
        if self.flow_content() in (",", "}"):
            return key, self.empty(behind)
        value = self.flow_item()
        if self.flow_content() == ":":
            self.refuse("a second colon")
        return key, value

    def flow_item(self):
        anchor, start = None, self.at
        if self.char() == "&":
            anchor = self.name()
            end = self.at
            if self.flow_content() in (",", "}", "]"):
                return self.anchored(anchor, self.bare(start, end))
            if self.char() in "&*":
                self.refuse("two anchors or an alias behind an anchor")
        if self.char() == "*":
            return self.alias()
        if self.char() in "{[":
            found = self.flow()
        elif self.char() in "\"'":
            found = self.quoted()
        else:
            found = self.plain(-1, ",[]{}")
        if anchor:
            found.start_mark = self.mark(start)
        return self.anchored(anchor, found)
