"""A type of the declarations, and all that they say of it beside."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator
from pydantic.fields import FieldInfo

from settings.types.text import Form, matching


@dataclass(frozen=True)
class Type:
    """A type without what surrounds it.

    Args:
        kind: the type: a class, `Literal[...]`, or a union of several beside None.
        marks: all that is said of it.
        optional: whether it may be None.
    """

    kind: Any
    marks: tuple[Any, ...]
    optional: bool = False

    @classmethod
    def of_field(cls, field: FieldInfo) -> Type:
        """The type of a setting, or of a part of one."""
        return cls.of(field.annotation, field.metadata)

    @classmethod
    def of(cls, annotation: Any, metadata: Iterable[Any] = ()) -> Type:
        """The type in an annotation, of which more is said beside it."""
        marks, optional = list(metadata), False
        while True:
            options = [each for each in get_args(annotation) if each is not NoneType]
            if get_origin(annotation) is Annotated:
                annotation, *inner = get_args(annotation)
                marks = [*inner, *marks]
            elif get_origin(annotation) in (Union, UnionType) and len(options) == 1:
                annotation, optional = options[0], True
            else:
                return cls(annotation, tuple(_flat(marks)), optional)

    @property
    def items(self) -> Type:
        """What a list holds, or the values of a map."""
        return Type.of(next(each for each in reversed(get_args(self.kind)) if each is not Ellipsis))

    @property
    def fields(self) -> Mapping[str, FieldInfo]:
        """The parts of a model by their keys."""
        return {str(field.alias or name): field for name, field in self.kind.model_fields.items()}

    @property
    def options(self) -> tuple[Any, ...]:
        """The annotations of a union; none for any other type."""
        return get_args(self.kind) if get_origin(self.kind) in (Union, UnionType) else ()

    @property
    def is_list(self) -> bool:
        """Whether it holds items."""
        return get_origin(self.kind) is tuple

    @property
    def is_map(self) -> bool:
        """Whether it holds values by their keys."""
        return get_origin(self.kind) is dict or (isinstance(self.kind, type) and issubclass(self.kind, BaseModel))

    @property
    def patterns(self) -> list[re.Pattern[str]]:
        """The forms that a text must have."""
        forms = [each.pattern for each in self.marks if isinstance(each, Form)]
        return forms + [arguments[0] for arguments in self.arguments_of(matching)]

    def arguments_of(self, validator: Callable[..., Any]) -> list[tuple[Any, ...]]:
        """What a validator is called with, each time that it is among the marks."""
        functions = [each.func for each in self.marks if isinstance(each, (AfterValidator, BeforeValidator))]
        return [each.args for each in functions if isinstance(each, partial) and each.func is validator]

    def is_read_by(self, *validators: Callable[..., Any]) -> bool:
        """Whether one of the functions reads the value first."""
        return any(isinstance(each, BeforeValidator) and each.func in validators for each in self.marks)


def _flat(marks: Iterable[Any]) -> Iterator[Any]:
    for each in marks:
        yield from _flat(each.metadata) if isinstance(each, FieldInfo) else [each]
