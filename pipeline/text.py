"""Text in narrow columns: prose is wrapped at its words, and an ARN or a host loses its middle."""

from __future__ import annotations

import textwrap


def shortened(text: str, width: int, mark: str = "…") -> str:
    """The text in at most ``width`` characters: of an ARN or a host, both ends tell more than the middle."""
    if len(text) <= width:
        return text
    tail = (width - len(mark)) // 2
    return f"{text[: width - len(mark) - tail]}{mark}{text[-tail:] if tail else ''}"


def wrapped(text: str, width: int, mark: str = "…") -> list[str]:
    """The lines of a text, at least one; only a word that is longer than a line is shortened."""
    words = " ".join(shortened(word, width, mark) for word in text.split())
    return textwrap.wrap(words, width, break_long_words=False, break_on_hyphens=False) or [""]
