"""What a bundle asks for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from settings.host_names import ALLOWED_WORKSPACES_ENTRY, WORKSPACES_ELSEWHERE


@dataclass(frozen=True)
class Wish:
    """The parameters of a bundle, in their types; ``tower_yml`` has the value, as JSON, of each entry there."""

    compose_file: str
    override: str
    platform: tuple[str, ...]
    studios: tuple[str, ...]
    uid: int
    workspaces: str
    tower_yml: Mapping[str, str]
    take_over: tuple[str, ...]
    existing_oidc: bool

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> Wish:
        """Reads them."""
        workspaces = parameters["allowed_workspaces"]
        own = {} if workspaces == WORKSPACES_ELSEWHERE else {ALLOWED_WORKSPACES_ENTRY: workspaces}
        return cls(
            compose_file=parameters["compose_file"],
            override=parameters["override"],
            platform=tuple(parameters["platform_services"].split()),
            studios=tuple(parameters["studios_services"].split()),
            uid=int(parameters["uid"]),
            workspaces=workspaces,
            tower_yml={**own, **json.loads(parameters.get("tower_yml", "{}"))},
            take_over=tuple(parameters.get("take_over", "").split()),
            existing_oidc=parameters.get("existing_oidc") == "yes",
        )
