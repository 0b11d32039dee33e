"""Which Platform install it is: what its own objects say beside what the settings say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from settings.errors import Problem
from settings.model import Settings
from settings.remedies import Write
from survey.effective_environment import EffectiveEnvironment
from survey.install import Install, config_maps_read

_URL_VARIABLE = "TOWER_SERVER_URL"
_RELEASE = re.compile(r"v?(\d\d)\.(\d+)(?![\d])")


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
        yield Problem(
            "platformUrl",
            settings.platform_url,
            f"is not the URL of the Platform in namespace {settings.namespace}: {_URL_VARIABLE} of "
            f"Deployment/{settings.backend_deployment} is {value.text} ({value.source}); "
            "write that URL in platformUrl, or the namespace of the right Platform in namespace",
        )


def another_release(install: Install, settings: Settings) -> Iterator[str]:
    """A warning where the tag of backend's image is another release than the setting."""
    container = install.container(settings.backend_deployment, settings.backend_container)
    image = "" if container is None else container.get("image", "")
    tag = image.partition("@")[0].rpartition("/")[2].partition(":")[2]
    found = _RELEASE.match(tag)
    wanted = settings.platform_version
    if found and (int(found[1]), int(found[2])) != (wanted.major, wanted.minor):
        release = f"{found[1]}.{found[2]}"
        yield (
            f"platformVersion is {wanted}, and Deployment/{settings.backend_deployment} runs {image}: "
            f"Platform {release} may read other variables; if that image is right, write: "
            f"{Write('platformVersion', release)}"
        )


def _address(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url.strip())
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        # It can't be read as a URL, and so equals none.
        return url.strip(), None, None
    return parts.scheme.lower(), parts.hostname, port
