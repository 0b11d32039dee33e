"""What the releases of Platform and Connect know, and which go together."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from settings import images
from settings.errors import Problem
from settings.fields import FIELDS, since, value_of
from settings.known import release_of, releases, too_old
from settings.marks import Since
from settings.model import Settings
from settings.releases import SUPPORTED_EARLIER_MINORS, default_connect_version, minor, oldest_client
from settings.remedies import Write
from settings.rules.book import RuleBook
from settings.versions import Version

RULES = RuleBook()


_NEEDED = ("platformVersion", "connectVersion", "proxyVersion", "serverVersion")


@RULES.needs(*_NEEDED)
def _connect_is_supported_by_the_platform(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    shipped = default_connect_version(settings.platform_version)
    oldest = oldest_client(shipped)
    for key, version in releases(settings):
        if version.release < oldest:
            yield Problem(
                key,
                str(version),
                f"is too old for Platform {settings.platform_version}, which works with {minor(oldest)} and newer; "
                f"write {shipped}, or remove it",
            )


@RULES.needs(*_NEEDED)
def _proxy_and_server_go_together(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    older, newer = sorted((settings.proxy_version, settings.server_version))
    if older.release < oldest_client(newer):
        key = "proxyVersion" if older == settings.proxy_version else "serverVersion"
        yield Problem(
            key,
            str(older),
            f"is more than {SUPPORTED_EARLIER_MINORS} minor releases older than {newer}, which runs beside it; "
            f"write {minor(oldest_client(newer))} or newer",
        )


@RULES.needs(*_NEEDED, "proxyImage", "serverImage")
def _image_tags_are_the_release(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    for key, image, role in (
        ("proxyImage", settings.proxy_image, "proxy"),
        ("serverImage", settings.server_image, "server"),
    ):
        try:
            tagged = Version.parse(images.tag_of(image) or "")
        except ValueError:
            continue
        of_setting, version = release_of(settings, role)
        if tagged != version:
            yield Problem(
                key,
                image,
                f"has another release than {of_setting}, {version}; "
                f"leave out the tag, or write: {Write(f'{role}Version', str(tagged))}",
            )


def _register_since(key: str) -> None:
    @RULES.needs(key, *_NEEDED)
    def _releases_know_it(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
        value = value_of(settings, key)
        if key not in given or value == FIELDS[key].default:
            return
        for old in too_old(settings, key):
            if old.key == "platformVersion":
                remedy = "remove it, or upgrade Platform and write its release in platformVersion"
            else:
                remedy = f"remove it, or write: {Write(old.key, old.first)}"
            needed = f"needs {old.software} {old.first} or newer, and {old.key} is {old.version}"
            yield Problem(key, value, f"{needed}; {remedy}")


for _key in FIELDS:
    if since(_key) != Since():
        _register_since(_key)
