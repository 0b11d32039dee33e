"""Edits of a YAML text that keep every other byte: a place is found by parsing, and changed as characters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Canonical = tuple[object, ...]


class YamlTextError(ValueError):
    """The text cannot be edited; the message says why, in words that follow the text's name."""


@dataclass(frozen=True)
class Pair:
    """A key and its value in a mapping."""

    key: Node
    value: Node

    @property
    def start(self) -> int:
        """Where the key begins."""
        return int(self.key.start_mark.index)

    @property
    def is_alias(self) -> bool:
        """Whether the value is written elsewhere (`*name`)."""
        return bool(self.value.start_mark.index < self.key.start_mark.index)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is written for the value."""
        return bool(isinstance(self.value, ScalarNode) and self.value.start_mark.index == self.value.end_mark.index)


def with_spaces(text: str) -> str:
    """The text with a space for each tab that YAML takes as one, so that every place in it stays the same.

    The parsers know no tabs but within quotes, brackets and blocks of text. Those that indent something stay: YAML
    forbids them there, and in a block of text they belong to its lines.
    """
    if "\t" not in text:
        return text
    return "\n".join(map(_line_with_spaces, text.split("\n")))


def _line_with_spaces(line: str) -> str:
    content = line.lstrip(" \t")
    if not content.strip() or content.startswith("#"):
        return line.replace("\t", " ")
    return line[: len(line) - len(content)] + content.replace("\t", " ")


def compose(text: str) -> MappingNode | None:
    """The mapping that the text holds, or None where it holds nothing but comments.

    Raises:
        YamlTextError: no YAML, several documents, a key twice, or something else than a mapping.
    """
    try:
        node = YAML(typ="safe", pure=True).compose(with_spaces(text))
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it cannot be parsed"
        raise YamlTextError(f"is not valid YAML{place}: {problem}") from None
    except RecursionError:
        raise YamlTextError("nests lists or mappings too deeply to be read; write it with fewer levels") from None
    if node is None or (is_null(node) and node.start_mark.index == node.end_mark.index):
        return None
    if not isinstance(node, MappingNode):
        raise YamlTextError("is not a YAML mapping, as `key: value` lines are")
    return node


def pairs(mapping: MappingNode) -> list[Pair]:
    """The mapping's pairs, in order."""
    return [Pair(key, value) for key, value in mapping.value]


def find(mapping: MappingNode, name: str) -> Pair | None:
    """The pair with the given key, if the mapping itself has it.

    Raises:
        YamlTextError: it has the key twice.
    """
    found = [pair for pair in pairs(mapping) if isinstance(pair.key, ScalarNode) and pair.key.value == name]
    if len(found) > 1:
        raise YamlTextError(f"has the key {name} twice in one mapping (line {found[1].key.start_mark.line + 1})")
    return found[0] if found else None


def merges(mapping: MappingNode, name: str) -> bool:
    """Whether the mapping gets a key from another one by `<<`."""
    return any(
        isinstance(pair.key, ScalarNode) and pair.key.value == name
        for merged in _merged(mapping)
        for pair in pairs_with_merged(merged)
    )


def pairs_with_merged(mapping: MappingNode, within: tuple[MappingNode, ...] = ()) -> list[Pair]:
    """The mapping's pairs, and those that it gets by `<<` and has no key of its own for; `within` are those above it.

    Raises:
        YamlTextError: a mapping is merged into itself.
    """
    if any(each is mapping for each in within):
        raise YamlTextError(f"merges a mapping into itself (line {mapping.start_mark.line + 1}); write its keys out")
    own = pairs(mapping)
    names = {pair.key.value for pair in own if isinstance(pair.key, ScalarNode)}
    gotten = (pair for merged in _merged(mapping) for pair in pairs_with_merged(merged, (*within, mapping)))
    return [*own, *(pair for pair in gotten if not (isinstance(pair.key, ScalarNode) and pair.key.value in names))]


def _merged(mapping: MappingNode) -> Iterator[MappingNode]:
    for pair in pairs(mapping):
        if isinstance(pair.key, ScalarNode) and pair.key.value == "<<":
            items = pair.value.value if isinstance(pair.value, SequenceNode) else [pair.value]
            yield from (item for item in items if isinstance(item, MappingNode))


def is_null(node: Node) -> bool:
    """Whether the node is null, written or left out."""
    return isinstance(node, ScalarNode) and str(node.tag) == "tag:yaml.org,2002:null"


def is_shared(root: Node, node: Node) -> bool:
    """Whether an alias elsewhere (`*name`) stands for the node too."""
    occurrences, visited, waiting = 0, set[int](), [root]
    while waiting:
        current = waiting.pop()
        occurrences += current is node
        if id(current) in visited or isinstance(current, ScalarNode):
            continue
        visited.add(id(current))
        for item in current.value:
            waiting.extend(item if isinstance(item, tuple) else (item,))
    return occurrences > 1


