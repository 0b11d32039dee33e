"""What a stand-in provider answers with; :mod:`testbed.plugins.server` speaks gRPC with the engine on its behalf.

Property values are plain Python: ``None``, ``bool``, ``int``, ``float``, ``str``, ``list``, ``dict``, and
:data:`UNKNOWN` for what a preview can't know yet. A provider never sees secrets as such: the server unwraps them
before a call and seals again, in the answer, every value with a path that was secret in the inputs, and every path that
the provider's ``secret_outputs`` names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

Properties = dict[str, Any]


class Unknown:
    """The type of :data:`UNKNOWN`: a value that only an ``up`` can tell."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        raise TypeError("an unknown value is neither true nor false")


UNKNOWN: Final = Unknown()


def has_unknowns(value: Any) -> bool:
    """Whether ``value`` is, or holds anywhere, :data:`UNKNOWN`."""
    if isinstance(value, Unknown):
        return True
    if isinstance(value, Mapping):
        return any(has_unknowns(item) for item in value.values())
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return any(has_unknowns(item) for item in value)
    return False


class ProviderError(Exception):
    """What the user reads: the engine prints the message as the resource's error, with no traceback."""


class PartialFailure(ProviderError):  # noqa: N818 (it is a half success)
    """The resource exists but is not as asked (an await timed out, say): the engine keeps ``id`` and ``outputs``."""

    def __init__(self, reasons: Sequence[str], id: str, outputs: Properties) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = list(reasons)
        self.id = id
        self.outputs = outputs


@dataclass(frozen=True)
class CheckFailure:
    """One property that Check refuses: its path as the program wrote it, and why."""

    property: str
    reason: str


@dataclass
class CheckResult:
    """The inputs with defaults filled in, and what is wrong with them."""

    inputs: Properties
    failures: list[CheckFailure] = field(default_factory=list)


@dataclass
class DiffResult:
    """A detailed diff.

    ``detailed`` maps a property path (``spec.replicas``, ``tags["a.b"]``, ``list[0].x``) to one of ``add``,
    ``delete``, ``update``; a path in ``replaces`` makes the engine replace the resource.
    """

    detailed: dict[str, str] = field(default_factory=dict)
    replaces: list[str] = field(default_factory=list)
    delete_before_replace: bool = False


@dataclass(frozen=True)
class Resource:
    """Which resource a call is about. ``type`` is the bare token (``aws:acm/certificate:Certificate``), ``name`` the
    logical name from the URN."""

    urn: str
    type: str
    name: str
