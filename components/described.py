"""What a class says of its fields, as data: the text beneath each, its type, and whether it may be left out.

A component's arguments and outputs are described where they are declared, by a string beneath each. The stack's
outputs, the documents and the package's schema are made from that.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, ClassVar, Union, get_args, get_origin

import pulumi

_OF_THE_CLASS: Any = ClassVar
SEALED = ". Secret."
"""What the text beneath a field ends with if its value is secret."""


@dataclass(frozen=True)
class Described:
    """One field of a class.

    Args:
        attribute: its name in Python.
        type: what it holds, without `Input`, `Output` and None.
        text: what it means, without the words that mark it as secret.
        secret: whether its value is.
        optional: whether it may be None.
        plain: whether it holds the value itself, which can't be another resource's output.
    """

    attribute: str
    type: Any
    text: str
    secret: bool
    optional: bool
    plain: bool

    @property
    def name(self) -> str:
        """The name that users of any language write: ``connectUrl`` for ``connect_url``."""
        return camel_case(self.attribute)


def camel_case(attribute: str) -> str:
    """The name of an attribute in a schema."""
    return re.sub(r"_(.)", lambda match: match[1].upper(), attribute)


def first_paragraph(cls: type) -> str:
    """What a class says of itself in its first paragraph, on one line."""
    return " ".join((inspect.getdoc(cls) or "").split("\n\n")[0].split())


def described_fields(cls: type) -> list[Described]:
    """The annotated fields of a class and of its bases, those of the bases first, each with the text beneath it."""
    texts: dict[str, str] = {}
    hints: dict[str, Any] = {}
    for each in reversed(cls.__mro__):
        # Pulumi's own classes describe themselves elsewhere.
        if not each.__module__.startswith("pulumi.") and "__annotations__" in vars(each):
            texts |= _texts(each)
            found = inspect.get_annotations(each, eval_str=True)
            hints |= {
                name: hint
                for name, hint in found.items()
                if not name.startswith("_") and get_origin(hint) is not _OF_THE_CLASS
            }
    return [_described(name, hint, texts.get(name, "")) for name, hint in hints.items()]


def _described(attribute: str, hint: Any, text: str) -> Described:
    without_none, optional = _stripped(hint)
    value, plain = _value_type(without_none)
    return Described(
        attribute=attribute,
        type=value,
        text=text.removesuffix(" Secret.") if text.endswith(SEALED) else text,
        secret=text.endswith(SEALED),
        optional=optional,
        plain=plain,
    )


def _stripped(hint: Any) -> tuple[Any, bool]:
    if get_origin(hint) not in (Union, UnionType):
        return hint, False
    options = tuple(option for option in get_args(hint) if option is not NoneType)
    optional = len(options) < len(get_args(hint))
    return (options[0] if len(options) == 1 else Union[options]), optional  # noqa: UP007 (made of a tuple)


def _value_type(hint: Any) -> tuple[Any, bool]:
    """The type within an input or an output, and whether it is neither."""
    for option in (hint, *(get_args(hint) if get_origin(hint) in (Union, UnionType) else ())):
        # Pulumi's Input names Output in quotes; the awaitable beside it is of the same type.
        if get_origin(option) in (pulumi.Output, Awaitable):
            return get_args(option)[0], False
    return hint, True


def value_type(hint: Any) -> tuple[Any, bool]:
    """The type within an input, and whether the hint is of a plain value, for the elements of a list or a map."""
    return _value_type(_stripped(hint)[0])


def _texts(cls: type) -> Mapping[str, str]:
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(node, ast.ClassDef)  # noqa: S101 (narrows the type)
    texts = {}
    for field, beneath in zip(node.body, node.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            is_text = isinstance(beneath, ast.Expr) and isinstance(beneath.value, ast.Constant)
            if is_text and isinstance(beneath.value.value, str):  # type: ignore[attr-defined]
                texts[field.target.id] = inspect.cleandoc(beneath.value.value)  # type: ignore[attr-defined]
    return texts
