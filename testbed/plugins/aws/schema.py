"""The tables from which the stand-in checks, compares and reads every type."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from testbed.plugins.aws.calls import faults
from testbed.plugins.diff import Path, render_path
from testbed.plugins.naming import unknown_properties
from testbed.plugins.provider import CheckFailure, Properties, Unknown, has_unknowns

if TYPE_CHECKING:
    from testbed.plugins.aws.session import Aws

Kind = Literal["string", "int", "bool", "list", "map", "object"]
_PYTHON: Final[Mapping[Kind, type[Any]]] = {
    "string": str,
    "int": int,
    "bool": bool,
    "list": list,
    "map": dict,
    "object": dict,
}


@dataclass(frozen=True)
class Argument:
    """One input property.

    Attributes:
        kind: what its value is; what is in a list or a map is strings unless it has ``fields``.
        required: whether a program must give it.
        replaces: a change makes a new resource.
        computed: AWS chooses where the program is silent, so silence is not a change.
        default: what the provider fills in where the program is silent.
        local: it steers the provider; AWS never hears of it.
        unordered: the order of the list's items means nothing.
        fields: of the object, or of each item of the list.
        same: brings equivalent values to one form, before they are compared.
    """

    kind: Kind
    required: bool = False
    replaces: bool = False
    computed: bool = False
    default: Any = None
    local: bool = False
    unordered: bool = False
    fields: Mapping[str, Argument] | None = None
    same: Callable[[Any], Any] | None = None


Arguments = Mapping[str, Argument]


class Table:
    """What a resource type or a function takes."""

    #: How the official provider's messages call it: ``ACM Certificate``.
    title: ClassVar[str]
    arguments: ClassVar[Arguments]
    #: The service of AWS that it speaks with, by its name in boto3.
    service: ClassVar[str]
    #: Whether it lives in a region: then it has a ``region``, and moving it makes a new one.
    regional: ClassVar[bool] = True
    #: If it has ``tags`` and ``tagsAll``: the operations that set and remove tags, and their parameter for its id.
    tagged_by: ClassVar[tuple[str, str, str] | None] = None

    def all_arguments(self) -> dict[str, Argument]:
        """The table with the arguments that many types share."""
        table = dict(self.arguments)
        if self.tagged_by:
            table["tags"] = Argument("map")
            table["tagsAll"] = Argument("map")
        if self.regional:
            table["region"] = Argument("string", replaces=True)
        return table


class Lookup(Table):
    """One function: its table, and the calls that find the answer."""

    #: ``aws:route53/getZone:getZone``
    qualified_name: ClassVar[str]

    def find(self, aws: Aws, args: Properties) -> Properties:
        """The answer.

        Raises:
            ProviderError: there is none, or more than one.
        """
        raise NotImplementedError


class ResourceType(Table):
    """One type: its table, and the calls that make, read, change and delete it.

    A method raises :class:`~testbed.plugins.provider.ProviderError`, or lets botocore's ClientError through, which
    the provider words as ``creating <title> (<label>): …``. An error of :attr:`gone` says that it is gone: to read it
    gives None then, and to delete it is a success.
    """

    #: ``aws:acm/certificate:Certificate``
    qualified_name: ClassVar[str]
    #: AWS' codes of errors for one that does not exist.
    gone: ClassVar[tuple[str, ...]]
    #: The operation of AWS by which the official provider checks the inputs, if it does.
    checked_by: ClassVar[str | None] = None
    #: The argument that a message of a failed creation puts in parentheses; its name if None.
    labelled_by: ClassVar[str | None] = None
    #: Outputs that are not inputs; of what is read, all else is dropped.
    attributes: ClassVar[frozenset[str]] = frozenset()
    #: Attributes that an update may change, so that its preview can't tell them.
    volatile: ClassVar[frozenset[str]] = frozenset()
    #: Outputs that are always secret.
    secrets: ClassVar[tuple[str, ...]] = ()
    #: The argument that gets a name made from the logical one, and how long such a name may be.
    autonamed: ClassVar[str | None] = None
    longest_name: ClassVar[int] = 255

    def check(self, inputs: Properties) -> Iterator[CheckFailure]:
        """Rules for the inputs; each of them may be unknown."""
        if self.checked_by:
            yield from faults(self.service, self.checked_by, inputs)

    def label(self, inputs: Properties) -> str:
        """What a message of a failed creation puts in parentheses."""
        return str(inputs.get(self.labelled_by or "name") or "")

    def replacing(self, old: Properties, new: Properties) -> list[str]:
        """Patterns that replace, beyond those of the table."""
        return []

    def comparable(self, inputs: Properties) -> Properties:
        """The inputs with what the provider adds to them before it compares."""
        return inputs

    def create(self, aws: Aws, inputs: Properties, timeout: float) -> str:
        """Makes it and returns its id. ``timeout`` is in seconds, 0 for the type's own."""
        raise NotImplementedError

    def read(self, aws: Aws, id: str, state: Properties) -> Properties | None:
        """Arguments and attributes as they are now, ``tagsAll`` for the tags; None if it is gone.

        ``state`` is what was known of it: empty on an import.
        """
        raise NotImplementedError

    def update(self, aws: Aws, id: str, old: Properties, new: Properties, timeout: float) -> None:
        """Changes all but the tags."""

    def retag(self, aws: Aws, id: str, put: Properties, drop: list[str], **more: str) -> None:
        """Sets the tags in ``put`` and removes those in ``drop``; ``more`` are parameters of both operations."""
        if self.tagged_by:
            aws.retag(self.tagged_by, id, put, drop, **more)

    def delete(self, aws: Aws, id: str, state: Properties, timeout: float) -> None:
        """Deletes it, and returns when it is gone."""
        raise NotImplementedError


