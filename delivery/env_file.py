"""Files of environment variables, as Docker Compose reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping

_PLAIN = re.compile(r"[A-Za-z0-9_./:,@%+=-]*", re.ASCII)
_ESCAPES = {"\\": "\\\\", '"': '\\"', "$": "\\$", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def env_file(variables: Mapping[str, str]) -> str:
    """A line for each variable, sorted by name, which Docker Compose reads back as the very same value.

    Compose takes `$name` for a variable and ` #` for a comment unless quotes say otherwise: within single quotes
    everything stands for itself, within double quotes a backslash escapes.
    """
    return "".join(f"{name}={_quoted(value)}\n" for name, value in sorted(variables.items()))


def _quoted(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    if "'" not in value and "\\" not in value and value.isprintable():
        return f"'{value}'"
    return '"' + "".join(_ESCAPES.get(character, character) for character in value) + '"'
