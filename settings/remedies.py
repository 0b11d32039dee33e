"""What to write, in a message: as a command for a stack's file, or as an argument of a component of the package.

A remedy is data, and is rendered when a message is made. This process speaks of a stack's file, unless it is the
package's plugin: its users write arguments.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass


@dataclass
class _Interface:
    arguments: bool = False


_interface = _Interface()


def speak_of_arguments() -> None:
    """From now on, messages are for users who write arguments."""
    _interface.arguments = True


def in_arguments() -> bool:
    """Whether messages are for users who write arguments."""
    return _interface.arguments


_TAKEN_FOR_SECRETS = re.compile("pass|secret|token", re.IGNORECASE)
"""Where a key's name has one of these, Pulumi refuses a value that looks random, unless it is told what it is."""


def _set(key: str) -> str:
    return f"pulumi config set{' --plaintext' if _TAKEN_FOR_SECRETS.search(key) else ''}"


def _word(value: str) -> str:
    """A value as one word of a shell; Pulumi would take one that begins with a dash for an option."""
    return f"-- {shlex.quote(value)}" if value.startswith("-") else shlex.quote(value)


@dataclass(frozen=True)
class Write:
    """Write a value at a key."""

    key: str
    value: str

    def __str__(self) -> str:
        return (
            f"{self.key}: {self.value}" if _interface.arguments else f"{_set(self.key)} {self.key} {_word(self.value)}"
        )


@dataclass(frozen=True)
class Add:
    """Add a value to a list, at a place after those that it has."""

    key: str
    place: int
    value: str

    def __str__(self) -> str:
        if _interface.arguments:
            return f"{self.key}: [{self.value}] (beside what it has)"
        return f"{_set(self.key)} --path '{self.key}[{self.place}]' {_word(self.value)}"


@dataclass(frozen=True)
class Remove:
    """Take a key out."""

    key: str

    def __str__(self) -> str:
        return f"remove {self.key}" if _interface.arguments else f"pulumi config rm {self.key}"


@dataclass(frozen=True)
class Seal:
    """Write a value as a secret."""

    key: str

    def __str__(self) -> str:
        if _interface.arguments:
            return "hand it over as a secret"
        return f"write: pulumi config set --secret {self.key} (it asks for the value)"


@dataclass(frozen=True)
class Unseal:
    """Write a value in plain text."""

    key: str

    def __str__(self) -> str:
        return "hand it over as it is" if _interface.arguments else f"write: {_set(self.key)} {self.key}"


@dataclass(frozen=True)
class Retype:
    """Write a secret anew, without what is wrong in it."""

    key: str

    def __str__(self) -> str:
        return "leave that out" if _interface.arguments else f"write: pulumi config set --secret {self.key}"


@dataclass(frozen=True)
class _Sealed:
    def __str__(self) -> str:
        return "secret" if _interface.arguments else "encrypted"


SEALED = _Sealed()
"""What a value that was written as a secret is called."""


def without_effect(key: str, secret: str, existing: str) -> str:
    """What is said of a key that has no effect on an existing Secret: it is its owner's.

    Args:
        key: what has no effect.
        secret: the Secret's name.
        existing: the key that names it.
    """
    start = f"has no effect on the Secret {secret}, which {existing} names: `{Remove(key)}`"
    if key.endswith("Rotation"):
        return f"{start}; to rotate, change that Secret, then run `pulumi up`"
    return f"{start}, or `{Remove(existing)}` for a Secret of the stack's own"
