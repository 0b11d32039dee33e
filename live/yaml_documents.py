"""The documents of a YAML stream as pieces of its text, so that one can be edited without the others."""

from __future__ import annotations

from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import DocumentEndEvent, DocumentStartEvent

from live import yaml_text


@dataclass(frozen=True)
class Document:
    """A document, and where its text lies in that of the stream.

    Args:
        stream: the whole text.
        start, end: the document's characters, without the lines `---` and `...` around it.
        number: which one it is, from 1.
        count: how many there are.
    """

    stream: str
    start: int
    end: int
    number: int = 1
    count: int = 1

    @property
    def text(self) -> str:
        """The document's own text."""
        return self.stream[self.start : self.end]

    def replaced(self, text: str) -> str:
        """The stream with another text in the document's place."""
        if self.end < len(self.stream) and text and not text.endswith("\n"):
            # What follows is a line of its own.
            text += yaml_text.line_break(self.stream)
        return self.stream[: self.start] + text + self.stream[self.end :]


def documents(stream: str) -> list[Document]:
    """The documents of a stream; one that is whole where there are no several.

    Raises:
        YamlTextError: it is not YAML.
    """
    try:
        events = list(YAML(typ="safe", pure=True).parse(yaml_text.with_spaces(stream)))
    except YAMLError as error:
        raise yaml_text.not_yaml(error) from None
    starts = [event for event in events if isinstance(event, DocumentStartEvent)]
    ends = [event for event in events if isinstance(event, DocumentEndEvent)]
    if len(starts) < 2:
        return [Document(stream, 0, len(stream))]
    found = []
    for number, (start, end) in enumerate(zip(starts, ends, strict=True), 1):
        begin = _behind_marker(stream, int(start.end_mark.index)) if start.explicit else 0
        if end.explicit:
            stop = yaml_text.line_start(stream, int(end.start_mark.index))
        else:
            stop = int(starts[number].start_mark.index) if number < len(starts) else len(stream)
        found.append(Document(stream, begin, max(begin, stop), number, len(starts)))
    return found


def _behind_marker(stream: str, index: int) -> int:
    """Behind the line of `---`, unless the document begins in it."""
    end = yaml_text.line_end(stream, index)
    rest = stream[index:end].strip()
    if rest and not rest.startswith("#"):
        return index
    return stream.find("\n", end) + 1 or len(stream)
