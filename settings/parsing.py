"""From what a user wrote to `Settings`, or to everything that is wrong with it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from settings.errors import Problem, SettingsError
from settings.fields import FIELDS, SECRET_KEYS, WITHOUT_FIXED_DEFAULT, example_of, not_set
from settings.model import Settings
from settings.remedies import SEALED, Seal, Unseal
from settings.rules import broken_rules
from settings.rules.targets import missing_on_target
from settings.types.text import EMPTY, ContentError


class WrongSettingsError(SettingsError):
    """Everything that is wrong with the settings.

    Args:
        problems: one each.
        settings: the settings without those that are wrong, and with an example in the place of one that is missing;
            None where that is impossible.
    """

    def __init__(self, problems: Iterable[Problem], settings: Settings | None) -> None:
        super().__init__(problems)
        self.settings = settings

    @property
    def keys(self) -> set[str]:
        """The keys of the settings that are wrong."""
        return {root_of(problem.key) for problem in self.problems}


def root_of(path: str) -> str:
    """The setting that a path leads into: ``studioTemplates`` for ``studioTemplates.R.port``."""
    return re.split(r"[.\[]", path)[0]


def parse_settings(values: Mapping[str, object], encrypted: Collection[str] = ()) -> Settings:
    """The settings in a stack's configuration.

    Args:
        values: config key, without the project's prefix → value: text as `pulumi config set` stores it, or a plain
            number, boolean, list or map.
        encrypted: the keys with values that are encrypted in the stack's file.

    Raises:
        WrongSettingsError: with everything that is wrong.
    """
    values = {key: value for key, value in values.items() if value != "" or key not in WITHOUT_FIXED_DEFAULT}
    problems = [Problem(key, None, _unknown(key, FIELDS)) for key in values if key not in FIELDS]
    problems += _misplaced_secrets(values, encrypted)
    known = {key: value for key, value in values.items() if key in FIELDS}
    settings, malformed = _validated(known)
    hidden = SECRET_KEYS | set(encrypted)
    amiss = [(str(error["loc"][0]), _problem(error, hidden)) for error in malformed]
    unreliable = {str(error["loc"][0]) for error in malformed}
    if settings is None:
        required = {key: example_of(key) for key, field in FIELDS.items() if field.is_required()}
        reliable = {key: value for key, value in known.items() if key not in unreliable}
        settings, _ = _validated(required | reliable)
    if settings is not None:
        amiss += [(problem.key, problem) for problem in missing_on_target(settings, set(known), unreliable)]
    order = list(FIELDS)
    problems += [problem for _, problem in sorted(amiss, key=lambda each: order.index(each[0]))]
    if settings is not None:
        problems += [
            Problem(problem.key, None if problem.key in hidden else problem.value, problem.message)
            for problem in broken_rules(settings, given=set(known), unknown=unreliable)
        ]
    if problems or settings is None:
        raise WrongSettingsError(problems, settings)
    return settings


def _validated(values: Mapping[str, object]) -> tuple[Settings | None, list[ErrorDetails]]:
    try:
        return Settings.model_validate(values), []
    except ValidationError as error:
        # A default that follows from a setting that is wrong is not a problem of its own.
        details = error.errors(include_url=False)
        return None, [detail for detail in details if detail["type"] != "default_factory_not_called"]


def _misplaced_secrets(values: Mapping[str, object], encrypted: Collection[str]) -> list[Problem]:
    plain = [
        Problem(
            key,
            None,
            f"is a secret in plain text; {Seal(key)}, "
            "and change the value where it comes from, since the file may have been shared",
        )
        for key in values
        if key in SECRET_KEYS and key not in encrypted
    ]
    sealed = [
        Problem(key, None, f"is {SEALED}, and would be in plain text in what it becomes; {Unseal(key)}")
        for key in values
        if key in FIELDS and key not in SECRET_KEYS and key in encrypted
    ]
    return plain + sealed


def _problem(error: ErrorDetails, hidden: Collection[str]) -> Problem:
    first = str(error["loc"][0])
    holds_secrets = first in hidden or isinstance(error.get("ctx", {}).get("error"), ContentError)
    value = None if holds_secrets or error["type"] == "missing" else _as_written(error["input"])
    return Problem(_path(error["loc"]), value, _message(error))


def _path(location: tuple[int | str, ...]) -> str:
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part != "[key]":
            path += f".{part}" if path else part
    return path


def _as_written(value: object) -> object:
    return "" if value is None else value


def _message(error: ErrorDetails) -> str:
    context: dict[str, Any] = error.get("ctx", {})
    words = _MESSAGES.get(error["type"])
    if words is not None:
        return words(error, context)
    if error["type"] == "value_error":
        return str(context["error"])
    return f"is not what is expected here: {error['msg']}"


def _missing(error: ErrorDetails, _: dict[str, Any]) -> str:
    *parents, key = error["loc"]
    if parents:
        is_template = parents[0] == "studioTemplates"
        return "is not set; " + ("every template has a repository and a tool" if is_template else "it must be there")
    return not_set(str(key))


def _extra(error: ErrorDetails, _: dict[str, Any]) -> str:
    *parents, key = error["loc"]
    names = _keys_at(parents)
    message = _unknown(str(key), names)
    return message if "did you mean" in message else f"is not a setting; write one of {', '.join(names)}, or remove it"


def _keys_at(location: Sequence[int | str]) -> list[str]:
    """The keys of the map at a place in the settings."""
    first, *rest = location
    kind: Any = FIELDS[str(first)].annotation
    for part in rest:
        of = _model_in(kind)
        if of is not None and isinstance(part, str):
            kind = next((each.annotation for name, each in of.model_fields.items() if part in (name, each.alias)), None)
        else:
            # The parts of a list, or the values of a map.
            kind = next((each for each in _parts_of(kind) if _model_in(each)), None)
    model = _model_in(kind)
    return [] if model is None else [str(field.alias or name) for name, field in model.model_fields.items()]


def _model_in(kind: Any) -> type[BaseModel] | None:
    """The model that a type is, or is among others: annotated, or optional."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    if get_origin(kind) in (Annotated, Union, UnionType):
        return next((found for each in get_args(kind) if (found := _model_in(each))), None)
    return None


