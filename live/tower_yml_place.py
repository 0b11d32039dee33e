"""Where tower.yml has the entry of the allowed workspaces, or how much of the way to it."""

from __future__ import annotations

from dataclasses import dataclass

from ruamel.yaml.nodes import MappingNode

from live import yaml_text
from live.yaml_documents import Document, documents
from live.yaml_text import Pair, YamlTextError

PATH = ("tower", "data-studio", "allowed-workspaces")
"""The entry's path in the file."""


@dataclass(frozen=True)
class Spot:
    """How far the path leads: the pairs found, and the mappings that hold them, the root first."""

    found: list[Pair]
    mappings: list[MappingNode]
    root_is_empty: bool


def find_place(text: str) -> tuple[Document, Spot]:
    """The document to read and to edit, and how far the path leads in it."""
    found = [(document, _locate_in(document)) for document in documents(text)]
    depth = max(len(spot.found) for _, spot in found)
    deepest = [each for each in found if len(each[1].found) == depth]
    # Of two entries the later one counts; where none has a part of the path, any would do.
    if depth == 0:
        return next((each for each in reversed(deepest) if not each[1].root_is_empty), deepest[-1])
    return deepest[-1] if depth == len(PATH) else deepest[0]


def _locate_in(document: Document) -> Spot:
    try:
        return locate(document.text)
    except YamlTextError as error:
        if document.count == 1:
            raise
        raise YamlTextError(
            f"{_in_stream(document, error)}, in document {document.number} of {document.count}"
        ) from None


def _in_stream(document: Document, error: YamlTextError) -> YamlTextError:
    """The error with the line that it has in the whole text."""
    try:
        locate("\n" * document.lines_before + document.text)
    except YamlTextError as found:
        return found
    return error


def locate(text: str) -> Spot:
    """How far the path leads in a text of one document.

    Raises:
        YamlTextError: it is not a YAML mapping, or the path is written in a way that can't be edited.
    """
    root = yaml_text.compose(text)
    found: list[Pair] = []
    if root is None:
        return Spot(found, [], root_is_empty=True)
    mappings = [root]
    for depth, name in enumerate(PATH):
        _refuse_dotted(mappings[-1], depth)
        pair = yaml_text.find(mappings[-1], name)
        if pair is None:
            break
        found.append(pair)
        path = ".".join(PATH[: depth + 1])
        if pair.is_alias or yaml_text.is_shared(root, pair.value):
            raise YamlTextError(f"shares {path} with another place through an anchor; write it out in both")
        if depth + 1 == len(PATH) or yaml_text.is_null(pair.value):
            break
        if not isinstance(pair.value, MappingNode):
            raise YamlTextError(f"has something at {path} that is not a mapping (line {pair.key.start_mark.line + 1})")
        mappings.append(pair.value)
    return Spot(found, mappings, root_is_empty=False)


def _refuse_dotted(mapping: MappingNode, depth: int) -> None:
    # Platform reads `tower.data-studio:` as it reads the nested form, and one would hide the other.
    for end in range(depth + 2, len(PATH) + 1):
        dotted = ".".join(PATH[depth:end])
        if yaml_text.find(mapping, dotted) is not None:
            raise YamlTextError(f"has the key {dotted} in one line; write its parts nested, a line each")
