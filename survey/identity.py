"""Which Platform install it is: what its own objects say beside what the settings say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from settings.errors import Problem
from settings.model import Settings
from settings.releases import minor, release_of
from settings.remedies import Write
from settings.versions import Version
from survey.effective_environment import EffectiveEnvironment
from survey.install import Install, config_maps_read

_URL_VARIABLE = "TOWER_SERVER_URL"
_RELEASE = re.compile(r"v?(\d\d)\.(\d{1,4})(?!\d)(?:\.(\d{1,4})(?!\d))?")


def resolved(settings: Settings, install: Install) -> Settings:
    """The settings with the containers and ConfigMaps that the user has not named and that can be no others.

    The engine hands over the defaults of Pulumi.yaml like what the user wrote: a default counts as not named.
    """
    found = {
        key: containers[0]["name"]
        for key, deployment in (
            ("backend_container", settings.backend_deployment),
            ("cron_container", settings.cron_deployment),
        )
        if is_default(settings, key) and len(containers := install.containers(deployment)) == 1
    }
    settings = settings.model_copy(update=found)
    by_backend = config_maps_of(install, settings.backend_deployment, settings.backend_container)
    named_by_user = not is_default(settings, "backend_config_map")
    names_cron_too = settings.cron_config_map != settings.backend_config_map
    if not named_by_user and settings.backend_config_map not in by_backend and len(by_backend) == 1:
        settings = settings.model_copy(update={"backend_config_map": by_backend[0]})
    if not names_cron_too:
        by_cron = config_maps_of(install, settings.cron_deployment, settings.cron_container)
        is_other = settings.backend_config_map not in by_cron and len(by_cron) == 1
        other = by_cron[0] if is_other else settings.backend_config_map
        settings = settings.model_copy(update={"cron_config_map": other})
    return settings


def is_default(settings: Settings, field: str) -> bool:
    """Whether a setting has its fixed default."""
    return bool(getattr(settings, field) == type(settings).model_fields[field].default)


def config_maps_of(install: Install, deployment: str, container: str) -> list[str]:
    """The ConfigMaps that a container takes its environment from; none where there is no such container."""
    found = install.container(deployment, container)
    return [] if found is None else config_maps_read(found)


def another_platform(environment: EffectiveEnvironment, install: Install, settings: Settings) -> Iterator[Problem]:
    """A backend that serves another URL than the stack's: the namespace or the stack file of another install."""
    container = install.container(settings.backend_deployment, settings.backend_container)
    value = None if container is None else environment.of(container, {}).get(_URL_VARIABLE)
    if value is not None and value.text and _address(value.text) != _address(settings.platform_url):
        own = "write that URL in platformUrl"
        if _address(value.text)[0] == "http":
            own = (
                f"Studios needs a Platform that is served over https: once it is, change {_URL_VARIABLE} there to its "
                "https URL, and write the same in platformUrl"
            )
        yield Problem(
            "platformUrl",
            settings.platform_url,
            f"is not the URL of the Platform in namespace {settings.namespace}: {_URL_VARIABLE} of "
            f"Deployment/{settings.backend_deployment} is {value.text} ({value.source}); "
            f"{own}, or the namespace of the right Platform in namespace",
        )


def another_release(install: Install, settings: Settings) -> Iterator[str]:
    """Warnings where the tag of backend's image is another release than the setting, or cron's than backend's."""
    wanted = settings.platform_version
    image, found = _release(install, settings.backend_deployment, settings.backend_container)
    if found is not None and _differ(found, wanted):
        release = minor(found.release) if found.release != wanted.release else str(found)
        yield (
            f"platformVersion is {wanted}, and Deployment/{settings.backend_deployment} runs {image}: "
            f"Platform {release} may read other variables; if that image is right, write: "
            f"{Write('platformVersion', release)}"
        )
    of_cron, in_cron = _release(install, settings.cron_deployment, settings.cron_container)
    if in_cron is not None and _differ(in_cron, found or wanted):
        beside = f"Deployment/{settings.backend_deployment} runs {image}" if found else f"platformVersion is {wanted}"
        yield (
            f"Deployment/{settings.cron_deployment} runs {of_cron}, and {beside}: backend and cron have to be of one "
            "release; give both the image of the same"
        )


def _release(install: Install, deployment: str, container: str) -> tuple[str, Version | None]:
    """A container's image, and the release that its tag names."""
    image = str((install.container(deployment, container) or {}).get("image", ""))
    found = _RELEASE.match(image.partition("@")[0].rpartition("/")[2].partition(":")[2])
    if found is None:
        return image, None
    first, second, third = found.groups()
    return image, Version(int(first), int(second), None if third is None else int(third))


def _differ(one: Version, other: Version) -> bool:
    """Whether two releases come with something else; without a patch number, it may be any."""
    if one.release != other.release or None in (one.patch, other.patch):
        return one.release != other.release
    return release_of(one) != release_of(other)


def _address(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url.strip())
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        # It can't be read as a URL, and so equals none.
        return url.strip(), None, None
    return parts.scheme.lower(), parts.hostname, port
