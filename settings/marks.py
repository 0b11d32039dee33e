"""What a declaration says of a setting beside its type: its target, the releases that know it, and its variable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

Place = Literal["proxy", "server", "platform"]
"""Where a variable is set; `platform` is that of backend and cron."""
CONNECT: Final[tuple[Place, ...]] = ("proxy", "server")
"""The places of Connect."""
Write = Callable[[Any], str | None]
"""Makes a variable's value out of a setting's; None leaves the variable out."""


def as_text(value: Any) -> str | None:
    """A setting as a variable holds it: booleans in lower case, lists with commas between; None is left out."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return None if value is None else str(value)


def spaced(values: tuple[str, ...]) -> str | None:
    """A list with spaces between; an empty one is left out."""
    return " ".join(values) or None


def only_true(value: bool) -> str | None:
    """`true`, or left out."""
    return "true" if value else None


COMPUTED: Final = None
"""In the place of a writer: the value follows from more than this setting, and `settings.environment` makes it."""


@dataclass(frozen=True)
class Variable:
    """The setting becomes an environment variable.

    Args:
        name: of the variable.
        places: where it is set. That of a secret is in the pods themselves, out of a Secret.
        write: makes its value; `COMPUTED` where that is written by hand.
    """

    name: str
    places: tuple[Place, ...]
    write: Write | None = as_text


def proxy(name: str, write: Write | None = as_text) -> Variable:
    """The setting becomes a variable of the proxy."""
    return Variable(name, ("proxy",), write)


def server(name: str, write: Write | None = as_text) -> Variable:
    """The setting becomes a variable of the server."""
    return Variable(name, ("server",), write)


def connect(name: str, write: Write | None = as_text) -> Variable:
    """The setting becomes a variable of both proxy and server."""
    return Variable(name, CONNECT, write)


def platform(name: str, write: Write | None = as_text) -> Variable:
    """The setting becomes a variable of Platform's backend and cron."""
    return Variable(name, ("platform",), write)


@dataclass(frozen=True)
class TowerYml:
    """The setting becomes an entry of tower.yml, with its value, or where it is computed, with what follows from it.

    The entry's last key is the setting's, with dashes: messages name one by the other.
    """

    entry: str
    is_computed: bool = False


@dataclass(frozen=True)
class Since:
    """The first releases that know the setting; None where every supported one does."""

    platform: str | None = None
    connect: str | None = None


@dataclass(frozen=True, init=False)
class Only:
    """The setting is for these targets, and is refused on the others."""

    targets: tuple[str, ...]

    def __init__(self, *targets: str) -> None:
        object.__setattr__(self, "targets", targets)


@dataclass(frozen=True)
class Required:
    """The setting has no default on a target, and has to be written there."""

    target: str


@dataclass(frozen=True)
class Derived:
    """The default follows from other settings: in words, for documents."""

    words: str


@dataclass(frozen=True)
class Words:
    """Words that may stand in the place of a number."""

    word: str
