"""Where tower.yml has an entry, or how much of the way to it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ruamel.yaml.nodes import MappingNode, ScalarNode

from live import yaml_text
from live.yaml_documents import Document, documents
from live.yaml_text import Pair, YamlTextError

Path = tuple[str, ...]
"""The keys that lead to an entry, such as ``("tower", "data-studio", "allowed-workspaces")``."""


def path_of(entry: str) -> Path:
    """The path of an entry that is written in one line, with dots."""
    return tuple(entry.split("."))


def setting_of_entry(path: Path) -> str:
    """The setting that an entry follows from: it has the name of the entry's last key."""
    first, *rest = path[-1].split("-")
    return first + "".join(map(str.capitalize, rest))


@dataclass(frozen=True)
class Spot:
    """How far the path leads: the pairs found, and the mappings that hold them, the root first."""

    found: list[Pair]
    mappings: list[MappingNode]
    root_is_empty: bool


def find_place(text: str, path: Path) -> tuple[Document, Spot]:
    """The document to read and to edit, and how far the path leads in it."""
    found = [(document, _locate_in(document, path)) for document in documents(text)]
    depth = max(len(spot.found) for _, spot in found)
    deepest = [each for each in found if len(each[1].found) == depth]
    # Of two entries the later one counts; where none has a part of the path, any would do.
    if depth == 0:
        return next((each for each in reversed(deepest) if not each[1].root_is_empty), deepest[-1])
    return deepest[-1] if depth == len(path) else deepest[0]


def _locate_in(document: Document, path: Path) -> Spot:
    try:
        return locate(document.text, path)
    except YamlTextError as error:
        if document.count == 1:
            raise
        raise YamlTextError(
            f"{_in_stream(document, path, error)}, in document {document.number} of {document.count}"
        ) from None


def _in_stream(document: Document, path: Path, error: YamlTextError) -> YamlTextError:
    """The error with the line that it has in the whole text."""
    try:
        locate("\n" * document.lines_before + document.text, path)
    except YamlTextError as found:
        return found
    return error


def locate(text: str, path: Path) -> Spot:
    """How far the path leads in a text of one document.

    Raises:
        YamlTextError: it is not a YAML mapping, or the path is written in a way that can't be edited.
    """
    root = yaml_text.compose(text)
    found: list[Pair] = []
    if root is None:
        return Spot(found, [], root_is_empty=True)
    mappings = [root]
    for depth, name in enumerate(path):
        _refuse_dotted(mappings[-1], path, depth)
        pair = yaml_text.find(mappings[-1], name)
        if pair is None:
            break
        found.append(pair)
        here = ".".join(path[: depth + 1])
        if pair.is_alias or yaml_text.is_shared(root, pair.value):
            raise YamlTextError(f"shares {here} with another place through an anchor; write it out in both")
        if depth + 1 == len(path) or yaml_text.is_null(pair.value):
            break
        if not isinstance(pair.value, MappingNode):
            raise YamlTextError(f"has something at {here} that is not a mapping (line {pair.key.start_mark.line + 1})")
        mappings.append(pair.value)
    return Spot(found, mappings, root_is_empty=False)


def spelled_otherwise(text: str, path: Path) -> None:
    """Looks for the entry by keys such as `dataStudio`, `tower.dataStudio` or `allowed-workspaces[0]`, merged ones too.

    Raises:
        YamlTextError: the text has one, or is not YAML.
    """
    for document in documents(text):
        root = yaml_text.compose("\n" * document.lines_before + document.text)
        if root is not None:
            _refuse_other_spelling(root, path, ())


def _refuse_other_spelling(mapping: MappingNode, path: Path, written: Path) -> None:
    refuse_merged(mapping, path[0])
    for pair in yaml_text.pairs_with_merged(mapping):
        if isinstance(pair.key, ScalarNode):
            _refuse_key(pair, path, written)


def _refuse_key(pair: Pair, path: Path, written: Path) -> None:
    """Refuses a key that leads to the entry, itself or further below: it may have several of the path's names."""
    here, line = (*written, str(pair.key.value)), pair.key.start_mark.line + 1
    meant = (*(name for key in written for name in _names(key)), *path)
    names = _names(here[-1])
    if re.fullmatch(rf"{re.escape('.'.join(path))}\[\d+\]", ".".join(names)):
        raise YamlTextError(f"has the key {here[-1]} (line {line}); write the whole list at {'.'.join(meant)}")
    if names != path[: len(names)]:
        return
    rest = path[len(names) :]
    if rest and isinstance(pair.value, MappingNode):
        _refuse_other_spelling(pair.value, rest, here)
    elif not rest and ".".join(here) != ".".join(meant):
        how = "nested, a line each" if len(here) < len(meant) else "so"
        raise YamlTextError(
            f"has {'.'.join(here)} (line {line}), which Platform reads as {'.'.join(meant)}; write it {how}"
        )
    elif not rest and len(here) < len(meant):
        raise _in_one_line(next(key for key in here if "." in key))


def _names(key: str) -> Path:
    """The names of a path in a key, as Platform's framework reads it: in kebab case, and apart at the dots."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", key)
    return path_of(re.sub("[-_]+", "-", apart).lower())


def refuse_merged(mapping: MappingNode, name: str) -> None:
    """Refuses to give a mapping a key that it has from another place, which the new one would hide.

    Raises:
        YamlTextError: it has.
    """
    if yaml_text.find(mapping, name) is None and yaml_text.merges(mapping, name):
        raise YamlTextError(f"merges {name} from an anchor elsewhere in the file; write it out where it is used")


def _refuse_dotted(mapping: MappingNode, path: Path, depth: int) -> None:
    # Platform reads `tower.data-studio:` as it reads the nested form, and one would hide the other.
    for end in range(depth + 2, len(path) + 1):
        dotted = ".".join(path[depth:end])
        if yaml_text.find(mapping, dotted) is not None:
            raise _in_one_line(dotted)


def _in_one_line(key: str) -> YamlTextError:
    return YamlTextError(f"has the key {key} in one line; write its parts nested, a line each")
