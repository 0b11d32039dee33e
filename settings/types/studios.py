"""Releases, images, workspaces and log levels."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field

from settings import releases
from settings.types.text import (
    Filled,
    ListInText,
    Text,
    WithoutRepeats,
    any_case,
    form,
    in_any_case,
    list_in_text,
    number_as_text,
    without_repeats,
)
from settings.versions import Version

IMAGE = re.compile(
    r"(?P<repository>[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*(:\d{1,5}(?=/))?(/[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*)*)"
    r"(:(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(@(?P<digest>sha256:[0-9a-f]{64}))?",
    re.ASCII,
)
_ALL_OR_NONE = ("all", "none")
LogWord = Literal["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]


def _version(parse: Callable[[str], Version]) -> BeforeValidator:
    def read(value: Any) -> Version:
        if isinstance(value, Version):
            return value
        return parse(str(number_as_text(value)))

    return BeforeValidator(read)


def _workspaces(value: Any) -> Any:
    if (word := in_any_case(_ALL_OR_NONE, value)) in _ALL_OR_NONE:
        return word
    has_digit = isinstance(value, str) and any("0" <= character <= "9" for character in value)
    items = value if isinstance(value, str) and not has_digit and "[" not in value else list_in_text(value)
    if isinstance(items, int) and not isinstance(items, bool):
        items = [items]
    expected = 'write "all", "none" or a list of workspace ids such as [1, 2]'
    if not isinstance(items, list | tuple):
        raise ValueError(f"is neither a word nor a list; {expected}")  # noqa: TRY004 (pydantic takes ValueError)
    wrong = [json.dumps(item, default=str) for item in items if not _is_id(item)]
    if wrong:
        which = "which is not a workspace id" if len(wrong) == 1 else "which are not workspace ids"
        raise ValueError(f"holds {', '.join(wrong)}, {which}; {expected}")
    ids = [int(str(item).strip()) for item in items]
    if not ids:
        raise ValueError('is empty; write "none" to switch Studios off, or "all"')
    return tuple(without_repeats(tuple(ids)))


def _is_id(item: Any) -> bool:
    text = str(item).strip()
    return not isinstance(item, bool | float) and text.isascii() and text.isdigit() and int(text) >= 1


PlatformVersion = Annotated[Version, _version(releases.platform_version)]
ConnectVersion = Annotated[Version, _version(releases.connect_version)]
Workspaces = Annotated[
    Annotated[Literal["all", "none"], any_case(_ALL_OR_NONE)]
    | Annotated[tuple[Annotated[int, Field(ge=1)], ...], Filled, WithoutRepeats],
    BeforeValidator(_workspaces),
]
"""Every workspace, no workspace, or those with the given ids."""
LogLevel = Annotated[LogWord, any_case(get_args(LogWord))]
Image = Annotated[
    Text, form(IMAGE, "must be an image: repository, repository:tag or repository@sha256:<digest>, without a scheme")
]
SshKeyType = Literal["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"]
SshKeyTypes = Annotated[tuple[SshKeyType, ...], ListInText, WithoutRepeats, Field(min_length=1)]
"""Types of SSH keys, by the names that SSH itself has for them."""


def workspaces_in_tower_yml(workspaces: Workspaces) -> str:
    """An entry of tower.yml, as JSON: null for all, an empty list for none, or the ids."""
    return json.dumps({"all": None, "none": []}.get(workspaces) if isinstance(workspaces, str) else workspaces)


def allowed_variable(workspaces: Workspaces) -> str | None:
    """The variable of the allowed workspaces: left unset (None) for all, empty for none, or the ids."""
    return None if workspaces == "all" else _ids(workspaces)


def feature_variable(workspaces: Workspaces | None) -> str | None:
    """The other lists of workspaces: empty for all, to be left unset (None) for none, or the ids."""
    if workspaces in (None, "none"):
        return None
    return "" if workspaces == "all" else _ids(workspaces)


def _ids(workspaces: Workspaces) -> str:
    return "" if isinstance(workspaces, str) else ",".join(map(str, workspaces))
