"""The program's messages in the words of somebody who uses the package, and writes arguments, no stack's file."""

from __future__ import annotations

import re
from typing import Final

from settings.errors import PROJECT

_PHRASES: Final = (
    (r"^(\d+) settings need a change:", r"\1 arguments need a change:"),
    (r"write: pulumi config set --secret \w+ \(it asks for the value\)", "hand it over as a secret"),
    (r"is encrypted, and (.*); write: pulumi config set \w+", r"is secret, and \1; hand it over as it is"),
    (r"; write: pulumi config set --secret \w+$", "; leave that out"),
    (r"`pulumi config set (\w+) ([^\s`]+)`", r"`\1: \2`"),
    (r"pulumi config set --path '(\w+)\[\d+\]' (\S+)", r"\1: [\2] (beside what it has)"),
    (r"pulumi config set (\w+)", r"\1:"),
    (rf"\b{PROJECT}:", ""),
)
"""What a message says, and what it says instead."""


def as_arguments(text: str) -> str:
    """The text with arguments in the place of config keys, and of the commands that set them."""
    for phrase, instead in _PHRASES:
        text = re.sub(phrase, instead, text, flags=re.MULTILINE)
    return text
