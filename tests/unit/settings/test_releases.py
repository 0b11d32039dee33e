"""Each release of Platform and Connect, and what goes with it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from settings.advice import advice
from settings.environment import platform_environment
from settings.model import Settings
from settings.parsing import parse_settings
from settings.releases import PLATFORM_RELEASES, RELEASES, Release
from settings.versions import Version

LEAST = {
    "platformUrl": "https://example.com",
    "namespace": "platform-stage",
    "hostedZone": "example.com",
    "redisAddress": "redis:6379",
}
NEWER_CONNECT = f"{RELEASES[-1].connect.major}.{RELEASES[-1].connect.minor + 1}.0"
IMAGES = "public.cr.seqera.io/platform/data-studio"


def settings(platform: str, **changes: Any) -> Settings:
    return parse_settings({**LEAST, "platformVersion": platform, **changes})


def clients(read: Settings) -> set[str]:
    return {str(template.client) for template in read.studio_templates.values()}


def test_a_release_with_a_client_that_has_no_images_says_where_to_write_them() -> None:
    message = "write the images with the client 0.99.0 of 99.1 into IMAGES_OF_CLIENT"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Release(Version(99, 1), Version(0, 99, 0), client=Version(0, 99, 0))


@pytest.mark.parametrize(
    ("platform", "connect", "client"),
    [
        ("25.1", "0.8.0", "0.9"),
        ("25.1.4", "0.8.0", "0.9"),
        ("25.2", "0.8.3", "0.9"),
        ("25.3.2", "0.9.0", "0.9"),
        ("25.3.3", "0.10.0", "0.9"),
        ("26.1.5", "0.11.1", "0.9"),
        ("26.2", "0.14.0", "0.14.0"),
        ("26.2.0-RC16", "0.14.0", "0.14.0"),
        ("99.1", str(RELEASES[-1].connect), str(RELEASES[-1].client)),
    ],
)
def test_a_release_comes_with_its_connect_and_its_templates(platform: str, connect: str, client: str) -> None:
    read = settings(platform)
    assert (str(read.platform_version), str(read.connect_version)) == (platform, connect)
    assert read.proxy_image == f"cr.seqera.io/enterprise/studios/proxy:{connect}"
    assert read.server_image == f"cr.seqera.io/enterprise/studios/server:{connect}"
    assert clients(read) == {client}


@pytest.mark.parametrize(
    ("connect", "client"),
    [("0.11.1", "0.9"), ("0.12.0", "0.12.2"), ("0.13.0", "0.12.2"), ("0.14.0", "0.14.0"), ("0.16.0", "0.14.0")],
)
def test_the_default_templates_are_ones_that_the_chosen_connect_serves(connect: str, client: str) -> None:
    assert clients(settings("26.1", connectVersion=connect)) == {client}


def test_the_templates_of_26_2_are_those_with_the_client_0_14() -> None:
    environment = platform_environment(settings("26.2"))
    assert {name: value for name, value in environment.items() if name.endswith("_REPOSITORY")} == {
        "TOWER_DATA_STUDIO_TEMPLATES_JUPYTER_REPOSITORY": f"{IMAGES}-jupyter:4.6.0-0.14.0",
        "TOWER_DATA_STUDIO_TEMPLATES_RIDE_REPOSITORY": f"{IMAGES}-ride:2026.01.2-0.14.0",
        "TOWER_DATA_STUDIO_TEMPLATES_VSCODE_REPOSITORY": f"{IMAGES}-vscode:1.105.1-0.14.0",
        "TOWER_DATA_STUDIO_TEMPLATES_XPRA_REPOSITORY": f"{IMAGES}-xpra:6.3.6-r0-1-0.14.0",
    }


def test_proxy_and_server_may_have_releases_of_their_own_and_the_servers_chooses_the_templates() -> None:
    read = settings("26.1", proxyVersion="0.14.0", serverVersion="0.12.0", serverImage="registry.example.com/server")
    assert read.proxy_image == "cr.seqera.io/enterprise/studios/proxy:0.14.0"
    assert read.server_image == "registry.example.com/server:0.12.0"
    assert clients(read) == {"0.12.2"}


def test_a_release_candidate_counts_as_its_release_and_is_written_as_it_is() -> None:
    assert str(Version.parse("26.2.0-RC16")) == "26.2.0-RC16"
    assert str(Version.parse("0.14.0-rc.1")) == "0.14.0-rc.1"
    assert Version.parse("26.2.0-RC16") == Version.parse("26.2")
    assert Version.parse("26.2.0-RC16") > Version.parse("26.1.9")


@pytest.mark.parametrize(
    ("platform", "changes", "warnings"),
    [
        ("26.2.3", {}, []),
        (
            "99.1",
            {},
            [
                (
                    f'seqera-studios:platformVersion: "99.1" is newer than {PLATFORM_RELEASES[-1]}, the newest release '
                    f"that this program knows: the settings and the Connect release of {PLATFORM_RELEASES[-1]} are "
                    "used. Set connectVersion to the release that your Platform comes with"
                )
            ],
        ),
        (
            "26.2",
            {"connectVersion": NEWER_CONNECT},
            [
                (
                    f'seqera-studios:connectVersion: "{NEWER_CONNECT}" is newer than {RELEASES[-1].connect}, the '
                    "newest release that this program knows: its settings are used"
                )
            ],
        ),
        (
            "26.2",
            {"proxyVersion": NEWER_CONNECT},
            [
                (
                    f'seqera-studios:proxyVersion: "{NEWER_CONNECT}" is newer than {RELEASES[-1].connect}, the '
                    "newest release that this program knows: its settings are used"
                )
            ],
        ),
    ],
)
def test_a_release_newer_than_the_program_is_taken_with_one_warning(
    platform: str, changes: dict[str, Any], warnings: list[str]
) -> None:
    read = settings(platform, metricsRetentionDays=30, **changes)
    assert platform_environment(read)["TOWER_STUDIO_METRICS_RETENTION_DAYS"] == "30"
    assert [str(each) for each in advice(read)] == warnings


def test_a_template_has_a_free_tag_or_a_digest_where_its_client_stands_beside() -> None:
    digest = f"registry.example.com/mirror/jupyter@sha256:{'a' * 64}"
    read = settings(
        "26.1",
        studioTemplates={
            "RIDE": {"repository": "registry.example.com/mirror/ride:with-ca", "tool": "ride", "connectClient": 0.12},
            "JUPYTER": {"repository": digest, "tool": "jupyter", "connectClient": "0.11.1"},
        },
    )
    assert clients(read) == {"0.12", "0.11.1"}
    assert platform_environment(read)["TOWER_DATA_STUDIO_TEMPLATES_JUPYTER_REPOSITORY"] == digest
    assert not [name for name in platform_environment(read) if "CLIENT" in name]
    assert "connect_client" not in read.studio_templates["RIDE"].model_dump()


def test_the_old_name_of_the_r_ides_tool_is_taken_with_a_warning() -> None:
    template = {"repository": "public.cr.seqera.io/platform/data-studio-ride:2025.04.1-0.12.2", "tool": "rstudio"}
    read = settings("26.1", studioTemplates={"RIDE": template})
    assert platform_environment(read)["TOWER_DATA_STUDIO_TEMPLATES_RIDE_TOOL"] == "rstudio"
    (warning,) = map(str, advice(read))
    assert warning == (
        'seqera-studios:studioTemplates.RIDE.tool: "rstudio" is the R-IDE\'s name in Platform 25.1; '
        "Platform 26.1 calls it ride"
    )
    assert advice(settings("25.1")) == []
