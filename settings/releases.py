"""What each Platform release comes with: one row a release, from which everything about releases follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from settings.versions import Version

_REGISTRY = "public.cr.seqera.io/platform/data-studio"
_CLIENT_0_9: Mapping[str, str] = {
    "jupyter": f"{_REGISTRY}-jupyter:4.2.5-0.9",
    "ride": f"{_REGISTRY}-ride:2025.04.1-0.9",
    "vscode": f"{_REGISTRY}-vscode:1.101.2-0.9",
    "xpra": f"{_REGISTRY}-xpra:6.2.0-r2-1-0.9",
}


@dataclass(frozen=True)
class Release:
    """A Platform release, or the first patch release that comes with something else.

    Args:
        platform: its version, from which on the row counts.
        connect: the tag of the Connect images that Seqera ships with it.
        images: tool → the image of the Studio template that is offered for it.
    """

    platform: Version
    connect: Version
    images: Mapping[str, str]


RELEASES: tuple[Release, ...] = (
    Release(Version(25, 1), Version(0, 8, 0), _CLIENT_0_9),
    Release(Version(25, 2), Version(0, 8, 3), _CLIENT_0_9),
    Release(Version(25, 3), Version(0, 9, 0), _CLIENT_0_9),
    Release(Version(25, 3, 3), Version(0, 10, 0), _CLIENT_0_9),
    Release(Version(26, 1), Version(0, 11, 1), _CLIENT_0_9),
)
"""Every release that changes something, the oldest first."""

PLATFORM_RELEASES: tuple[str, ...] = tuple(
    dict.fromkeys(f"{row.platform.major}.{row.platform.minor}" for row in RELEASES)
)
"""The releases that the program knows, without their patch numbers."""

PLATFORM_RANGE = f"{PLATFORM_RELEASES[0]} to {PLATFORM_RELEASES[-1]}"
"""The same in words."""

OLDEST_CONNECT = RELEASES[0].connect

SUPPORTED_EARLIER_MINORS = 2
"""How many Connect minors back a release supports."""

WORKSPACES_IN_ENVIRONMENT = Version(26, 1)
"""The first Platform whose allowed workspaces are set by an environment variable; earlier ones read tower.yml."""

R_IDE_IS_RIDE = Version(25, 2)
"""The first Platform that calls the R-IDE's tool `ride`; 25.1 calls it `rstudio`."""


def release_of(platform: Version) -> Release:
    """The newest row that is not newer than a Platform version."""
    return max((row for row in RELEASES if row.platform <= platform), key=lambda row: row.platform)


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
        ValueError: no version, or one older than the oldest supported Platform came with.
    """
    version = Version.parse(text)
    if version < OLDEST_CONNECT:
        raise ValueError(f"is too old for Platform {PLATFORM_RELEASES[0]} and later; write {OLDEST_CONNECT} or newer")
    return version


def default_connect_version(platform: Version) -> Version:
    """The Connect release that comes with a Platform release: 0.9.0 with 25.3, 0.10.0 from 25.3.3."""
    return release_of(platform).connect


def oldest_client(connect: Version) -> tuple[int, int]:
    """Major and minor of the oldest Connect client, or companion, that a Connect release supports."""
    return (connect.major, max(0, connect.minor - SUPPORTED_EARLIER_MINORS))


def minor(release: tuple[int, int]) -> str:
    """Major and minor as they are written."""
    return f"{release[0]}.{release[1]}"
