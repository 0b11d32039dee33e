"""What documents and schemas tell of a setting: its kind, its default, who knows it, and what it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from settings.declared_types import Type
from settings.fields import FIELDS, entry_names, marks, required_on, since, targets_of
from settings.marks import Derived, Place, Variable
from settings.model.section import ByTarget
from settings.targets import TARGETS, TITLES, titles_of
from settings.versions import Version

_KINDS: Mapping[object, str] = {
    str: "text",
    Version: "text",
    SecretStr: "secret",
    int: "integer",
    float: "number",
    bool: "boolean",
}
_WHERE: Mapping[Place, str] = {"proxy": "proxy", "server": "server", "platform": "Platform"}


def kind_of(field: FieldInfo) -> str:
    """What a setting holds, in a word or three."""
    return kind_of_type(Type.of_field(field))


def kind_of_type(of: Type) -> str:
    """What a type holds, in a word or three.

    Raises:
        TypeError: documents have no word for it.
    """
    if of.is_list or of.is_map:
        return "list" if of.is_list else "map"
    if of.options and {kind_of_type(Type.of(each)) for each in of.options} == {"text", "list"}:
        return "words or list"
    found = "text" if get_origin(of.kind) is Literal else _KINDS.get(of.kind)
    if found is None:
        raise TypeError(f"{of.kind} has no word in documents; add it to settings/reference.py and package/schema.py")
    return found


def fixed_default(field: FieldInfo) -> object:
    """The default as it is written in YAML; empty text where there is none, or where it follows from other settings."""
    default = field.default
    if default is None or default is PydanticUndefined:
        return ""
    return list(default) if isinstance(default, tuple) else default


def told_default(key: str, target: str | None = None) -> str | None:
    """The default as a sentence in a document tells it, on one target or on all; None where there is none."""
    field = FIELDS[key]
    for derived in marks(key, Derived):
        return derived.words
    if isinstance(field.default_factory, ByTarget):
        return _default_by_target(key, field.default_factory, [target] if target else list(TITLES))
    return _as_code(fixed_default(field))


def needs_of(key: str) -> str:
    """The targets and the releases that know the setting, in words; empty where all do."""
    needs, targets = releases_of(key), targets_of(key)
    return ", ".join(needs if set(targets) == set(TARGETS) else [titles_of(targets), *needs])


def releases_of(key: str) -> list[str]:
    """The first releases that know the setting; none where all do."""
    first = since(key)
    parts = (("Platform", first.platform), ("Connect", first.connect))
    return [f"{software} {version}" for software, version in parts if version is not None]


def becomes(key: str) -> list[tuple[str, str]]:
    """What the setting becomes, a variable or an entry of tower.yml, and where that is set."""
    is_secret = kind_of(FIELDS[key]) == "secret"
    found = [
        (variable.name, " and ".join(_WHERE[place] for place in variable.places) + ", from a Secret" * is_secret)
        for variable in marks(key, Variable)
    ]
    return found + [(entry, "tower.yml") for entry in entry_names(key)]


def _default_by_target(key: str, factory: ByTarget, targets: list[str]) -> str | None:
    told = {
        target: "**required**" if key in required_on(target) else _as_code(factory.of(target)) for target in targets
    }
    if len(targets) == 1:
        (only,) = told.values()
        return None if only == "**required**" else only
    first, *others = told
    differing = [target for target in others if told[target] != told[first]]
    return ", ".join([str(told[first]), *(f"on {TITLES[target]} {told[target] or 'none'}" for target in differing)])


def _as_code(default: object) -> str | None:
    if default in ("", [], {}):
        return None
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, list):
        return ", ".join(f"`{item}`" for item in default)
    if isinstance(default, dict):
        return ", ".join(f"`{name}: {value}`" for name, value in default.items())
    return f"`{default}`"
