"""AWS' two spellings of tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def to_list(tags: Mapping[str, str] | None) -> list[dict[str, str]]:
    """``{"a": "b"}`` as ``[{"Key": "a", "Value": "b"}]``."""
    return [{"Key": key, "Value": value} for key, value in (tags or {}).items()]


def to_dict(tags: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """The way back."""
    return {tag["Key"]: tag.get("Value", "") for tag in tags or ()}
