"""Versions of Platform and Connect, and how they compare."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import total_ordering

VERSION = re.compile(r"v?(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?(?:-((?:RC|rc)\.?\d{1,3}))?", re.ASCII)

_NUMBERS = re.compile(r"v?\d+\.\d+(?:\.\d+)?(?=[^.\d])", re.ASCII)


@total_ordering
@dataclass(frozen=True, eq=False)
class Version:
    """A release, compared by number: 0.11.0 is newer than 0.8.2, and 25.3 equals 25.3.0.

    A release candidate counts as its release: 26.2.0-RC16 knows what 26.2.0 knows.
    """

    major: int
    minor: int
    patch: int | None = None
    candidate: str | None = None

    @classmethod
    def parse(cls, text: str, example: str = "25.3.3") -> Version:
        """Reads `26.1`, `25.3.3`, `v25.3.3` or `26.2.0-RC16`.

        Args:
            text: the version.
            example: a version of the kind that is meant, for the message.

        Raises:
            ValueError: the text is not a version.
        """
        match = VERSION.fullmatch(text)
        if match is None:
            numbers = "must be a version: two or three numbers with dots between"
            if _NUMBERS.match(text):
                numbers, example = f"{numbers}, and after them at most -RC and a number", f"{example}-RC1"
            raise ValueError(f"{numbers}, for example {example}")
        first, second, third, candidate = match.groups()
        return cls(int(first), int(second), None if third is None else int(third), candidate)

    @property
    def numbers(self) -> tuple[int, int, int]:
        """Major, minor and patch, which is 0 where none was given."""
        return (self.major, self.minor, self.patch or 0)

    @property
    def release(self) -> tuple[int, int]:
        """Major and minor."""
        return (self.major, self.minor)

    @property
    def before_yaml(self) -> Version | None:
        """What may have been written where YAML has read a number: without quotes, 0.10 is 0.1 to it."""
        is_shortened = self.patch is None and 1 <= self.minor <= 9
        return Version(self.major, self.minor * 10) if is_shortened else None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self.numbers == other.numbers

    def __hash__(self) -> int:
        return hash(self.numbers)

    def __lt__(self, other: Version) -> bool:
        return self.numbers < other.numbers

    def __str__(self) -> str:
        patch = "" if self.patch is None else f".{self.patch}"
        candidate = "" if self.candidate is None else f"-{self.candidate}"
        return f"{self.major}.{self.minor}{patch}{candidate}"