def end_of(node: Node) -> int:
    """Where the node's own text ends: a block collection's mark lies behind the comments that follow it."""
    if isinstance(node, (MappingNode, SequenceNode)) and not node.flow_style and node.value:
        last = node.value[-1]
        if not isinstance(last, tuple):
            return end_of(last)
        pair = Pair(*last)
        return end_of(pair.key) if pair.is_alias else max(end_of(pair.key), end_of(pair.value))
    return int(node.end_mark.index)


def line_end(text: str, index: int) -> int:
    """Where the line at the index ends, before its line break."""
    end = text.find("\n", index)
    if end < 0:
        return len(text)
    return end - 1 if end > index and text[end - 1] == "\r" else end


def line_start(text: str, index: int) -> int:
    """Where the line at the index begins: in the first one, behind a byte order mark."""
    return text.rfind("\n", 0, index) + 1 or int(text.startswith("\ufeff"))


def line_break(text: str) -> str:
    """The text's line break: that of its first line."""
    first = text.find("\n")
    return "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"


def replace(text: str, start: int, end: int, new: str) -> str:
    """The text with the characters from start to end replaced."""
    return text[:start] + new + text[end:]


def value_start(text: str, pair: Pair) -> int:
    """Right behind the pair's colon.

    Raises:
        YamlTextError: there is no colon, as in `{key}`.
    """
    key_end = int(pair.key.end_mark.index)
    if not text[key_end:].lstrip(" \t").startswith(":"):
        raise YamlTextError(f"has the key {pair.key.value} without a colon (line {pair.key.start_mark.line + 1})")
    return text.index(":", key_end) + 1


def without_lines(text: str, start: int, end: int) -> str:
    """The text without the lines from the one at start to the one at end.

    Raises:
        YamlTextError: something else stands before start in its line.
    """
    first, last = line_start(text, start), line_end(text, end)
    if text[first:start].strip(" "):
        raise YamlTextError(f"has something before the key in line {text.count(chr(10), 0, start) + 1}")
    if last < len(text):
        return text[:first] + text[text.index("\n", last) + 1 :]
    top = line_start(text, 0)
    return text[: line_end(text, line_start(text, first - 1))] if first > top else text[:top]


def without_flow_pair(text: str, mapping: MappingNode, pair: Pair) -> str:
    """The text without one pair of a `{…}` mapping, and without the comma beside it."""
    all_pairs = pairs(mapping)
    position = [other.start for other in all_pairs].index(pair.start)
    end = max(int(pair.key.end_mark.index), 0 if pair.is_alias else int(pair.value.end_mark.index))
    if position + 1 < len(all_pairs):
        return replace(text, pair.start, all_pairs[position + 1].start, "")
    if position:
        before = all_pairs[position - 1]
        return replace(text, max(int(before.key.end_mark.index), int(before.value.end_mark.index)), end, "")
    return replace(text, pair.start, end, "")


def canonical(node: Node | None) -> Canonical:
    """What the node says, without how it is written; aliases are told from copies, and order counts."""
    seen: dict[int, int] = {}

    def say(node: Node) -> Canonical:
        if id(node) in seen:
            return ("alias", seen[id(node)])
        if node.anchor:
            seen[id(node)] = len(seen)
        if isinstance(node, ScalarNode):
            return ("scalar", str(node.tag), node.value)
        if isinstance(node, MappingNode):
            return ("mapping", tuple((say(key), say(value)) for key, value in node.value))
        return ("sequence", tuple(say(item) for item in node.value))

    return ("mapping", ()) if node is None else say(node)


def appended(text: str, block: str, br: str) -> str:
    """The text with a block of lines at its end; `br` is its line break."""
    if not text:
        return block + br
    return text + block + br if text.endswith("\n") else text + br + block


def column(key: Node) -> int:
    """Where a key begins in its line."""
    return int(key.start_mark.column)


def without(node: Canonical, path: tuple[str, ...]) -> Canonical:
    """A mapping without the entry at a path; parents that hold nothing else go, too."""
    if not path or node[0] != "mapping":
        return node
    kept: list[tuple[Canonical, Canonical]] = []
    for key, value in cast("tuple[tuple[Canonical, Canonical], ...]", node[1]):
        if key[0] == "scalar" and key[2] == path[0]:
            rest = without(value, path[1:])
            if len(path) == 1 or rest == ("mapping", ()) or rest[:2] == ("scalar", "tag:yaml.org,2002:null"):
                continue
            kept.append((key, rest))
        else:
            kept.append((key, value))
    return ("mapping", tuple(kept))
