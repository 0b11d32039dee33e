"""What a declaration must be like for its marks to take effect: any other is refused when the model is loaded."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from settings.marks import COMPUTED, Derived, Only, Required, Since, TowerYml, Variable, Words, as_text
from settings.model.section import ByTarget
from settings.releases import OLDEST_CONNECT, PLATFORM_RELEASES
from settings.targets import KUBERNETES, TARGETS
from settings.types.pods import SecretKeyReference
from settings.versions import Version

_MARKS = (Variable, TowerYml, Since, Only, Required, Derived, Words)
_ONCE = (Since, Only, Derived, Words)


class DeclarationError(TypeError):
    """Settings are declared with marks that have no effect; the message has a line for each."""


def check(model: type[BaseModel]) -> None:
    """Checks the declarations of all settings.

    Raises:
        DeclarationError: marks have no effect.
    """
    fields = {str(field.alias or name): field for name, field in model.model_fields.items()}
    problems = [f"{key}: {problem}" for key, field in fields.items() for problem in _problems(key, field)]
    problems += _written_twice(fields)
    if problems:
        raise DeclarationError("\n".join(problems))


def _problems(key: str, field: FieldInfo) -> Iterator[str]:
    yield from _form(field)
    yield from _targets(field)
    yield from _releases(field)
    yield from _required(field)
    for variable in _marks(field, Variable):
        yield from _variable(field, variable)
    for entry in _marks(field, TowerYml):
        yield from _tower_yml(key, field, entry)


def _form(field: FieldInfo) -> Iterator[str]:
    """What documents need, and marks at a place where they are not read."""
    if not field.description:
        yield "has no description; add description=..., a sentence"
    if _holds(field.annotation, SecretStr):
        if field.annotation != SecretStr | None:
            yield "holds a secret in a type that isn't told apart from plain text; write SecretStr | None"
    elif len(field.examples or []) != 1:
        yield "must have one example, other than the default, for documents and tests; add examples=[...]"
    for mark in _nested(field.annotation):
        yield f"{_told(mark)} has no effect within the type; put it beside the type: Annotated[<type> | None, <mark>]"
    counts = Counter(type(mark) for mark in field.metadata if isinstance(mark, _ONCE))
    for kind, count in counts.items():
        if count > 1:
            yield f"has {count} marks {kind.__name__}(...), and only the first would have an effect; leave one"


def _targets(field: FieldInfo) -> Iterator[str]:
    only = _marks(field, Only)
    if only and set(only[0].targets) >= set(TARGETS):
        yield f"{_told(only[0])} has no effect: it names every target; leave it out"
    for mark in (*only, *_marks(field, Required)):
        named = set(mark.targets if isinstance(mark, Only) else [mark.target])
        if not named or named - set(TARGETS):
            yield f"{_told(mark)} names no target; write one of {', '.join(TARGETS)}"
    for required in _marks(field, Required):
        if only and required.target not in only[0].targets:
            yield f"{_told(required)} has no effect beside {_told(only[0])}; leave one of them out"
    if only and field.is_required():
        beside = ", ".join(_told(Required(target)) for target in only[0].targets)
        yield (
            f"{_told(only[0])} has no effect without a default: the other targets would ask for it, too; "
            f"write default=None, and {beside} beside it"
        )


def _releases(field: FieldInfo) -> Iterator[str]:
    for mark in _marks(field, Since):
        if mark == Since():
            yield "Since() has no effect without a release; write Since(platform=...), Since(connect=...) or both"
        for name, first in (("platform", mark.platform), ("connect", mark.connect)):
            yield from _release(name, first) if first is not None else ()


def _release(name: str, first: str) -> Iterator[str]:
    oldest = Version.parse(PLATFORM_RELEASES[0]) if name == "platform" else OLDEST_CONNECT
    try:
        version = Version.parse(first)
    except ValueError as error:
        yield f'Since({name}="{first}") {error}'
        return
    if version <= oldest:
        yield f'Since({name}="{first}") has no effect: {oldest} is the oldest that is supported; leave it out'


def _required(field: FieldInfo) -> Iterator[str]:
    """The engine hands a default over as if it had been written, and derived ones are never missing."""
    for mark in _marks(field, Required):
        factory = field.default_factory
        default = factory.of(mark.target) if isinstance(factory, ByTarget) else field.default
        if (factory is not None and not isinstance(factory, ByTarget)) or default not in (None, ""):
            shown = "one that is derived" if factory and not isinstance(factory, ByTarget) else repr(default)
            yield (
                f"{_told(mark)} has no effect beside a default, {shown}; "
                "write default=None, or ByTarget(...) where other targets have one"
            )
    needed = bool(_marks(field, Required)) or field.is_required()
    if needed and _marks(field, Since):
        yield "must be written, and an older release would refuse it for Since(...); give it a default"
    if needed and _marks(field, Derived):
        yield "must be written, and Derived(...) tells of a default; leave out Derived(...)"


def _variable(field: FieldInfo, variable: Variable) -> Iterator[str]:
    is_reference = _holds(field.annotation, SecretKeyReference)
    if is_reference or _holds(field.annotation, SecretStr):
        if "platform" in variable.places:
            yield (
                f"the variable {variable.name} would not be set: backend and cron read variables from a ConfigMap, "
                "which holds no secrets; only proxy(...), server(...) and connect(...) take them"
            )
        if variable.write is not as_text:
            yield f"the variable {variable.name} holds the secret as it is; leave out what makes its value"
        if is_reference and Only(KUBERNETES) not in _marks(field, Only):
            yield f"the variable {variable.name} comes from a Secret of Kubernetes; add Only(KUBERNETES)"
    elif variable.write is as_text and not _is_plain(field.annotation):
        yield (
            f"the variable {variable.name} would hold Python's form of a map; "
            "add a function that makes its text of the value, or COMPUTED"
        )


def _tower_yml(key: str, field: FieldInfo, mark: TowerYml) -> Iterator[str]:
    last = mark.entry.rpartition(".")[2]
    named_after = re.sub(r"[A-Z]", lambda letter: f"-{letter[0].lower()}", key)
    if last != named_after:
        yield f"the entry {mark.entry} must have the setting's name at its end, {named_after}, or the setting {last}"
    if not mark.is_computed and not _is_plain(field.annotation):
        yield f"the entry {mark.entry} can't be made of this type; add is_computed=True, and make it by hand"


def _written_twice(fields: dict[str, FieldInfo]) -> Iterator[str]:
    written: dict[str, str] = {}
    for key, field in fields.items():
        if _holds(field.annotation, SecretKeyReference):
            # It stands in for a secret in plain settings: a rule lets only one of both be written.
            continue
        for variable in _marks(field, Variable):
            first = written.setdefault(variable.name, key) if variable.write is not COMPUTED else key
            if first != key:
                yield f"{key}: the variable {variable.name} is that of {first}; write another, or COMPUTED"


def _marks(field: FieldInfo, kind: type[Any]) -> list[Any]:
    return [mark for mark in field.metadata if isinstance(mark, kind)]


def _told(mark: object) -> str:
    """A mark as it is written."""
    if isinstance(mark, Variable | TowerYml):
        return f"the mark of {mark.name if isinstance(mark, Variable) else mark.entry}"
    if isinstance(mark, Only | Required):
        targets = mark.targets if isinstance(mark, Only) else (mark.target,)
        return f"{type(mark).__name__}({', '.join(targets).upper()})"
    return f"{type(mark).__name__}(...)"


def _nested(annotation: Any) -> Iterator[object]:
    """The marks within a type, such as one that may be None, where they are not those of the setting."""
    for each in get_args(annotation):
        if isinstance(each, _MARKS):
            yield each
        yield from _nested(each)


def _holds(annotation: Any, kind: type) -> bool:
    return annotation is kind or any(_holds(each, kind) for each in get_args(annotation))


def _is_plain(annotation: Any, *, is_in_list: bool = False) -> bool:
    """Whether a value is text, a number, true or false, or a list of these."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _is_plain(args[0], is_in_list=is_in_list)
    if origin in (Union, UnionType):
        return all(_is_plain(each, is_in_list=is_in_list) for each in args)
    if origin is tuple:
        return not is_in_list and all(_is_plain(each, is_in_list=True) for each in args if each is not Ellipsis)
    return origin is Literal or annotation in (str, int, float, bool, NoneType)
