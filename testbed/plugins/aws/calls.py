"""Properties of Pulumi's as parameters of AWS' operations, and answers as properties: by the models of botocore.

A property has the name of AWS' own member, in camelCase: ``domainName`` for ``DomainName``. Where the two differ, the
type says so itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from functools import cache
from typing import Any

import botocore.session

from testbed.plugins.diff import Path, render_path
from testbed.plugins.provider import CheckFailure, Properties


def parameters(client: Any, operation: str, given: Properties, own: Mapping[str, Any]) -> dict[str, Any]:
    """What the operation takes of the properties ``given``, their ``tagsAll`` as its tags, and of ``own``.

    ``own`` has AWS' names, and comes before a property of that name. Nothing is sent that is empty.
    """
    shape = _input(client, operation)
    # Where AWS' tags are a list, ours are a map.
    wanted = _members(shape, {**given, "tags": None})
    if "Tags" in shape.members:
        wanted["Tags"] = to_tags(given.get("tagsAll") or {})
    wanted |= own
    return {name: value for name, value in wanted.items() if value not in (None, [], {})}


def faults(service: str, operation: str, given: Properties) -> Iterator[CheckFailure]:
    """What of ``given`` the operation would not take: enumerations, patterns, ranges and the lengths of lists."""
    yield from _faults(_model(service).operation_model(operation).input_shape, {**given, "tags": None}, ())


def _faults(shape: Any, given: Any, path: Path) -> Iterator[CheckFailure]:
    limits = shape.metadata
    if isinstance(given, dict) and shape.type_name == "structure":
        for name, member in shape.members.items():
            yield from _faults(member, given.get(_property(name)), (*path, _property(name)))
    elif isinstance(given, list) and shape.type_name == "list":
        if len(given) > limits.get("max", len(given)):
            words = f"Too many list items: at most {limits['max']}, got {len(given)}"
            yield CheckFailure(render_path(path), words)
        for index, each in enumerate(given):
            yield from _faults(shape.member, each, (*path, index))
    elif isinstance(given, str) and shape.type_name == "string":
        if given not in limits.get("enum", (given,)):
            words = f"expected {path[-1]} to be one of {limits['enum']}, got {given}"
            yield CheckFailure(render_path(path), words)
        if not _matches(limits.get("pattern", ".*"), given):
            yield CheckFailure(render_path(path), f"invalid value for {path[-1]} (must match {limits['pattern']})")
    elif isinstance(given, int):
        least, most = limits.get("min", given), limits.get("max", given)
        if not least <= given <= most:
            words = f"expected {path[-1]} to be in the range ({least} - {most}), got {given}"
            yield CheckFailure(render_path(path), words)


def _matches(pattern: str, given: str) -> bool:
    try:
        return re.fullmatch(pattern, given, re.DOTALL) is not None
    except re.error:
        # Some are of Java's kind, as \p{L}: AWS judges by these itself.
        return True


@cache
def _model(service: str) -> Any:
    # Without a client, which would take ten times as long to make.
    return botocore.session.get_session().get_service_model(service)


def dropping(client: Any, operation: str, tags: list[str]) -> dict[str, Any]:
    """The parameter by which an operation takes the keys of tags away."""
    by_key = "TagKeys" in _input(client, operation).members
    return {"TagKeys": tags} if by_key else {"Tags": [{"Key": tag} for tag in tags]}


def _input(client: Any, operation: str) -> Any:
    return client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation]).input_shape


def _members(shape: Any, given: Any) -> Any:
    if shape.type_name == "structure":
        named = {name: given.get(_property(name)) for name in shape.members}
        return {name: _members(shape.members[name], value) for name, value in named.items() if value is not None}
    if shape.type_name == "list":
        return [_members(shape.member, each) for each in given]
    return given


def properties(answer: Any) -> Any:
    """A structure of an answer, with all that it holds but its tags: those are a list, where ours are a map."""
    if isinstance(answer, Mapping):
        return {_property(name): properties(value) for name, value in answer.items() if name != "Tags"}
    if isinstance(answer, list):
        return [properties(each) for each in answer]
    if isinstance(answer, datetime):
        return answer.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return answer


def _property(member: str) -> str:
    return member.lower() if member.isupper() else member[0].lower() + member[1:]


def to_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """``{"a": "b"}`` as ``[{"Key": "a", "Value": "b"}]``."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def from_tags(tags: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """The way back."""
    return {tag["Key"]: tag.get("Value", "") for tag in tags or ()}
