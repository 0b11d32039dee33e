"""The Platform install and its release."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from settings import hosts
from settings.marks import Derived, Since, only_true, platform, proxy
from settings.model.section import Section
from settings.releases import PLATFORM_RANGE, default_connect_version
from settings.targets import KUBERNETES, TARGETS, TargetName
from settings.types import network, studios


def _default_connect_url(data: dict[str, Any]) -> str:
    return f"https://connect.{hosts.host_of(data['platform_url'])}"


class PlatformSection(Section):
    """Which Platform install Studios is for, and which Connect release runs beside it."""

    heading: ClassVar[str] = "Platform and its release"

    target: TargetName = Field(
        default=KUBERNETES,
        description=f"Where Platform runs: {', '.join(f'`{name}` for {it.where}' for name, it in TARGETS.items())}.",
        examples=["compose"],
    )
    platform_url: Annotated[network.HttpsUrl, proxy("PLATFORM_URL")] = Field(
        description="Where users reach Platform: its `TOWER_SERVER_URL`, https.", examples=["https://example.com"]
    )
    platform_version: studios.PlatformVersion = Field(
        description=f"Release of the Platform install, {PLATFORM_RANGE} or newer, such as `25.3` or `26.2.0-RC16`.",
        examples=["25.3"],
    )
    connect_url: Annotated[
        network.HttpsUrl,
        proxy("CONNECT_PROXY_URL"),
        platform("TOWER_DATA_STUDIO_CONNECT_URL"),
        Derived("`https://connect.` and Platform's host"),
    ] = Field(
        default_factory=_default_connect_url,
        description=(
            "The proxy's URL, beside Platform's host or below it. A session's host replaces its first label; with "
            "`pathRouting` it is any host that the certificate covers."
        ),
        examples=["https://studios.example.com"],
    )
    connect_version: Annotated[studios.ConnectVersion, Derived("what Seqera ships with `platformVersion`")] = Field(
        default_factory=lambda data: default_connect_version(data["platform_version"]),
        description="Release of Connect: the tag of the proxy's and the server's image.",
        examples=["0.11.1"],
    )
    proxy_version: Annotated[studios.ConnectVersion, Derived("`connectVersion`")] = Field(
        default_factory=lambda data: data["connect_version"],
        description="Release of the proxy, where it differs from the server's.",
        examples=["0.12.0"],
    )
    server_version: Annotated[studios.ConnectVersion, Derived("`connectVersion`")] = Field(
        default_factory=lambda data: data["connect_version"],
        description="Release of the server, where it differs from the proxy's.",
        examples=["0.12.0"],
    )
    path_routing: Annotated[
        bool,
        platform("TOWER_DATA_STUDIO_ENABLE_PATH_ROUTING", only_true),
        Since(platform="25.2", connect="0.8.2"),
    ] = Field(
        default=False,
        description="One host and a path for each session, instead of a host each: needs no wildcard certificate.",
        examples=[True],
    )
