"""What a stand-in provider implements; :mod:`testbed.plugins.server` speaks gRPC with the engine on its behalf.

Property values are plain Python: ``None``, ``bool``, ``int``, ``float``, ``str``, ``list``, ``dict``, and
:data:`UNKNOWN` for what a preview can't know yet. A provider never sees secrets as such: the server unwraps them
before a call and seals again, in the answer, every value with a path that was secret in the inputs, and every path that
:meth:`Provider.secret_outputs` names.
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


class Provider:
    """A stand-in for one official provider. Methods raise :class:`ProviderError` with the official one's words.

    A method may be called from several threads at once: the engine works on independent resources side by side.
    """

    #: The package: ``aws``.
    package: str

    def check_config(self, inputs: Properties) -> CheckResult:
        """Validates the provider's own configuration."""
        return CheckResult(inputs)

    def diff_config(self, old: Properties, new: Properties) -> DiffResult:
        """Compares two configurations of the provider; a replace here replaces all that it made."""
        return DiffResult()

    def configure(self, inputs: Properties) -> None:
        """Takes the checked configuration; values may be :data:`UNKNOWN` in a preview."""

    def check(self, resource: Resource, old: Properties | None, new: Properties, random_seed: bytes) -> CheckResult:
        """Validates ``new`` inputs and adds defaults (names are made from ``random_seed``, so that they are stable)."""
        raise NotImplementedError

    def diff(
        self, resource: Resource, id: str, old_inputs: Properties, old_outputs: Properties, new: Properties
    ) -> DiffResult:
        """What an update from the old inputs and state to ``new`` (checked) would change. ``ignoreChanges`` has been
        applied to ``new`` by the engine already."""
        raise NotImplementedError

    def create(self, resource: Resource, inputs: Properties, preview: bool, timeout: float) -> tuple[str, Properties]:
        """Makes it and returns id and outputs; with ``preview``, id is ``""`` and outputs may hold :data:`UNKNOWN`.
        ``timeout`` is the custom timeout in seconds, 0 for the provider's default."""
        raise NotImplementedError

    def read(
        self, resource: Resource, id: str, inputs: Properties | None, outputs: Properties | None
    ) -> tuple[str, Properties, Properties] | None:
        """The live ``(id, inputs, outputs)``, or None if it is gone. On an import, or a ``get``, inputs and outputs
        are None."""
        raise NotImplementedError

    def update(
        self,
        resource: Resource,
        id: str,
        old_inputs: Properties,
        old_outputs: Properties,
        new: Properties,
        preview: bool,
        timeout: float,
    ) -> Properties:
        """Changes it in place and returns the new outputs."""
        raise NotImplementedError

    def delete(self, resource: Resource, id: str, inputs: Properties, outputs: Properties, timeout: float) -> None:
        """Deletes it, and returns when it is gone; deleting what is gone already is a success."""
        raise NotImplementedError

    def invoke(self, token: str, args: Properties) -> Properties:
        """Answers a function call such as ``aws:route53/getZone:getZone``."""
        raise ProviderError(f"unknown function {token}")

    def secret_outputs(self, type: str) -> Sequence[str]:
        """Top-level outputs of this type that are always secret."""
        return ()

    def cancel(self) -> None:
        """The engine is going away: give up waiting, soon."""
