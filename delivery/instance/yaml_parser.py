"""The parser of yaml_subset: block and flow collections, anchors, and one document."""

from __future__ import annotations

import re

from yaml_reader import NULL, MappingNode, Node, ScalarNode, SequenceNode, YAMLError
from yaml_scalars import ScalarReader

_ANCHOR = re.compile(r"[A-Za-z0-9_-]+")
_DEEPEST = 100


def root_of(text: str) -> Node | None:
    """The text's root node, None where it holds nothing but comments.

    Raises:
        YAMLError: the text is not YAML, or not of the part that is known here.
    """
    return _Parser(text).document()


class _Parser(ScalarReader):
    """One document."""

    def document(self) -> Node | None:
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

    def empty(self, index: int) -> Node:
        return ScalarNode(NULL, "", self.mark(index), self.mark(index))

    def node(self, indent: int, behind: int, *, in_mapping: bool = False, same_line: bool = False) -> Node:
        """A node in block style.

        `indent` is the column of the collection that holds it, `behind` the index right behind its colon or dash,
        `in_mapping` whether that is a colon, and `same_line` whether the indicator stands in the line.
        """
        self.depth += 1
        if self.depth > _DEEPEST:
            self.refuse("more levels than a configuration has")
        try:
            return self.node_here(indent, behind, in_mapping=in_mapping, same_line=same_line)
        finally:
            self.depth -= 1

    def node_here(self, indent: int, behind: int, *, in_mapping: bool, same_line: bool) -> Node:
        line = self.mark(behind).line
        if not self.content() or self.at_marker():
            return self.empty(behind)
        anchor, start, anchor_end = None, self.at, None
        inline = same_line and self.mark().line == line
        if not inline and not self.deep_enough(indent, in_mapping=in_mapping):
            return self.empty(behind)
        if self.char() == "&":
            if not inline:
                self.refuse("an anchor at the beginning of a line")
            anchor, anchor_end = self.name(), self.at
            line = self.mark().line
            if not self.content() or self.at_marker():
                return self.anchored(anchor, self.bare(start, anchor_end))
            inline = self.mark().line == line
            if not inline and not self.deep_enough(indent, in_mapping=in_mapping):
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

    def deep_enough(self, indent: int, *, in_mapping: bool) -> bool:
        column = self.column()
        return column > indent or (in_mapping and column == indent and self.char() == "-" and self.blank(1))

    def bare(self, start: int, end: int) -> Node:
        return ScalarNode(NULL, "", self.mark(start), self.mark(end))

    def anchored(self, anchor: str | None, node: Node) -> Node:
        if anchor:
            node.anchor = anchor
            self.anchors[anchor] = node
        return node

    def name(self) -> str:
        """The name behind `&` or `*`."""
        match = _ANCHOR.match(self.text, self.at + 1)
        if not match:
            self.refuse("an anchor without a name")
        self.at = match.end()
        if not self.blank() and self.char() not in ",]}":
            self.refuse("an anchor with a name of other characters than letters, digits, - and _")
        return match.group()

    def alias(self) -> Node:
        start = self.at
        name = self.name()
        if name not in self.anchors:
            self.refuse("an alias of an anchor that is not above it", start)
        return self.anchors[name]

    def is_key(self) -> bool:
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

    def mapping(self, column: int) -> Node:
        start, found = self.mark(), []
        while True:
            if not self.is_key():
                self.refuse("something that is not a key")
            key = self.quoted() if self.char() in "\"'" else self.plain_key()
            self.spaces()
            self.at += 1
            found.append((key, self.node(column, self.at, in_mapping=True, same_line=True)))
            if not self.next_item(column):
                return MappingNode("tag:yaml.org,2002:map", found, start, self.mark())
            if self.char() == "-" and self.blank(1):
                self.refuse("a list item beside keys")

    def sequence(self, column: int) -> Node:
        start, found = self.mark(), []
        while True:
            self.at += 1
            found.append(self.node(column, self.at, same_line=True))
            if not self.next_item(column) or not (self.char() == "-" and self.blank(1)):
                return SequenceNode("tag:yaml.org,2002:seq", found, start, self.mark())

    def next_item(self, column: int) -> bool:
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

    def plain_key(self) -> Node:
        start = self.at
        end = self.plain_line("")
        return self.plain_node(self.text[start:end], start, end)

    def leaf(self, indent: int) -> Node:
        if self.char() in "{[":
            return self.flow()
        if self.char() in "\"'":
            return self.quoted(indent)
        if self.char() in "|>":
            return self.block_scalar(indent)
        return self.plain(indent)

    def flow(self) -> Node:
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

    def flow_content(self) -> str:
        """The next character that says something."""
        if not self.content():
            self.refuse("a bracket that is not closed")
        if self.at_marker():
            self.refuse("a document marker inside of brackets")
        return self.char()

    def flow_pair(self) -> tuple[Node, Node]:
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

    def flow_item(self) -> Node:
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
