"""The settings as documents show them: the table of the README, and the `config:` block of Pulumi.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from settings.parsing import FIELDS
from settings.targets import REQUIRED_ON, TITLES, target_of
from settings.versions import SINCE, Since, Version

_KINDS: Mapping[object, str] = {
    str: "text",
    Version: "text",
    SecretStr: "secret",
    int: "integer",
    bool: "boolean",
    tuple: "list",
    dict: "map",
}


def config_table() -> str:
    """A Markdown table of every config key: what it holds, its default, what knows it, and its meaning."""
    rows = ["| Key | Type | Default | Needs | Meaning |", "|-|-|-|-|-|"]
    for key, field in FIELDS.items():
        meaning = _cell(field.description or "")
        rows.append(f"| `{key}` | {kind_of(field)} | {_shown_default(key, field)} | {_needs(key)} | {meaning} |")
    return "\n".join(rows) + "\n"


def project_config() -> dict[str, dict[str, object]]:
    """What Pulumi.yaml declares for each config key.

    A key without a default would be required by the engine, in words that don't say what to write: so each has one, and
    the empty text stands for none. Likewise only text has a type there: the program checks the others itself.
    """
    return {
        key: {
            **({"type": "string"} if kind_of(field) in ("text", "secret") else {}),
            "description": field.description,
            "default": fixed_default(field),
        }
        for key, field in FIELDS.items()
    }


def kind_of(field: FieldInfo) -> str:
    """What a setting holds, in a word or three."""
    annotation: Any = field.annotation
    if NoneType in get_args(annotation):
        annotation = next(option for option in get_args(annotation) if option is not NoneType)
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) is Literal:
        return "text"
    return _KINDS.get(get_origin(annotation) or annotation, "words or list")


def fixed_default(field: FieldInfo) -> object:
    """The default as it is written in YAML; empty text where there is none, or where it follows from other settings."""
    default = field.default
    if default is None or default is PydanticUndefined:
        return ""
    return list(default) if isinstance(default, tuple) else default


def told_default(field: FieldInfo) -> str | None:
    """The default as a sentence in a document tells it; None where there is none."""
    extra = field.json_schema_extra
    if isinstance(extra, dict) and "shown_default" in extra:
        return str(extra["shown_default"])
    default = fixed_default(field)
    if default in ("", []):
        return None
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, list):
        return ", ".join(f"`{item}`" for item in default)
    if isinstance(default, dict):
        return ", ".join(f"`{name}: {value}`" for name, value in default.items())
    return f"`{default}`"


def _shown_default(key: str, field: FieldInfo) -> str:
    told = told_default(field)
    if told is not None:
        return _cell(told)
    is_required = field.is_required() or key in REQUIRED_ON.get(target_of(key) or "", ())
    return "**required**" if is_required else "none"


def _needs(key: str) -> str:
    since = SINCE.get(key, Since())
    parts = (("Platform", since.platform), ("Connect", since.connect))
    needs = [f"{software} {version}" for software, version in parts if version is not None]
    target = target_of(key)
    return ", ".join(needs if target is None else [TITLES[target], *needs])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
