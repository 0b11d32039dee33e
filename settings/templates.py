"""The Studio templates: what Platform offers when a user adds a Studio."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from settings import types
from settings.versions import R_IDE_IS_RIDE, Version

Tool = Literal["jupyter", "ride", "rstudio", "vscode", "xpra"]
Status = Literal["recommended", "deprecated", "experimental"]

PORT_OF_TOOL: Mapping[str, int] = {"jupyter": 8080, "ride": 8787, "rstudio": 8787, "vscode": 3000, "xpra": 14500}
"""Where each tool listens in Seqera's images."""

_REGISTRY = "public.cr.seqera.io/platform"
_SEQERA_IMAGES: Mapping[str, str] = {
    "jupyter": f"{_REGISTRY}/data-studio-jupyter:4.2.5-0.9",
    "ride": f"{_REGISTRY}/data-studio-ride:2025.04.1-0.9",
    "vscode": f"{_REGISTRY}/data-studio-vscode:1.101.2-0.9",
    "xpra": f"{_REGISTRY}/data-studio-xpra:6.2.0-r2-1-0.9",
}
_VERSION_STRING = re.compile(
    r"(?P<software>\d[A-Za-z0-9_.]*(-[A-Za-z0-9_.]+)*)-(?P<connect>\d{1,4}\.\d{1,4}(\.\d{1,4})?)", re.ASCII
)
TEMPLATE_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}", re.ASCII)


def connect_of(image: str) -> Version:
    """The Connect client's version in a template's image, whose tag is `<software>-<connect>`.

    Raises:
        ValueError: the image has no tag, or one of another form.
    """
    match = types.IMAGE.fullmatch(image)
    tag = match["tag"] if match else None
    if tag is None:
        raise ValueError("has no tag; write repository:<software>-<connect>, such as data-studio-jupyter:4.2.5-0.9")
    version = _VERSION_STRING.fullmatch(tag)
    if version is None:
        raise ValueError(f"has the tag {tag}, which is not <software>-<connect>; write one such as 4.2.5-0.9")
    return Version.parse(version["connect"])


def _with_version_string(image: str) -> str:
    connect_of(image)
    return image


class StudioTemplate(BaseModel):
    """One entry of the list of container images that Platform shows for a new Studio."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    repository: Annotated[types.Image, AfterValidator(_with_version_string)]
    """The image with its tag, `<software>-<connect>`."""
    tool: Tool
    """What runs in it. R-IDE is `rstudio` for Platform 25.1, and `ride` from 25.2."""
    icon: types.EnvironmentText = Field(default_factory=lambda data: data["tool"])
    """The icon's name: the tool's, unless given."""
    status: Status = "recommended"
    """How Platform marks it in the list."""
    port: types.Port = Field(default_factory=lambda data: PORT_OF_TOOL[data["tool"]])
    """Where the tool listens: that of Seqera's image, unless given."""


StudioTemplates = Annotated[
    dict[
        Annotated[
            str,
            types.form(TEMPLATE_KEY, "is no template key; write letters, digits, '-' and '_', beginning with a letter"),
        ],
        StudioTemplate,
    ],
    BeforeValidator(types.map_in_text),
]


def r_ide_tool(platform: Version) -> Tool:
    """What the given Platform calls the R-IDE's tool."""
    return "ride" if platform >= R_IDE_IS_RIDE else "rstudio"


def default_templates(platform: Version, *, path_routing: bool) -> dict[str, StudioTemplate]:
    """The guide's four templates; three with path routing, which Xpra does not work with."""
    tools: list[tuple[str, Tool, str]] = [
        ("JUPYTER", "jupyter", "jupyter"),
        ("RIDE", r_ide_tool(platform), "ride"),
        ("VSCODE", "vscode", "vscode"),
    ]
    if not path_routing:
        tools.append(("XPRA", "xpra", "xpra"))
    return {key: StudioTemplate(repository=_SEQERA_IMAGES[image], tool=tool) for key, tool, image in tools}


def template_environment(templates: Mapping[str, StudioTemplate]) -> dict[str, str]:
    """The variables that make Platform offer the templates, `TOWER_DATA_STUDIO_TEMPLATES_<KEY>_…`."""
    environment: dict[str, str] = {}
    for key, template in sorted(templates.items()):
        prefix = f"TOWER_DATA_STUDIO_TEMPLATES_{key}"
        environment[f"{prefix}_REPOSITORY"] = template.repository
        environment[f"{prefix}_ICON"] = template.icon
        environment[f"{prefix}_TOOL"] = template.tool
        environment[f"{prefix}_STATUS"] = template.status
        environment[f"{prefix}_PORT"] = str(template.port)
    return environment
