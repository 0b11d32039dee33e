"""The images of Connect, and how a reference to one is read."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

from settings.types.studios import IMAGE, Image
from settings.versions import Version

PROXY = "cr.seqera.io/enterprise/studios/proxy"
SERVER = "cr.seqera.io/enterprise/studios/server"


def default_image(repository: str, connect: Version) -> str:
    """A reference to the given release in a repository."""
    return f"{repository}:{connect}"


def tag_of(image: str) -> str | None:
    """The tag in a reference, or None where it has none."""
    match = IMAGE.fullmatch(image)
    return match["tag"] if match else None


def _tagged_with(field: str) -> AfterValidator:
    def with_tag(image: str, info: ValidationInfo) -> str:
        match = IMAGE.fullmatch(image)
        version = info.data.get(field)
        if version is None or match is None or match["tag"] or match["digest"]:
            return image
        return default_image(image, version)

    return AfterValidator(with_tag)


ProxyImage = Annotated[Image, _tagged_with("proxy_version")]
"""A reference to an image; `proxyVersion` is its tag where it names none and no digest."""
ServerImage = Annotated[Image, _tagged_with("server_version")]
"""The same with `serverVersion`."""