def validate(table: Table, inputs: Properties) -> tuple[Properties, list[CheckFailure]]:
    """The inputs with defaults, and what is wrong with them."""
    return _validate(table.all_arguments(), inputs, ())


def _validate(table: Mapping[str, Argument], given: Properties, path: Path) -> tuple[Properties, list[CheckFailure]]:
    failures = unknown_properties({key: value for key, value in given.items() if value is not None}, table, path)
    checked: Properties = {}
    for name, argument in table.items():
        value = given.get(name)
        if value is None:
            value = argument.default
        if value is None:
            if argument.required:
                words = f"Missing required argument. The argument {name!r} is required, but no definition was found."
                failures.append(CheckFailure(render_path((*path, name)), words))
            continue
        checked[name], faults = _value(argument, value, (*path, name))
        failures += faults
    return checked, failures


def _value(argument: Argument, value: Any, path: Path) -> tuple[Any, list[CheckFailure]]:
    if isinstance(value, Unknown):
        return value, []
    wanted = _PYTHON[argument.kind]
    # Python has True for an int.
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        return value, [CheckFailure(render_path(path), f"expected {argument.kind}, got {type(value).__name__}")]
    if argument.fields is None:
        return value, _not_text(value, path)
    if argument.kind == "object":
        return _validate(argument.fields, value, path)
    items, failures = [], []
    for index, item in enumerate(value):
        checked, faults = _value(Argument("object", fields=argument.fields), item, (*path, index))
        items.append(checked)
        failures += faults
    return items, failures


def _not_text(value: Any, path: Path) -> list[CheckFailure]:
    """The faults of a list or a map without fields: what it holds must be strings."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [
        CheckFailure(render_path((*path, key)), f"expected string, got {type(item).__name__}")
        for key, item in inside
        if not isinstance(item, (str, Unknown))
    ]


def views(type_: ResourceType, old: Properties, new: Properties) -> tuple[Properties, Properties]:
    """State and inputs reduced to what differs in meaning: to be compared structurally."""
    before: Properties = {}
    after: Properties = {}
    new = type_.comparable(new)
    for name, argument in type_.all_arguments().items():
        was, wanted = old.get(name), new.get(name)
        if (_blank(was) and _blank(wanted)) or (wanted is None and argument.computed):
            continue
        was = _reduced(argument, was, wanted)
        if not has_unknowns(wanted) and _form(argument, was) == _form(argument, wanted):
            continue
        before[name], after[name] = was, wanted
    return before, after


def aligned(values: list[Any], like: Any) -> list[Any]:
    """``values`` in the order of ``like`` as far as it has them: for a list of which the order means nothing."""
    if not isinstance(like, list) or has_unknowns(like):
        return values
    rest = list(values)
    placed: list[Any] = []
    for item in like:
        if item in rest:
            rest.remove(item)
            placed.append(item)
    return placed + rest


def _blank(value: Any) -> bool:
    return not isinstance(value, Unknown) and not value


def _form(argument: Argument, value: Any) -> Any:
    return argument.same(value) if argument.same and value is not None else value


def _reduced(argument: Argument, was: Any, wanted: Any) -> Any:
    """The old value without what AWS chose itself, its items in the order of the new one."""
    if isinstance(was, dict) and isinstance(wanted, dict) and argument.fields is not None:
        kept: Properties = {}
        for name, field in argument.fields.items():
            value, other = was.get(name), wanted.get(name)
            if (_blank(value) and _blank(other)) or (other is None and field.computed):
                if other is not None:
                    kept[name] = other
                continue
            kept[name] = _reduced(field, value, other)
        return kept
    if isinstance(was, list) and isinstance(wanted, list):
        if argument.fields is not None:
            item = Argument("object", fields=argument.fields)
            was = [
                _reduced(item, value, wanted[index]) if index < len(wanted) else value
                for index, value in enumerate(was)
            ]
        return aligned(was, wanted) if argument.unordered else was
    return was
