"""An entry of tower.yml, such as `tower.data-studio.allowed-workspaces`: read, set and restored, all else as it is.

The file belongs to another owner, comments and all. So nothing is loaded and dumped: the entry's place is found by
parsing, and only its characters change. Every edit is parsed again and compared before it is handed back.

A file of several documents, as Seqera's Helm chart renders it, is edited in the one that has the entry, or most of its
path. Platform reads all of them, and what a later one says of a key counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, SequenceNode

from live import yaml_text
from live.tower_yml_place import Path, Spot, find_place, locate, refuse_merged, spelled_otherwise
from live.yaml_text import Canonical, Pair, YamlTextError

INDENT = 2


class TowerYmlError(ValueError):
    """The text cannot be edited safely; the message says why, in words that follow the file's name."""


@dataclass(frozen=True)
class Entry:
    """What a tower.yml says of an entry, exactly enough to say it again.

    `path` is the entry's. `depth` is how many keys of it exist: all where the entry itself does.
    `source` is the text of the last one's value, if that is the entry's, or a null in a line of its own; else None.
    """

    path: Path
    depth: int
    source: str | None

    @classmethod
    def of_record(cls, path: Path, record: Mapping[str, Any]) -> Entry:
        """The entry of which `record` was kept."""
        return cls(path, int(record["depth"]), record.get("source"))

    @property
    def record(self) -> dict[str, Any]:
        """What is to be kept of it. States and hosts hold these keys."""
        return {"depth": self.depth, "source": self.source}

    @property
    def present(self) -> bool:
        """Whether the file has the entry."""
        return self.depth == len(self.path)

    @property
    def value(self) -> object:
        """The entry's value; None where it is absent, too."""
        if not self.present or not self.source:
            return None
        # It stood behind a colon, where a tab indents nothing.
        text = yaml_text.with_spaces(f":{self.source}")[1:]
        try:
            return _plain(YAML(typ="safe", pure=True).load(text))
        except (YAMLError, ValueError, OverflowError):
            # A tag or a date that says nothing to this parser: nothing that the program has written.
            return text.strip()


def _plain(value: object) -> object:
    """A value of YAML as JSON can show it, of which the keys are texts."""
    if isinstance(value, Mapping):
        return {each if isinstance(each, str) else str(each): _plain(item) for each, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, value))
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def read_entry(text: str, path: Path) -> Entry:
    """What the text says of the entry at a path.

    Raises:
        TowerYmlError: the text is not a YAML mapping.
    """
    try:
        document, spot = find_place(text, path)
        return _entry(document.text, spot, path)
    except YamlTextError as error:
        raise TowerYmlError(str(error)) from None


def refuse_other_spelling(text: str, path: Path) -> None:
    """Refuses an entry with a key such as `dataStudio`, which Platform's framework reads as `data-studio`, too.

    What takes an entry away again doesn't ask: it finds its own.

    Raises:
        TowerYmlError: the text has one, or is not YAML.
    """
    try:
        spelled_otherwise(text, path)
    except YamlTextError as error:
        raise TowerYmlError(str(error)) from None


def set_entry(text: str, path: Path, value: object) -> str:
    """The text with the entry set to a value that JSON knows. Unchanged where it says so already.

    Raises:
        TowerYmlError: the text is not a YAML mapping, or the entry cannot be set without changing something else.
    """
    try:
        document, spot = find_place(text, path)
        entry = _entry(document.text, spot, path)
        if entry.present and entry.value == value:
            return text
        for edited in _with_value(document.text, spot, path, value):
            if _differs_only_in_entry(edited, document.text, path) and _read(edited, path).value == value:
                return document.replaced(edited)
    except YamlTextError as error:
        raise TowerYmlError(str(error)) from None
    raise TowerYmlError(
        f"cannot be given {'.'.join(path)} without changing something else, since anchors or tags are in the way; "
        "write that entry with its value in the file"
    )


def restore(text: str, earlier: Entry) -> str:
    """The text with the entry as it was in the text that `earlier` was read from, and all else as it is now.

    An entry that was taken out since stays out.

    Raises:
        TowerYmlError: the text is not a YAML mapping, or the entry cannot be restored without changing something else.
    """
    try:
        document, spot = find_place(text, earlier.path)
        if len(spot.found) < len(earlier.path):
            return text
        part = document.text
        restored = _replaced(part, spot, earlier.source or "") if earlier.present else _removed(part, spot, earlier)
        if _differs_only_in_entry(restored, part, earlier.path):
            return document.replaced(restored)
    except YamlTextError as error:
        raise TowerYmlError(str(error)) from None
    name = ".".join(earlier.path)
    raise TowerYmlError(f"cannot be restored without {name} unchanged otherwise; edit that entry by hand")


def _read(text: str, path: Path) -> Entry:
    return _entry(text, locate(text, path), path)


def _entry(text: str, spot: Spot, path: Path) -> Entry:
    if not spot.found:
        return Entry(path, 0, None)
    last = spot.found[-1]
    if len(spot.found) == len(path):
        start, end = _value_span(text, last)
        return Entry(path, len(path), text[start:end])
    if yaml_text.is_null(last.value) and (spot.mappings[-1].flow_style or not last.is_empty):
        return Entry(path, len(spot.found), text[slice(*_value_span(text, last))])
    return Entry(path, len(spot.found), None)


