"""Names that the stand-ins make up, and names that they don't know."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Collection, Mapping
from typing import Any

from testbed.plugins.diff import Path, render_path
from testbed.plugins.provider import CheckFailure


def autoname(name: str, random_seed: bytes) -> str:
    """``<name>-<hex>``, the same for the same seed: so a preview shows the name that the update will use."""
    return f"{name}-{hashlib.sha256(random_seed).hexdigest()[:7]}"


def unknown_properties(value: Mapping[str, Any], allowed: Collection[str], parent: Path = ()) -> list[CheckFailure]:
    """A failure for each key of ``value`` that ``allowed`` lacks, with the likeliest right one.

    ``parent`` is where ``value`` sits in the resource's inputs. Keys that start with ``__`` are the engine's and the
    bridge's bookkeeping (``__defaults``) and pass.
    """
    return [
        CheckFailure(render_path((*parent, key)), f"unknown property {key!r}{did_you_mean(key, allowed)}")
        for key in value
        if key not in allowed and not key.startswith("__")
    ]


def did_you_mean(word: str, known: Collection[str]) -> str:
    """``"; did you mean 'length'?"``, or all of a short list, or nothing: what to hang on an error about ``word``."""
    by_lower_case = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), by_lower_case, n=1)
    if near:
        return f"; did you mean {by_lower_case[near[0]]!r}?"
    if 0 < len(known) <= 12:
        return f"; it has {', '.join(sorted(known))}"
    return ""
