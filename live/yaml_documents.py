"""The documents of a YAML stream as pieces of its text, so that one can be edited without the others.

No parser is asked: a line that begins with `---` or `...` is a marker wherever it stands, also in a block of text.
https://yaml.org/spec/1.2.2/#rule-c-forbidden
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from live import yaml_text

_MARKER = re.compile(r"^(---|\.\.\.)(?=[ \t\r\n]|\Z)", re.MULTILINE)


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

    @property
    def lines_before(self) -> int:
        """How many lines of the stream lie before it."""
        return self.stream.count("\n", 0, self.start)

    def replaced(self, text: str) -> str:
        """The stream with another text in the document's place."""
        if self.end < len(self.stream) and text and not text.endswith("\n"):
            # What follows is a line of its own.
            text += yaml_text.line_break(self.stream)
        return self.stream[: self.start] + text + self.stream[self.end :]


def documents(stream: str) -> list[Document]:
    """The documents of a stream; one that is whole where there are no several."""
    spans: list[tuple[int, int]] = []
    start, explicit = 0, False
    for marker in _MARKER.finditer(stream):
        if explicit or _says_something(stream[start : marker.start()]):
            spans.append((start, marker.start()))
        explicit = marker[1] == "---"
        start = _behind(stream, marker.end())
    if explicit or _says_something(stream[start:]):
        spans.append((start, len(stream)))
    if len(spans) < 2:
        return [Document(stream, 0, len(stream))]
    return [Document(stream, *span, number, len(spans)) for number, span in enumerate(spans, 1)]


def _says_something(text: str) -> bool:
    """Whether it is a document without a marker, and not only comments and directives."""
    return any(line.strip() and not line.lstrip().startswith(("#", "%")) for line in text.splitlines())


def _behind(stream: str, index: int) -> int:
    """Behind the line of a marker, unless a document begins in it."""
    end = yaml_text.line_end(stream, index)
    rest = stream[index:end].strip()
    if rest and not rest.startswith("#"):
        return index
    return stream.find("\n", end) + 1 or len(stream)
