"""Text in narrow columns: prose is wrapped at its words, and an ARN or a host loses its middle."""

from __future__ import annotations

import re
import shutil
import textwrap
from typing import Final, TextIO

_COMMAND: Final = re.compile(
    r"`[^`]+`"
    r"|(?:(?<=^)|(?<=[\s(]))"
    r"(?:pulumi|kubectl|docker|python -m|cd /|aws [a-z0-9-]+ [a-z]+-|cp \S+ \S+|make [a-z-]+ [A-Z]+=)"
    r"(?:(?!(?:[;,]|:)(?:\s|$)).)*"
)
"""A command in a text: in backticks, or from the name of a program up to the end of its part of the sentence."""
_SPACE: Final = "\x00"
"""Stands for a space that no line is broken at."""


def _with_whole_commands(text: str) -> str:
    return _COMMAND.sub(lambda found: found[0].replace(" ", _SPACE), text)


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
        whole: leave a word that is longer than a line as it is, and a command in one line, to be copied; otherwise a
            word is shortened.
    """
    parts = (_with_whole_commands(text) if whole else text).split(" ")
    words = " ".join(part if whole else shortened(part, width, mark) for each in parts for part in each.split())
    lines = textwrap.wrap(words, width, break_long_words=False, break_on_hyphens=False) or [""]
    return [line.replace(_SPACE, " ") for line in lines]


def fitted(text: str, stream: TextIO) -> str:
    """The text with its lines wrapped at their words to the width of a terminal; for anything else, as it is.

    A longer word, such as a URL, and a command stay whole, so that they can be copied.
    """
    if not stream.isatty():
        return text
    width = shutil.get_terminal_size().columns
    lines: list[str] = []
    for line in text.splitlines():
        indent = line[: len(line) - len(line.lstrip())]
        lines += textwrap.wrap(
            _with_whole_commands(line.strip()),
            width,
            initial_indent=indent,
            subsequent_indent=f"{indent}  ",
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
    return "\n".join(lines).replace(_SPACE, " ")
