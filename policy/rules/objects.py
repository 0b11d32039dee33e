"""How the rules look at a resource: not all of its values need be known in a preview."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class _Unknown(str):
    """A value that is known only once the resource exists; to a rule that reads it as text, it is empty."""

    __slots__ = ()


UNKNOWN = _Unknown("")


@dataclass(frozen=True)
class Resource:
    """One resource: its type token, its inputs as plain values, and whether the engine refuses to delete it."""

    type: str
    properties: Mapping[str, Any]
    protected: bool = False
    urn: str = ""
    #: Every resource that its properties come from, at first hand.
    depends_on: Sequence[str] = ()

    @property
    def is_kubernetes(self) -> bool:
        """Whether it is an object of Kubernetes."""
        return self.type.startswith("kubernetes:")

    @property
    def kind(self) -> str:
        """``ConfigMap`` for ``kubernetes:core/v1:ConfigMap`` and for ``…:ConfigMapPatch``."""
        return self.type.rsplit(":", 1)[-1].removesuffix("Patch")

    def at(self, path: str) -> Any:
        """The value at ``spec.template.metadata``, :data:`UNKNOWN` beneath an unknown one, or None."""
        value: Any = self.properties
        for key in path.split("."):
            if value is UNKNOWN:
                return UNKNOWN
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    def map_at(self, path: str) -> Mapping[str, Any]:
        """The map at a path; an empty one if there is none, or none that is known."""
        value = self.at(path)
        return value if isinstance(value, Mapping) else {}

    def list_at(self, path: str) -> Sequence[Any]:
        """The list at a path; an empty one if there is none, or none that is known."""
        value = self.at(path)
        return value if isinstance(value, list | tuple) else ()

    def annotations(self) -> Iterator[tuple[str, str]]:
        """The annotations of the object and of the pods that it makes."""
        for path in ("metadata.annotations", "spec.template.metadata.annotations"):
            for key, value in self.map_at(path).items():
                yield key, str(value)
