"""The Studio templates that the releases in use know."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from settings.errors import Problem
from settings.model import Settings
from settings.releases import in_quotes, is_newer_connect, minor, oldest_client
from settings.rules.book import RuleBook
from settings.templates import StudioTemplate, r_ide_tool
from settings.versions import Version

RULES = RuleBook()


@RULES.needs("studioTemplates", "platformVersion", "pathRouting")
def _platform_knows_the_tools(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    r_ide = r_ide_tool(settings.platform_version)
    for key, template in settings.studio_templates.items():
        path = f"studioTemplates.{key}.tool"
        if template.tool == "ride" and template.tool != r_ide:
            yield Problem(
                path, template.tool, f"is not what Platform {settings.platform_version} calls R-IDE; write {r_ide}"
            )
        if template.tool == "xpra" and settings.path_routing:
            yield Problem(path, template.tool, "does not work with path routing; remove this template, or pathRouting")


@RULES.needs("studioTemplates", "platformVersion", "connectVersion", "serverVersion")
def _connect_supports_the_templates(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    oldest = oldest_client(settings.server_version)
    if "studioTemplates" not in given:
        if is_newer_connect(settings.server_version):
            # A warning says that the images for it are not known.
            return
        clients = [template.client for template in settings.studio_templates.values()]
        if clients and min(clients).release < oldest:
            yield Problem(
                "studioTemplates",
                None,
                f"is not set, and Connect {settings.server_version} serves none of the images that it would hold; "
                f"write images with a client of {minor(oldest)} or newer",
            )
        return
    for key, template in settings.studio_templates.items():
        if template.status != "deprecated" and template.client.release < oldest:
            yield _too_old(key, template, settings.server_version)


def _too_old(key: str, template: StudioTemplate, server: Version) -> Problem:
    oldest = oldest_client(server)
    if template.connect_client is not None:
        return Problem(
            f"studioTemplates.{key}.connectClient",
            str(template.connect_client),
            f"is a client that Connect {server} no longer supports; write {minor(oldest)} or newer, and an image that "
            f"has it, or set its status to deprecated{in_quotes(template.connect_client, oldest)}",
        )
    return Problem(
        f"studioTemplates.{key}.repository",
        template.repository,
        f"has a client that Connect {server} no longer supports; write a tag that ends in "
        f"-{minor(oldest)} or newer, or set its status to deprecated",
    )


@RULES.needs("studioTemplates")
def _template_keys_differ_in_more_than_case(settings: Settings, given: Collection[str]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for key in settings.studio_templates:
        first = seen.setdefault(key.upper().replace("-", "_"), key)
        if first != key:
            yield Problem(f"studioTemplates.{key}", None, f"reads the same as {first} to Platform; write another key")
