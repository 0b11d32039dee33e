"""Text in narrow columns: prose is wrapped at its words, and an ARN or a host loses its middle."""

from __future__ import annotations

import shutil
import textwrap
from typing import TextIO


def shortened(text: str, width: int, mark: str = "…") -> str:
    """The text in at most ``width`` characters: of an ARN or a host, both ends tell more than the middle."""
    if len(text) <= width:
        return text
    tail = (width - len(mark)) // 2
    return f"{text[: width - len(mark) - tail]}{mark}{text[-tail:] if tail else ''}"


def wrapped(text: str, width: int, mark: str = "…", *, whole: bool = False) -> list[str]:
    """The lines of a text, at least one.

    Args:
        text: words; space between them is not kept.
        width: of a line.
        mark: stands where something is left out.
        whole: leave a word that is longer than a line as it is, to be copied; otherwise it is shortened.
    """
    words = " ".join(word if whole else shortened(word, width, mark) for word in text.split())
    return textwrap.wrap(words, width, break_long_words=False, break_on_hyphens=False) or [""]


def fitted(text: str, stream: TextIO) -> str:
    """The text with its lines wrapped at their words to the width of a terminal; for anything else, as it is.

    A longer word, such as a URL, stays whole, so that it can be copied.
    """
    if not stream.isatty():
        return text
    width = shutil.get_terminal_size().columns
    lines: list[str] = []
    for line in text.splitlines():
        indent = line[: len(line) - len(line.lstrip())]
        lines += textwrap.wrap(
            line.strip(),
            width,
            initial_indent=indent,
            subsequent_indent=f"{indent}  ",
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
    return "\n".join(lines)