def _value_span(text: str, pair: Pair) -> tuple[int, int]:
    """The characters of a value: behind the colon, or for a list in lines of its own, behind the key's line."""
    start = yaml_text.value_start(text, pair)
    if pair.is_empty:
        return start, start
    end = yaml_text.end_of(pair.value)
    if isinstance(pair.value, SequenceNode) and not pair.value.flow_style:
        return yaml_text.line_end(text, start), yaml_text.line_end(text, end)
    return start, end


def _replaced(text: str, spot: Spot, source: str) -> str:
    """The text with the entry's value replaced by the given source, as `_value_span` delimits it."""
    pair = spot.found[-1]
    start, end = _value_span(text, pair)
    behind_key = yaml_text.value_start(text, pair)
    if source.lstrip(" \t").startswith(("\n", "\r")):
        bare = yaml_text.replace(text, start, end, "")
        at = yaml_text.line_end(bare, behind_key)
        return yaml_text.replace(bare, at, at, source)
    bare = yaml_text.replace(text, start, end, "")
    return yaml_text.replace(bare, behind_key, behind_key, source)


def _with_value(text: str, spot: Spot, path: Path, value: object) -> Iterator[str]:
    """The edits that set the entry, the most natural one first."""
    missing = path[len(spot.found) :]
    if not missing:
        yield _replaced(text, spot, f" {json.dumps(value)}")
        return
    if spot.root_is_empty:
        yield yaml_text.appended(
            text, _block(missing, value, 0, yaml_text.line_break(text)), yaml_text.line_break(text)
        )
        return
    parent = spot.mappings[-1]
    if spot.found and yaml_text.is_null(spot.found[-1].value):
        yield from _into_null(text, spot, missing, value)
        return
    refuse_merged(parent, missing[0])
    if parent.flow_style or not parent.value:
        yield _into_flow(text, parent, missing, value)
    else:
        yield from _into_block(text, spot, missing, value)


def _into_null(text: str, spot: Spot, missing: Path, value: object) -> Iterator[str]:
    pair, holder = spot.found[-1], spot.mappings[-1]
    start, end = _value_span(text, pair)
    if pair.is_empty and not holder.flow_style:
        br = yaml_text.line_break(text)
        at = yaml_text.line_end(text, start)
        yield yaml_text.replace(text, at, at, br + _block(missing, value, yaml_text.column(pair.key) + INDENT, br))
    yield yaml_text.replace(text, start, end, f" {{{_flow(missing, value)}}}")


def _into_flow(text: str, parent: MappingNode, missing: Path, value: object) -> str:
    brace = text.index("{", parent.start_mark.index) + 1
    comma = ", " if parent.value else ""
    first = yaml_text.pairs(parent)[0].start if parent.value else brace
    return yaml_text.replace(text, first, first, _flow(missing, value) + comma)


def _into_block(text: str, spot: Spot, missing: Path, value: object) -> Iterator[str]:
    br = yaml_text.line_break(text)
    parent = spot.mappings[-1]
    first = yaml_text.pairs(parent)[0]
    block = _block(missing, value, yaml_text.column(first.key), br)
    if not spot.found:
        yield yaml_text.appended(text, block, br)
    at = yaml_text.line_start(text, first.start)
    if spot.found:
        # Above a comment that belongs to the first key.
        floor = yaml_text.line_end(text, spot.found[-1].start)
        while at > floor + len(br):
            above = yaml_text.line_start(text, at - 1)
            if above <= floor or text[above:at].strip()[:1] not in ("", "#"):
                break
            at = above
    yield yaml_text.replace(text, at, at, block + br)


def _block(path: Path, value: object, column: int, br: str) -> str:
    lines = [f"{' ' * (column + INDENT * depth)}{name}:" for depth, name in enumerate(path)]
    return f"{br.join(lines)} {json.dumps(value)}"


def _flow(path: Path, value: object) -> str:
    *parents, leaf = path
    return "".join(f"{name}: {{" for name in parents) + f"{leaf}: {json.dumps(value)}" + "}" * len(parents)


def _removed(text: str, spot: Spot, earlier: Entry) -> str:
    """The text without the entry, and without those of its parents that were not there before and hold nothing else."""
    depth = len(earlier.path) - 1
    while depth > earlier.depth and len(spot.mappings[depth].value) == 1:
        depth -= 1
    pair, holder = spot.found[depth], spot.mappings[depth]
    parent = spot.found[depth - 1] if depth else None
    if parent is not None and depth == earlier.depth and earlier.source is not None and len(holder.value) == 1:
        return yaml_text.replace(text, *_value_span(text, parent), earlier.source)
    if holder.flow_style:
        return yaml_text.without_flow_pair(text, holder, pair)
    return yaml_text.without_lines(text, pair.start, max(yaml_text.end_of(pair.key), yaml_text.end_of(pair.value)))


def _differs_only_in_entry(edited: str, text: str, path: Path) -> bool:
    try:
        return _rest(edited, path) == _rest(text, path)
    except YamlTextError:
        return False


def _rest(text: str, path: Path) -> Canonical:
    """What the text says beside the entry; parents that hold nothing count as absent."""
    return yaml_text.without(yaml_text.canonical(yaml_text.compose(text)), path)
