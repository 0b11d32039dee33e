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
_CLIENT_0_12: Mapping[str, str] = {
    "jupyter": f"{_REGISTRY}-jupyter:4.2.5-0.12.2",
    "ride": f"{_REGISTRY}-ride:2025.04.1-0.12.2",
    "vscode": f"{_REGISTRY}-vscode:1.101.2-0.12.2",
    "xpra": f"{_REGISTRY}-xpra:6.2.0-r2-1-0.12.2",
}
_CLIENT_0_14: Mapping[str, str] = {
    "jupyter": f"{_REGISTRY}-jupyter:4.6.0-0.14.0",
    "ride": f"{_REGISTRY}-ride:2026.01.2-0.14.0",
    "vscode": f"{_REGISTRY}-vscode:1.105.1-0.14.0",
    "xpra": f"{_REGISTRY}-xpra:6.3.6-r0-1-0.14.0",
}
IMAGES_OF_CLIENT: Mapping[Version, Mapping[str, str]] = {
    Version(0, 9): _CLIENT_0_9,
    Version(0, 12, 2): _CLIENT_0_12,
    Version(0, 14, 0): _CLIENT_0_14,
}
"""The Connect client in Seqera's images → tool → the image with it."""


@dataclass(frozen=True)
class Release:
    """A Platform release, or the first patch release that comes with something else.

    Args:
        platform: its version, from which on the row counts.
        connect: the tag of the Connect images that Seqera ships with it.
        client: the Connect client in the images of the Studio templates that come with it.

    Raises:
        ValueError: the images with that client are not known.
    """

    platform: Version
    connect: Version
    client: Version

    def __post_init__(self) -> None:
        """Checks the client."""
        if self.client not in IMAGES_OF_CLIENT:
            raise ValueError(f"write the images with the client {self.client} of {self.platform} into IMAGES_OF_CLIENT")


RELEASES: tuple[Release, ...] = (
    Release(Version(25, 1), Version(0, 8, 0), client=Version(0, 9)),
    Release(Version(25, 2), Version(0, 8, 3), client=Version(0, 9)),
    Release(Version(25, 3), Version(0, 9, 0), client=Version(0, 9)),
    Release(Version(25, 3, 3), Version(0, 10, 0), client=Version(0, 9)),
    Release(Version(26, 1), Version(0, 11, 1), client=Version(0, 9)),
    Release(Version(26, 2), Version(0, 14, 0), client=Version(0, 14, 0)),
)
"""Every release that changes something, the oldest first."""

PLATFORM_RELEASES: tuple[str, ...] = tuple(
    dict.fromkeys(f"{row.platform.major}.{row.platform.minor}" for row in RELEASES)
)
"""The releases that the program knows, without their patch numbers."""

PLATFORM_RANGE = f"{PLATFORM_RELEASES[0]} to {PLATFORM_RELEASES[-1]}"
"""The same in words."""

OLDEST_CONNECT = RELEASES[0].connect
NEWEST_CONNECT = RELEASES[-1].connect
NEWEST_CLIENT = RELEASES[-1].client

SUPPORTED_EARLIER_MINORS = 2
"""How many Connect minors back a release supports."""
RECOMMENDED_LATER_MINORS = 1
"""How much newer than the server a client is in what Seqera recommends: 0.12 for Platform 26.1 with Connect 0.11."""

WORKSPACES_IN_ENVIRONMENT = Version(26, 1)
"""The first Platform that reads its allowed workspaces from an environment variable; earlier ones read tower.yml."""

GIVES_CA_TO_SESSIONS = Version(26, 2)
"""The first Platform that gives sessions a private CA, out of a file of its own."""

R_IDE_IS_RIDE = Version(25, 2)
"""The first Platform that calls the R-IDE's tool `ride`; 25.1 calls it `rstudio`."""


def release_of(platform: Version) -> Release:
    """The newest row that is not newer than a Platform version."""
    return max((row for row in RELEASES if row.platform <= platform), key=lambda row: row.platform)


def is_newer_than_known(platform: Version) -> bool:
    """Whether a Platform version is of a release newer than the rows."""
    return platform.release > RELEASES[-1].platform.release


def is_newer_connect(connect: Version) -> bool:
    """Whether a Connect version is of a release newer than the rows."""
    return connect.release > NEWEST_CONNECT.release


def platform_version(text: str) -> Version:
    """Reads a Platform version of a known release, with any patch number, or of a newer one.

    Raises:
        ValueError: no version, or an older release, or none.
    """
    version = Version.parse(text)
    if f"{version.major}.{version.minor}" not in PLATFORM_RELEASES and not is_newer_than_known(version):
        known = ", ".join(PLATFORM_RELEASES)
        raise ValueError(f"must be a Platform release: {known}, or one newer than these; a patch number may follow")
    return version


def connect_version(text: str) -> Version:
    """Reads a Connect version that a supported Platform works with.

    Raises:
        ValueError: no version, or one older than the oldest supported Platform came with.
    """
    version = Version.parse(text, example=str(NEWEST_CONNECT))
    if version < OLDEST_CONNECT:
        told = f"is too old for Platform {PLATFORM_RELEASES[0]} and later; write {OLDEST_CONNECT} or newer"
        raise ValueError(told + in_quotes(version, OLDEST_CONNECT.release))
    return version


def in_quotes(version: Version, oldest: tuple[int, int]) -> str:
    """What to add to a message on a version that may be another one, which YAML has read as a number.

    Args:
        version: as it was read.
        oldest: the oldest release that would be right.
    """
    written = version.before_yaml
    # Releases that are far from coming are not meant.
    if written is None or not oldest <= written.release <= (NEWEST_CONNECT.major, NEWEST_CONNECT.minor + 10):
        return ""
    return f'; YAML reads {written} without quotes as the number {version}: write "{written}"'


def default_connect_version(platform: Version) -> Version:
    """The Connect release that comes with a Platform release: 0.9.0 with 25.3, 0.10.0 from 25.3.3."""
    return release_of(platform).connect


def oldest_client(connect: Version) -> tuple[int, int]:
    """Major and minor of the oldest Connect client, or companion, that a Connect release supports."""
    return (connect.major, max(0, connect.minor - SUPPORTED_EARLIER_MINORS))


def newest_client(connect: Version) -> tuple[int, int]:
    """Major and minor of the newest Connect client that is known to work with a Connect server."""
    return (connect.major, connect.minor + RECOMMENDED_LATER_MINORS)


def template_images(platform: Version, server: Version) -> Mapping[str, str]:
    """Tool → the image that a Platform release comes with, or where the Connect server doesn't serve it, that it does.

    The newest images that there are, where the server is newer than all of them.
    """
    shipped, oldest = release_of(platform).client, oldest_client(server)
    if oldest <= shipped.release <= newest_client(server):
        return IMAGES_OF_CLIENT[shipped]
    served = [client for client in IMAGES_OF_CLIENT if oldest <= client.release <= server.release]
    return IMAGES_OF_CLIENT[max(served or IMAGES_OF_CLIENT)]


def minor(release: tuple[int, int]) -> str:
    """Major and minor as they are written."""
    return f"{release[0]}.{release[1]}"
