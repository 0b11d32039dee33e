"""What every section of the settings has in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Section(BaseModel):
    """Settings that documents show under one heading; the field `connect_url` is the config key `connectUrl`."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, arbitrary_types_allowed=True, defer_build=True
    )

    heading: ClassVar[str]
    """The section's title. Its docstring is the text below it."""


@dataclass(frozen=True)
class ByTarget:
    """A default that depends on the target, which is an earlier field.

    Args:
        usual: the default on every target that has none of its own.
        on: target → the default there.
    """

    usual: Any
    on: Mapping[str, Any]

    def __call__(self, data: dict[str, Any]) -> Any:
        """Returns the default on the target that the earlier fields name."""
        return self.of(data["target"])

    def of(self, target: str) -> Any:
        """Returns the default on a target."""
        return self.on.get(target, self.usual)
