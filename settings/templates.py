"""The Studio templates: what Platform offers when a user adds a Studio."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo
from pydantic.alias_generators import to_camel

from settings.releases import R_IDE_IS_RIDE, template_images
from settings.types.network import Port
from settings.types.studios import IMAGE, Image
from settings.types.text import EnvironmentText, MapInText, form
from settings.versions import Version

Tool = Literal["jupyter", "ride", "rstudio", "vscode", "xpra"]
Status = Literal["recommended", "deprecated", "experimental"]

PORT_OF_TOOL: Mapping[str, int] = {"jupyter": 8080, "ride": 8787, "rstudio": 8787, "vscode": 3000, "xpra": 14500}
"""Where each tool listens in Seqera's images."""

PREFIX = "TOWER_DATA_STUDIO_TEMPLATES_"
"""What the variables of every template begin with."""
_PARTS = ("REPOSITORY", "ICON", "TOOL", "STATUS", "PORT")
_VERSION_STRING = re.compile(
    r"(?P<software>\d[A-Za-z0-9_.]*(-[A-Za-z0-9_.]+)*)-(?P<connect>\d{1,4}\.\d{1,4}(\.\d{1,4})?)", re.ASCII
)
TEMPLATE_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}", re.ASCII)


def _client_version(value: Any) -> Any:
    return value if value is None or isinstance(value, Version) else Version.parse(str(value), example="0.12")


def connect_of(image: str) -> Version:
    """The Connect client's version in a template's image, tagged `<software>-<connect>`.

    Raises:
        ValueError: the image has no tag, or one of another form.
    """
    match = IMAGE.fullmatch(image)
    tag = match["tag"] if match else None
    beside = "or the version of its Connect client in connectClient beside it"
    if tag is None:
        raise ValueError(
            "has no tag; write repository:<software>-<connect>, such as data-studio-jupyter:4.2.5-0.9, " + beside
        )
    version = _VERSION_STRING.fullmatch(tag)
    if version is None:
        raise ValueError(f"has the tag {tag}, which is not <software>-<connect>; write one such as 4.2.5-0.9, {beside}")
    return Version.parse(version["connect"])


def _with_known_client(image: str, info: ValidationInfo) -> str:
    # A version that is wrong has a message of its own.
    if info.data.get("connect_client", "wrong") is None:
        connect_of(image)
    return image


class StudioTemplate(BaseModel):
    """One entry of the list of container images that Platform shows for a new Studio."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, alias_generator=to_camel)

    connect_client: Annotated[Version | None, BeforeValidator(_client_version)] = Field(
        default=None,
        # An output of the stack has no more than what Platform reads.
        exclude=True,
        description="Version of the Connect client in an image with a tag of another form, or a digest.",
    )
    repository: Annotated[Image, AfterValidator(_with_known_client)] = Field(
        description="The image with its tag, `<software>-<connect>`; any tag or digest where `connectClient` is given."
    )
    tool: Tool = Field(description="What runs in it: `jupyter`, `ride` (Platform 25.1: `rstudio`), `vscode` or `xpra`.")
    icon: EnvironmentText = Field(
        default_factory=lambda data: data["tool"], description="The icon's name: the tool's, unless given."
    )
    status: Status = Field(
        default="recommended",
        description="How Platform marks it: `recommended`, `deprecated` or `experimental`. Default: `recommended`.",
    )
    port: Port = Field(
        default_factory=lambda data: PORT_OF_TOOL[data["tool"]],
        description="Where the tool listens: that of Seqera's image, unless given.",
    )

    @property
    def client(self) -> Version:
        """The Connect client in the image."""
        return self.connect_client or connect_of(self.repository)

    @property
    def client_of_tag(self) -> Version | None:
        """The Connect client that the image's tag names; None where it names none."""
        try:
            return connect_of(self.repository)
        except ValueError:
            return None


StudioTemplates = Annotated[
    dict[
        Annotated[
            str,
            form(TEMPLATE_KEY, "must start with a letter and contain only letters, digits, '-' and '_'"),
        ],
        StudioTemplate,
    ],
    MapInText,
]


def r_ide_tool(platform: Version) -> Tool:
    """What the given Platform calls the R-IDE's tool."""
    return "ride" if platform >= R_IDE_IS_RIDE else "rstudio"


def default_templates(platform: Version, server: Version, *, path_routing: bool) -> dict[str, StudioTemplate]:
    """The guide's four templates; three with path routing, which Xpra does not work with."""
    tools: list[tuple[str, Tool, str]] = [
        ("JUPYTER", "jupyter", "jupyter"),
        ("RIDE", r_ide_tool(platform), "ride"),
        ("VSCODE", "vscode", "vscode"),
    ]
    if not path_routing:
        tools.append(("XPRA", "xpra", "xpra"))
    images = template_images(platform, server)
    return {key: StudioTemplate(repository=images[image], tool=tool) for key, tool, image in tools}


def template_environment(templates: Mapping[str, StudioTemplate]) -> dict[str, str]:
    """The variables that make Platform offer the templates, `TOWER_DATA_STUDIO_TEMPLATES_<KEY>_…`."""
    return {
        f"{PREFIX}{key}_{part}": str(getattr(template, part.lower()))
        for key, template in sorted(templates.items())
        for part in _PARTS
    }


def keys_in(variables: Iterable[str]) -> str:
    """The templates' keys in the names of Platform's variables, in one phrase."""
    # A template's key may have underscores, and its variables end with a part that has none.
    return ", ".join(sorted({name.removeprefix(PREFIX).rpartition("_")[0] for name in variables}))
