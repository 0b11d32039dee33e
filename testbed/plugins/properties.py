"""Property values on the wire and in Python, and which of them are secret.

The engine sends a ``google.protobuf.Struct`` in which secrets are objects with a signature and unknown values are
well-known strings. Providers see neither: :func:`unmarshal` takes the secrets' wrapping off and remembers where it
was, and :func:`marshal` puts it on again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf import struct_pb2

from testbed.plugins.diff import Path, render_path
from testbed.plugins.provider import UNKNOWN, Properties, ProviderError, Unknown

# The protocol's own values: a test holds them to those of the SDK, which would take a while to load for them.
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (the mark of one)
_OTHER_KINDS: Final = {
    "c44067f5952c0a294b673a41bacd8c17": "an asset",
    "0def7320c3a5731c473e5ecbe6d01bc7": "an archive",
    "5cf8f73096256a8f31e491e813e4eb8e": "a resource",
    "d0e6a833031e9bbcd3f4e8bde6ca49a4": "an output value",
}

# One for each type that the engine may know of a value it can't tell yet; the SDK itself writes only the string's.
_UNKNOWN_TEXT: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWNS: Final = frozenset(
    {
        _UNKNOWN_TEXT,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # bool
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)

# Beyond this a double no longer holds every whole number, so that an int would claim more than was sent.
_LARGEST_EXACT: Final = 2**53

_TELLING: Final = 4


@dataclass(frozen=True)
class Unsealed:
    """Plain values, and the paths at which a secret's wrapping was taken off."""

    values: Properties
    secrets: frozenset[Path]

    def secret_texts(self) -> set[str]:
        """The texts and numbers in the secrets that are long enough to be told from any other text."""
        return {text for path in self.secrets for text in _texts(_at(self.values, path)) if len(text) >= _TELLING}


def unmarshal(struct: struct_pb2.Struct) -> Unsealed:
    """The values of a request's property bag.

    Raises:
        ProviderError: it holds an asset, an archive or a reference to a resource; the message names the property.
    """
    secrets: set[Path] = set()
    values = _from_fields((), struct, secrets)
    return Unsealed(values, frozenset(secrets))


def marshal(values: Mapping[str, Any], secrets: Collection[Path] = frozenset()) -> struct_pb2.Struct:
    """The property bag for an answer, with a secret's wrapping at each of ``secrets``; a path that isn't there is
    passed over.

    Raises:
        TypeError: a value is of no type that a property can have; the message names where.
    """
    return struct_pb2.Struct(fields={key: _to_wire((key,), value, secrets) for key, value in values.items()})


def paths_to_seal(given: Unsealed, answer: Mapping[str, Any], always: Iterable[str] = ()) -> set[Path]:
    """Where ``answer`` must be secret, knowing where ``given``, which it was made from, was.

    That is the same paths, and the top-level properties of ``always``. Where a secret sat in a list, and isn't found
    at the same place, the whole list is sealed: it may have been sorted, or something been put in before it.
    """
    sealed: set[Path] = {(name,) for name in always if answer.get(name) is not None}
    for path in given.secrets:
        target = _corresponding(path, given.values, answer)
        if target is not None:
            sealed.add(target)
    return sealed


def _from_wire(path: Path, value: struct_pb2.Value, secrets: set[Path]) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if value.string_value in _UNKNOWNS else value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() and abs(number) <= _LARGEST_EXACT else number
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [_from_wire((*path, index), item, secrets) for index, item in enumerate(value.list_value.values)]
    if kind == "struct_value":
        return _from_struct(path, value.struct_value, secrets)
    return None


def _from_struct(path: Path, struct: struct_pb2.Struct, secrets: set[Path]) -> Any:
    fields = struct.fields
    signature = fields[_SIGNATURE].string_value if _SIGNATURE in fields else ""
    if signature == _SECRET:
        secrets.add(path)
        return _from_wire(path, fields["value"], secrets)
    if signature:
        kind = _OTHER_KINDS.get(signature, "a value of an unknown kind")
        raise ProviderError(f"property {render_path(path)} is {kind}, which this stand-in provider can't take")
    return _from_fields(path, struct, secrets)


def _from_fields(path: Path, struct: struct_pb2.Struct, secrets: set[Path]) -> Properties:
    # Maps have no order on the wire, and a new one in each process: sorted, diffs and messages stay the same.
    return {key: _from_wire((*path, key), struct.fields[key], secrets) for key in sorted(struct.fields)}


def _to_wire(path: Path, value: Any, secrets: Collection[Path]) -> struct_pb2.Value:
    if path in secrets:
        plain = _to_wire_plain(path, value, frozenset())
        signature = struct_pb2.Value(string_value=_SECRET)
        return struct_pb2.Value(struct_value=struct_pb2.Struct(fields={_SIGNATURE: signature, "value": plain}))
    return _to_wire_plain(path, value, secrets)


def _to_wire_plain(path: Path, value: Any, secrets: Collection[Path]) -> struct_pb2.Value:
    if value is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    if isinstance(value, Unknown):
        return struct_pb2.Value(string_value=_UNKNOWN_TEXT)
    if isinstance(value, bool):
        return struct_pb2.Value(bool_value=value)
    if isinstance(value, int | float):
        return struct_pb2.Value(number_value=value)
    if isinstance(value, str):
        return struct_pb2.Value(string_value=value)
    if isinstance(value, list | tuple):
        items = [_to_wire((*path, index), item, secrets) for index, item in enumerate(value)]
        return struct_pb2.Value(list_value=struct_pb2.ListValue(values=items))
    if isinstance(value, Mapping):
        fields = {str(key): _to_wire((*path, str(key)), item, secrets) for key, item in value.items()}
        return struct_pb2.Value(struct_value=struct_pb2.Struct(fields=fields))
    raise TypeError(f"property {render_path(path)} is a {type(value).__name__}, which no property can be")


def _at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield str(value)


def _corresponding(path: Path, given: Any, answer: Any) -> Path | None:
    """The path in ``answer`` that now holds what was at ``path`` in ``given``; None if it isn't there any more."""
    list_at = next((depth for depth, step in enumerate(path) if isinstance(step, int)), None)
    for depth, step in enumerate(path):
        given = given[step]
        if isinstance(answer, Mapping):
            if answer.get(step) is None:
                return path[:list_at] if list_at is not None and depth > list_at else None
            answer = answer[step]
        elif isinstance(answer, list | tuple) and isinstance(step, int) and step < len(answer):
            answer = answer[step]
        else:
            # Something else stands where the path goes on: a text made of it, a shorter list, an unknown.
            return path[: depth if list_at is None else min(depth, list_at)]
    if list_at is None or isinstance(answer, Unknown) or isinstance(given, Unknown) or answer == given:
        return path
    return path[:list_at]
