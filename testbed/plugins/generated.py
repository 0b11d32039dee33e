"""The base of the providers of values that are made once and kept: random and tls.

Such a resource lives in the stack's state and nowhere else. Any change of an input makes another one, reading it gives
back the state, and deleting it does nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from testbed.plugins.diff import detailed_diff
from testbed.plugins.naming import did_you_mean, unknown_properties
from testbed.plugins.provider import (
    UNKNOWN,
    CheckFailure,
    CheckResult,
    DiffResult,
    Properties,
    Provider,
    ProviderError,
    Resource,
    Unknown,
    has_unknowns,
)

_KIND_NAMES: Final = {int: "a whole number", bool: "true or false", str: "a text", dict: "a map"}


@dataclass(frozen=True, kw_only=True)
class Definition:
    """One type of generated value.

    ``inputs`` maps each property to its Python type. ``generate`` gets all inputs with the defaults filled in, and
    returns the id and the computed properties. ``validate`` sees the same, when nothing in it is unknown. ``restore``
    does an import: from an id to its inputs, and the result of ``generate``; without one, an import is refused.
    """

    inputs: Mapping[str, type]
    required: Sequence[str]
    defaults: Mapping[str, Any]
    computed: Sequence[str]
    secret: Sequence[str] = ()
    generate: Callable[[Properties], tuple[str, Properties]]
    validate: Callable[[Properties], list[CheckFailure]] = field(default=lambda inputs: [])
    restore: Callable[[str], tuple[Properties, str, Properties]] | None = None


class GeneratedProvider(Provider):
    """A provider of the types of ``definitions``, by token."""

    definitions: Mapping[str, Definition]

    def check_config(self, inputs: Properties) -> CheckResult:
        """These packages have no settings of their own."""
        return CheckResult(inputs, unknown_properties(inputs, {"version", "pluginDownloadURL"}))

    def check(self, resource: Resource, old: Properties | None, new: Properties, random_seed: bytes) -> CheckResult:
        """The inputs stay as the program wrote them: the defaults show in the outputs, as with the official ones."""
        definition = self.definitions.get(resource.type)
        if definition is None:
            return CheckResult(new, [CheckFailure("", self._unknown_type(resource.type))])
        failures = unknown_properties(new, definition.inputs)
        failures += [
            CheckFailure(name, f"Missing required argument: {name!r}")
            for name in definition.required
            if new.get(name) is None
        ]
        failures += [
            CheckFailure(name, f"{name} must be {_KIND_NAMES[kind]}, not {type(new[name]).__name__}")
            for name, kind in definition.inputs.items()
            if not _is(kind, new.get(name))
        ]
        if not failures and not has_unknowns(new):
            failures = definition.validate(_complete(definition, new))
        return CheckResult(new, failures)

    def diff(
        self, resource: Resource, id: str, old_inputs: Properties, old_outputs: Properties, new: Properties
    ) -> DiffResult:
        """Everything replaces; a default that is now written out, or no longer, is not a change."""
        definition = self._definition(resource)
        return detailed_diff(_complete(definition, old_inputs), _complete(definition, new), list(definition.inputs))

    def create(self, resource: Resource, inputs: Properties, preview: bool, timeout: float) -> tuple[str, Properties]:
        """Makes the value; a preview promises one."""
        definition = self._definition(resource)
        complete = _complete(definition, inputs)
        if preview:
            return "", {**complete, **dict.fromkeys(definition.computed, UNKNOWN)}
        own_id, computed = definition.generate(complete)
        return own_id, {**complete, **computed}

    def read(
        self, resource: Resource, id: str, inputs: Properties | None, outputs: Properties | None
    ) -> tuple[str, Properties, Properties] | None:
        """What the state holds; on an import, what ``id`` can be turned into."""
        if outputs is not None:
            return id, inputs or {}, outputs
        definition = self._definition(resource)
        if definition.restore is None:
            raise ProviderError(f"resource {resource.type} does not support import: make a new one")
        restored, own_id, computed = definition.restore(id)
        return own_id, restored, {**_complete(definition, restored), **computed}

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
        """Keeps the value: no change of an input is made in place."""
        return {**old_outputs, **_complete(self._definition(resource), new)}

    def delete(self, resource: Resource, id: str, inputs: Properties, outputs: Properties, timeout: float) -> None:
        """Nothing is left behind outside of the state."""

    def secret_outputs(self, type: str) -> Sequence[str]:
        """Those of the type's definition."""
        definition = self.definitions.get(type)
        return definition.secret if definition else ()

    def _definition(self, resource: Resource) -> Definition:
        try:
            return self.definitions[resource.type]
        except KeyError:
            raise ProviderError(self._unknown_type(resource.type)) from None

    def _unknown_type(self, type: str) -> str:
        hint = did_you_mean(type, list(self.definitions))
        return f"unknown resource type {type}: the stand-in for the {self.package} provider lacks it{hint}"


def _complete(definition: Definition, inputs: Properties) -> Properties:
    # A state may have more, of an import.
    given = {name: inputs[name] for name in definition.inputs if inputs.get(name) is not None}
    return {**definition.defaults, **given}


def _is(kind: type, value: Any) -> bool:
    if value is None or isinstance(value, Unknown):
        return True
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
