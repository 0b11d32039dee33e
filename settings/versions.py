"""What each Platform and Connect release knows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import total_ordering

_VERSION = re.compile(r"v?(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?", re.ASCII)


@total_ordering
@dataclass(frozen=True, eq=False)
class Version:
    """A release, compared by number: 0.11.0 is newer than 0.8.2, and 25.3 equals 25.3.0."""

    major: int
    minor: int
    patch: int | None = None

    @classmethod
    def parse(cls, text: str) -> Version:
        """Reads `26.1`, `25.3.3` or `v25.3.3`.

        Raises:
            ValueError: the text is no version.
        """
        match = _VERSION.fullmatch(text)
        if match is None:
            raise ValueError("is no version; write two or three numbers with dots between, such as 25.3.3")
        major, minor, patch = match.groups()
        return cls(int(major), int(minor), None if patch is None else int(patch))

    @property
    def numbers(self) -> tuple[int, int, int]:
        """Major, minor and patch, which is 0 where none was given."""
        return (self.major, self.minor, self.patch or 0)

    @property
    def release(self) -> tuple[int, int]:
        """Major and minor."""
        return (self.major, self.minor)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self.numbers == other.numbers

    def __hash__(self) -> int:
        return hash(self.numbers)

    def __lt__(self, other: Version) -> bool:
        return self.numbers < other.numbers

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}" + ("" if self.patch is None else f".{self.patch}")


CONNECT_FOR_PLATFORM: Mapping[Version, Version] = {
    Version(25, 1): Version(0, 8, 0),
    Version(25, 2): Version(0, 8, 3),
    Version(25, 3): Version(0, 9, 0),
    Version(25, 3, 3): Version(0, 10, 0),
    Version(26, 1): Version(0, 11, 1),
}
"""The tag of the Connect images that Seqera ships from each Platform release on."""

PLATFORM_RELEASES: tuple[str, ...] = ("25.1", "25.2", "25.3", "26.1")
"""The releases that the program knows, without their patch numbers."""

OLDEST_CONNECT = Version(0, 8, 0)

SUPPORTED_EARLIER_MINORS = 2
"""How many Connect minors back a release supports."""


@dataclass(frozen=True)
class Since:
    """The first releases that know a setting; None where every supported one does."""

    platform: Version | None = None
    connect: Version | None = None


SINCE: Mapping[str, Since] = {
    "pathRouting": Since(platform=Version(25, 2), connect=Version(0, 8, 2)),
    "managementPort": Since(connect=Version(0, 8, 2)),
    "trustedProxyCidrs": Since(connect=Version(0, 12, 0)),
    "telemetryFlushInterval": Since(connect=Version(0, 12, 0)),
    "telemetryTtl": Since(connect=Version(0, 12, 0)),
    "telemetryStreamEmitInterval": Since(connect=Version(0, 12, 0)),
    "customImageRegistry": Since(platform=Version(25, 2, 3)),
    "customImageRepository": Since(platform=Version(25, 2, 3)),
    "customImageNameStrategy": Since(platform=Version(25, 2, 3)),
    "disallowedRegistries": Since(platform=Version(26, 1)),
    "defaultLifespan": Since(platform=Version(26, 1)),
    "privateByDefault": Since(platform=Version(26, 1)),
    "listMaxAllowed": Since(platform=Version(26, 1)),
    "featureManifestUrl": Since(platform=Version(26, 1)),
    "iframeAllowedWorkspaces": Since(platform=Version(26, 1)),
    "waveStatusCheckInitialDelay": Since(platform=Version(26, 1)),
    "waveStatusCheckRate": Since(platform=Version(26, 1)),
    "metricsEnabledWorkspaces": Since(platform=Version(26, 1)),
    "metricsRetentionDays": Since(platform=Version(26, 1)),
}
"""Config key → the releases that know it. A key that is not here is known to every supported release."""

WORKSPACES_IN_ENVIRONMENT = Version(26, 1)
"""The first Platform whose allowed workspaces are set by an environment variable; earlier ones read tower.yml."""

R_IDE_IS_RIDE = Version(25, 2)
"""The first Platform that calls the R-IDE's tool `ride`; 25.1 calls it `rstudio`."""


def platform_version(text: str) -> Version:
    """Reads a Platform version of a known release, with any patch number.

    Raises:
        ValueError: no version, or a release that the program does not know.
    """
    version = Version.parse(text)
    if f"{version.major}.{version.minor}" not in PLATFORM_RELEASES:
        known = ", ".join(PLATFORM_RELEASES)
        raise ValueError(f"is no supported Platform release; write one of {known}, with or without a patch number")
    return version


def connect_version(text: str) -> Version:
    """Reads a Connect version that a supported Platform works with.

    Raises:
        ValueError: no version, or one older than Platform 25.1 came with.
    """
    version = Version.parse(text)
    if version < OLDEST_CONNECT:
        raise ValueError(f"is too old for Platform {PLATFORM_RELEASES[0]} and later; write {OLDEST_CONNECT} or newer")
    return version


def default_connect_version(platform: Version) -> Version:
    """The Connect release that comes with a Platform release: 0.9.0 with 25.3, 0.10.0 from 25.3.3."""
    return CONNECT_FOR_PLATFORM[max(known for known in CONNECT_FOR_PLATFORM if known <= platform)]
