"""In which workspaces Studios is available, in the two forms that Platform reads."""

from __future__ import annotations

from typing import Literal

from settings.releases import WORKSPACES_IN_ENVIRONMENT
from settings.versions import Version

Workspaces = Literal["all", "none"] | tuple[int, ...]
"""Every workspace, no workspace, or those with the given ids."""

ALLOWED_WORKSPACES_VARIABLE = "TOWER_DATA_STUDIO_ALLOWED_WORKSPACES"
ALLOWED_WORKSPACES_ENTRY = "tower.data-studio.allowed-workspaces"


def in_environment(platform: Version) -> bool:
    """Whether the given Platform takes its allowed workspaces from a variable; earlier ones read tower.yml."""
    return platform >= WORKSPACES_IN_ENVIRONMENT


def tower_yml_value(workspaces: Workspaces) -> list[int] | None:
    """`tower.data-studio.allowed-workspaces`: null for all, an empty list for none, or the ids."""
    if workspaces == "all":
        return None
    return [] if workspaces == "none" else list(workspaces)


def allowed_variable(workspaces: Workspaces) -> str | None:
    """TOWER_DATA_STUDIO_ALLOWED_WORKSPACES from 26.1 on: left unset (None) for all, empty for none, or the ids."""
    return None if workspaces == "all" else _ids(workspaces)


def feature_variable(workspaces: Workspaces | None) -> str | None:
    """The other lists of workspaces: empty for all, to be left unset (None) for none, or the ids."""
    if workspaces in (None, "none"):
        return None
    return "" if workspaces == "all" else _ids(workspaces)


def _ids(workspaces: Workspaces) -> str:
    return "" if isinstance(workspaces, str) else ",".join(map(str, workspaces))
