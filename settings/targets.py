"""The kinds of Platform install that Studios is put beside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

TargetName = Literal["kubernetes", "compose"]

KUBERNETES: Final = "kubernetes"
COMPOSE: Final = "compose"

TITLES: Mapping[str, str] = {KUBERNETES: "Kubernetes", COMPOSE: "Compose"}
"""Target → what documents call it."""
