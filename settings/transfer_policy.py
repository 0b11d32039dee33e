"""The data-transfer policy of the proxy: every rule that the proxy itself would refuse to start on.

https://docs.seqera.io/platform-enterprise/26.2/enterprise/studios-data-transfer-quotas
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from settings.durations import seconds
from settings.types.text import SHORT_ENOUGH, Filled, Form, Text, form

_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}", re.ASCII)
_SIZE = re.compile(r"(\d{1,19})(KB|MB|GB|TB)?", re.ASCII)
_FACTORS = {None: 1, "KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}
_LARGEST = 2**63 - 1
#: https://pkg.go.dev/time#ParseDuration, and longer than nothing.
_WINDOW = re.compile(r"(?=.*[1-9])(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}", re.ASCII)

PROTOCOL_OF_SOURCE = {"header": "http", "permissions": "ssh", "jwt": "http", "client_ip": None}
"""Source → the one protocol that has it; None where each has."""


def _bytes(value: Any) -> Any:
    match = _SIZE.fullmatch(str(value)) if not isinstance(value, bool) else None
    size = int(match[1]) * _FACTORS[match[2]] if match else 0
    if not 1 <= size <= _LARGEST:
        raise ValueError(
            "must be a number of bytes, or one with KB, MB, GB or TB (powers of 1024), for example 50GB; "
            "it must be more than 0 and less than 8388608TB"
        )
    return size


def _unique(what: str, of: Callable[[Any], str], same: Callable[[str], object] = str) -> AfterValidator:
    def check(items: tuple[Any, ...]) -> tuple[Any, ...]:
        names = [of(item) for item in items]
        meant = [same(name) for name in names]
        for name in names:
            if meant.count(same(name)) > 1:
                raise ValueError(f"has {what} {name} twice; write it once")
        return items

    return AfterValidator(check)


def _no_mixture(extractors: tuple[Extractor, ...]) -> tuple[Extractor, ...]:
    protocols = {each.protocol for each in extractors}
    if "any" in protocols and len(protocols) > 1:
        raise ValueError(
            'has the protocol "any" beside a specific one; write "any", or one extractor for each protocol'
        )
    return extractors


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Quota(_Part):
    """A limit of bytes within a fixed time window."""

    bytes: Annotated[int, BeforeValidator(_bytes), Form(_SIZE), Field(ge=1)]
    window: Annotated[
        Text,
        form(_WINDOW, "must be a duration: numbers with the units h, m, s, for example 24h or 1h30m"),
        SHORT_ENOUGH,
    ]
    on_exceed: Literal["deny"] = "deny"


class Source(_Part):
    """What identifies a bucket's user: a header, an SSH permission, a claim of the JWT, or the address."""

    type: Literal["header", "permissions", "jwt", "client_ip"]
    name: Annotated[Text, form(_HEADER, "is not the name of a header, such as X-Connect-Sub")] | None = None
    field: Text | None = None
    token: Text | None = None
    claim: Text | None = None


_FIELDS_OF_SOURCE = {"header": ("name",), "permissions": ("field",), "jwt": ("token", "claim"), "client_ip": ()}


def _complete(source: Source) -> Source:
    expected = _FIELDS_OF_SOURCE[source.type]
    given = [name for name in ("name", "field", "token", "claim") if getattr(source, name) is not None]
    missing = [name for name in expected if name not in given]
    beyond = [name for name in given if name not in expected]
    if missing or beyond:
        needed = " and ".join(expected) or "nothing"
        remedies = [f"{verb} {' and '.join(names)}" for verb, names in (("add", missing), ("remove", beyond)) if names]
        raise ValueError(f"of type {source.type} must have {needed} beside its type; {', '.join(remedies)}")
    return source


class Extractor(_Part):
    """Binds a protocol to the source of a bucket's key."""

    protocol: Literal["http", "ssh", "any"]
    source: Annotated[Source, AfterValidator(_complete)]


def _fitting(extractor: Extractor) -> Extractor:
    protocol = PROTOCOL_OF_SOURCE[extractor.source.type]
    if protocol is not None and extractor.protocol != protocol:
        raise ValueError(
            f"has protocol {extractor.protocol} with a source of type {extractor.source.type}, which only {protocol} "
            f"has; write protocol: {protocol}, or another source"
        )
    return extractor


class Bucket(_Part):
    """A counter for each value of its extractors, with its limits."""

    name: Annotated[Text, form(_NAME, "must be a name of up to 63 letters, digits, '-' and '_', for example user_id")]
    quotas: Annotated[tuple[Quota, ...], Filled, _unique("the window", lambda quota: quota.window, seconds)]
    extractors: Annotated[
        tuple[Annotated[Extractor, AfterValidator(_fitting)], ...],
        Filled,
        _unique("the protocol", lambda extractor: extractor.protocol),
        AfterValidator(_no_mixture),
    ]


class TransferPolicy(_Part):
    """The policy: its buckets."""

    buckets: Annotated[tuple[Bucket, ...], Filled, _unique("the bucket", lambda bucket: bucket.name)]


def policy_base64(policy: TransferPolicy | None) -> str | None:
    """The policy as the proxy reads it: the same text for the same policy, however it is written."""
    if policy is None:
        return None
    document = json.dumps(policy.model_dump(exclude_none=True), separators=(",", ":"), sort_keys=True)
    return base64.b64encode(document.encode()).decode()