def _parts_of(kind: Any) -> tuple[Any, ...]:
    """The types within a list or a map, which may be optional."""
    if get_origin(kind) in (Annotated, Union, UnionType):
        return tuple(part for each in get_args(kind) for part in _parts_of(each))
    return get_args(kind)


def _unknown(key: str, names: Collection[str]) -> str:
    by_lower_case = {name.lower().replace("_", ""): name for name in names}
    nearest = difflib.get_close_matches(key.lower().replace("_", "").replace("-", ""), by_lower_case, n=1, cutoff=0.6)
    if nearest:
        return f"is not a setting; did you mean {by_lower_case[nearest[0]]}?"
    return "is not a setting; remove it, or find the right key in docs/configuration.md"


def _no_model(error: ErrorDetails, _: dict[str, Any]) -> str:
    if error["loc"][0] == "studioTemplates":
        return "must be a map with repository and tool"
    return "must be a map: keys in { }, or each key on its own line"


_MESSAGES: Mapping[str, Callable[[ErrorDetails, dict[str, Any]], str]] = {
    "missing": _missing,
    "extra_forbidden": _extra,
    "bool_parsing": lambda error, context: "is neither true nor false; write one of these",
    "bool_type": lambda error, context: "is neither true nor false; write one of these",
    "int_parsing": lambda error, context: "must be a whole number, for example 3",
    "int_parsing_size": lambda error, context: "is too large a number; write a smaller one",
    "int_from_float": lambda error, context: "must be a whole number, for example 3",
    "finite_number": lambda error, context: "must be a whole number, for example 3",
    "int_type": lambda error, context: "must be a whole number, for example 3",
    "greater_than_equal": lambda error, context: f"is too small; write {context['ge']} or more",
    "less_than_equal": lambda error, context: f"is too large; write {context['le']} or less",
    "literal_error": lambda error, context: f"is not one of the words it can be; write {context['expected']}",
    "string_type": lambda error, context: "must be a single value",
    "string_unicode": lambda error, context: "holds half a character; write it again",
    "string_too_short": lambda error, context: EMPTY,
    "string_too_long": lambda error, context: f"is too long; write {context['max_length']} characters or fewer",
    "too_long": lambda error, context: f"is too long; write {context['max_length']} characters or fewer",
    "too_short": lambda error, context: EMPTY,
    "tuple_type": lambda error, context: "must be a list in [ ]",
    "dict_type": lambda error, context: "must be a map: keys in { }, or each key on its own line",
    "model_type": _no_model,
}
