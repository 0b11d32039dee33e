"""What the releases of Platform and Connect know, and which go together."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from settings import images
from settings.errors import Problem
from settings.fields import FIELDS, since, value_of
from settings.marks import Since
from settings.model import Settings
from settings.releases import default_connect_version, minor, oldest_client
from settings.rules.book import RuleBook
from settings.versions import Version

RULES = RuleBook()


@RULES.needs("platformVersion", "connectVersion")
def _connect_is_supported_by_the_platform(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    shipped = default_connect_version(settings.platform_version)
    oldest = oldest_client(shipped)
    if settings.connect_version.release < oldest:
        yield Problem(
            "connectVersion",
            str(settings.connect_version),
            f"is too old for Platform {settings.platform_version}, which works with {minor(oldest)} and newer; "
            f"write {shipped}, or remove it",
        )


@RULES.needs("connectVersion", "platformVersion", "proxyImage", "serverImage")
def _image_tags_are_the_release(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    for key, image in (("proxyImage", settings.proxy_image), ("serverImage", settings.server_image)):
        try:
            tagged = Version.parse(images.tag_of(image) or "")
        except ValueError:
            continue
        if tagged != settings.connect_version:
            yield Problem(
                key,
                image,
                f"has another release than connectVersion, {settings.connect_version}; "
                f"leave out the tag, or write: pulumi config set connectVersion {tagged}",
            )


def _register_since(key: str, first: Since) -> None:
    @RULES.needs(key, "platformVersion", "connectVersion")
    def _releases_know_it(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
        value = value_of(settings, key)
        if key not in given or value == FIELDS[key].default:
            return
        if first.platform is not None and settings.platform_version < Version.parse(first.platform):
            yield Problem(
                key,
                value,
                f"needs Platform {first.platform} or newer, and platformVersion is {settings.platform_version}; "
                "remove it, or upgrade Platform and write its release in platformVersion",
            )
        if first.connect is not None and settings.connect_version < Version.parse(first.connect):
            yield Problem(
                key,
                value,
                f"needs Connect {first.connect} or newer, and connectVersion is {settings.connect_version}; "
                f"remove it, or write: pulumi config set connectVersion {first.connect}",
            )


for _key in FIELDS:
    _register_since(_key, since(_key))
