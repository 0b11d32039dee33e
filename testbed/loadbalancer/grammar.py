"""The types of values that the controller's annotations have; each parser raises ValueError with the reason."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Parser = Callable[[str], Any]

_TRUE = {"1", "t", "T", "TRUE", "true", "True"}
_FALSE = {"0", "f", "F", "FALSE", "false", "False"}


def text(raw: str) -> str:
    """Any string but an empty one."""
    if not raw.strip():
        raise ValueError("cannot be empty")
    return raw


def boolean(raw: str) -> bool:
    """What Go's ``strconv.ParseBool`` takes."""
    if raw not in _TRUE | _FALSE:
        raise ValueError(f'strconv.ParseBool: parsing "{raw}": invalid syntax')
    return raw in _TRUE


def integer(low: int, high: int) -> Parser:
    """A whole number from ``low`` to ``high``."""

    def parse(raw: str) -> int:
        if not re.fullmatch(r"[+-]?[0-9]+", raw):
            raise ValueError(f'strconv.ParseInt: parsing "{raw}": invalid syntax')
        if not low <= int(raw) <= high:
            raise ValueError(f"must be within [{low}, {high}]: {raw}")
        return int(raw)

    return parse


def one_of(*choices: str, words: str = "must be within [{choices}]: {raw}") -> Parser:
    """One of a few words; ``words`` is what the controller says of another one."""

    def parse(raw: str) -> str:
        if raw not in choices:
            raise ValueError(words.format(choices=", ".join(choices), raw=raw))
        return raw

    return parse


def matching(pattern: str, meaning: str) -> Parser:
    """A string that matches ``pattern`` as a whole."""

    def parse(raw: str) -> str:
        if not re.fullmatch(pattern, raw):
            raise ValueError(f"{meaning}: {raw}")
        return raw

    return parse


def either(first: Parser, second: Parser) -> Parser:
    """What ``first`` takes, or else ``second``, whose reason is told."""

    def parse(raw: str) -> Any:
        try:
            return first(raw)
        except ValueError:
            return second(raw)

    return parse


def list_of(item: Parser) -> Parser:
    """``s1,s2,s3``: blanks around an item, and empty items, don't count; one item at least."""

    def parse(raw: str) -> tuple[Any, ...]:
        items = tuple(item(part.strip()) for part in raw.split(",") if part.strip())
        if not items:
            raise ValueError("cannot be empty")
        return items

    return parse


def string_map(raw: str) -> dict[str, str]:
    r"""``k1=v1,k2=v2``; a comma inside a value is written ``\,``."""
    result = {}
    for pair in re.split(r"(?<!\\),", raw):
        key, separator, value = pair.replace("\\,", ",").partition("=")
        if not separator or not key.strip():
            raise ValueError("must be like key1=value1,key2=value2")
        result[key.strip()] = value.strip()
    return result


def map_of(known: Mapping[str, Parser], kind: str) -> Parser:
    """A string map whose keys are all in ``known``, with values its parsers take."""

    def parse(raw: str) -> dict[str, str]:
        result = string_map(raw)
        for key, value in result.items():
            if key not in known:
                raise ValueError(f"{kind} attribute key '{key}' is not recognized")
            try:
                known[key](value)
            except ValueError as error:
                raise ValueError(f"{kind} attribute '{key}': {error}") from None
        return result

    return parse


def anything(raw: str) -> str:
    """Any string, an empty one too."""
    return raw


def json_value(raw: str) -> Any:
    """Any JSON."""
    try:
        return json.loads(raw)
    except json.JSONDecodeError as error:
        raise ValueError(str(error)) from None


def cidr(raw: str) -> str:
    """An IPv4 or IPv6 network in CIDR notation."""
    try:
        network = ipaddress.ip_network(raw, strict=False)
    except ValueError:
        network = None
    if network is None or "/" not in raw:
        raise ValueError(f"invalid CIDR address: {raw}")
    return raw


def listen_ports(raw: str) -> dict[int, str]:
    """``[{"HTTP": 80}, {"HTTPS": 443}]``, as a map from port to protocol."""
    entries = json_value(raw)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError('must be like [{"HTTP": 80}, {"HTTPS": 443}]')
    if not entries:
        raise ValueError(f"empty listen-ports configuration: `{raw}`")
    result: dict[int, str] = {}
    for protocol, port in _pairs(entries):
        if type(port) is not int or not 1 <= port <= 65535:
            raise ValueError(f"listen port must be within [1, 65535]: {port}")
        if protocol not in ("HTTP", "HTTPS"):
            raise ValueError(f"listen protocol must be within [HTTP, HTTPS]: {protocol}")
        if port in result:
            raise ValueError(f"duplicate listen port: {port}")
        result[port] = protocol
    return result


def _pairs(entries: Sequence[Mapping[str, Any]]) -> list[tuple[str, Any]]:
    return [pair for entry in entries for pair in entry.items()]


def success_codes(raw: str) -> str:
    """``200``, ``200,302`` or ``200-399``: HTTP codes from 200 to 499, or with gRPC from 0 to 99."""
    for part in raw.split(","):
        found = re.fullmatch(r"([0-9]{1,3})(?:-([0-9]{1,3}))?", part)
        if not found:
            raise ValueError(f"must be like 200, 200,302 or 200-399: {raw}")
        low, high = int(found[1]), int(found[2] or found[1])
        if low > high or not (200 <= low <= high <= 499 or high <= 99):
            raise ValueError(f"must be from 200 to 499: {part}")
    return raw


def health_check_path(raw: str) -> str:
    """A path of at most 1024 characters."""
    if not raw.startswith("/") or len(raw) > 1024 or " " in raw:
        raise ValueError(f"must begin with '/' and have at most 1024 characters: {raw}")
    return raw
