"""Names in a Docker Compose install."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from settings.types.text import ListInText, Text, WithoutRepeats, form

_YAML_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.ya?ml", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)

_FOLDER = re.compile(r"/[^\x00-\x1f\x7f]*[^\x00-\x1f\x7f/]")

Folder = Annotated[
    Text, form(_FOLDER, "must be an absolute path, for example /home/ec2-user/seqera, without a slash at its end")
]
YamlFile = Annotated[
    Text, form(_YAML_FILE, "must be the name of a YAML file, for example docker-compose.yml, without its folder")
]
Service = Annotated[
    Text, form(_NAME, "must be a service of a compose file; `docker compose config --services` prints them")
]
Networks = Annotated[
    tuple[
        Annotated[Text, form(_NAME, "must be a network of a compose file; `docker compose config` prints them")],
        ...,
    ],
    ListInText,
    WithoutRepeats,
    Field(min_length=1),
]
