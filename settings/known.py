"""What the target and the releases of a stack know: a setting that they don't know is refused, and not written."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from settings.fields import applies, marks, since
from settings.marks import Variable
from settings.model import Settings
from settings.versions import Version


@dataclass(frozen=True)
class TooOld:
    """A release that doesn't know a setting.

    Args:
        software: Platform or Connect.
        first: its first release that knows the setting.
        key: the setting that names the release in use.
        version: the release in use.
    """

    software: str
    first: str
    key: str
    version: Version


def is_known(settings: Settings, key: str) -> bool:
    """Whether the stack's target and releases know a setting."""
    return applies(key, settings.target) and not too_old(settings, key)


def too_old(settings: Settings, key: str) -> list[TooOld]:
    """The releases of the stack that don't know a setting: none where all do."""
    first = since(key)
    in_use = [("Platform", first.platform, "platformVersion", settings.platform_version)]
    places = {place for variable in marks(key, Variable) for place in variable.places}
    in_use += [("Connect", first.connect, of_setting, version) for of_setting, version in releases(settings, places)]
    return [
        TooOld(software, needed, of_setting, version)
        for software, needed, of_setting, version in in_use
        if needed is not None and version < Version.parse(needed)
    ]


def releases(settings: Settings, places: Collection[str] = ()) -> list[tuple[str, Version]]:
    """The Connect releases that run in some places, or in all, each with the setting that says so."""
    roles = [role for role in ("proxy", "server") if role in places] or ["proxy", "server"]
    return list(dict.fromkeys(release_of(settings, role) for role in roles))


def release_of(settings: Settings, role: str) -> tuple[str, Version]:
    """The setting that names the Connect release of the proxy or of the server, and that release."""
    version = settings.proxy_version if role == "proxy" else settings.server_version
    return ("connectVersion" if version == settings.connect_version else f"{role}Version", version)
