"""The settings by their config keys, and what their declarations say of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, TypeVar

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from settings.marks import Only, Place, Required, Since, TowerYml, Variable
from settings.model import Settings
from settings.model.section import ByTarget, Section
from settings.remedies import Seal, Write
from settings.targets import KUBERNETES, TARGETS

_Mark = TypeVar("_Mark")

FIELDS: Mapping[str, FieldInfo] = {str(field.alias): field for field in Settings.model_fields.values()}
"""Config key → its field in the model."""

_ATTRIBUTES: Mapping[str, str] = {str(field.alias): name for name, field in Settings.model_fields.items()}

WITHOUT_FIXED_DEFAULT = frozenset(
    key for key, field in FIELDS.items() if field.default in (None, "", PydanticUndefined)
)
"""The keys for which Pulumi.yaml declares an empty text, since the engine wants a default for every key."""

SECRET_KEYS = frozenset(key for key, field in FIELDS.items() if field.annotation == SecretStr | None)
"""The keys with values that must be encrypted in the stack's file."""


def value_of(settings: Settings, key: str) -> Any:
    """The value of the setting with the given key."""
    return getattr(settings, _ATTRIBUTES[key])


def default_of(key: str, target: str = KUBERNETES) -> Any:
    """The default of a setting that has a fixed one on a target, for components, which have no stack's file."""
    field = FIELDS[key]
    return field.default_factory.of(target) if isinstance(field.default_factory, ByTarget) else field.get_default()


def example_of(key: str) -> str:
    """A value to write, for messages; the empty text where the declaration has none."""
    return str((FIELDS[key].examples or [""])[0])


def not_set(key: str, besides: str = "") -> str:
    """What is said of a setting that has to be written; ``besides`` continues its first part."""
    remedy = Seal(key) if key in SECRET_KEYS else f"write: {Write(key, example_of(key))}"
    return f"is not set{besides}; {remedy}"


def keys_of(section: type[Section]) -> list[str]:
    """The keys of a section, in order."""
    return [str(field.alias) for field in section.model_fields.values()]


def marks(key: str, kind: type[_Mark]) -> list[_Mark]:
    """The marks of one kind at the setting's declaration."""
    return [mark for mark in FIELDS[key].metadata if isinstance(mark, kind)]


def targets_of(key: str) -> tuple[str, ...]:
    """The targets that know the setting."""
    return next((mark.targets for mark in marks(key, Only)), tuple(TARGETS))


def applies(key: str, target: str) -> bool:
    """Whether a target knows the setting."""
    return target in targets_of(key)


@cache
def required_on(target: str) -> tuple[str, ...]:
    """The keys that have to be written on a target."""
    return tuple(
        key for key, field in FIELDS.items() if field.is_required() or Required(target) in marks(key, Required)
    )


def since(key: str) -> Since:
    """The releases that know the setting."""
    return next(iter(marks(key, Since)), Since())


def variables() -> Iterator[tuple[str, Variable]]:
    """Every variable that a setting becomes, with the setting's key."""
    for key in FIELDS:
        for variable in marks(key, Variable):
            yield key, variable


def name_of_variable(key: str, place: Place) -> str:
    """The first variable that the setting becomes where `place` says."""
    return next(variable.name for variable in marks(key, Variable) if place in variable.places)


def entry_names(key: str) -> list[str]:
    """The entries of tower.yml that the setting becomes."""
    return [mark.entry for mark in marks(key, TowerYml)]
