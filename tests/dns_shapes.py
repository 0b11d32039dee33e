"""The shapes of DNS, by what is made for each: tests hold them, and docs/dns.md shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from settings.fields import example_of, required_on
from settings.parsing import parse_settings
from settings.targets import KUBERNETES


@dataclass(frozen=True)
class Shape:
    """Where Connect's host is, and what follows.

    Args:
        name: in words.
        settings: what a stack file says of it.
        certificate: the names of the certificate.
        validated: the domains that the public zone must hold.
        record: the host of the Ingress and of the record.
        session_url: the pattern of a session's URL.
    """

    name: str
    settings: Mapping[str, object]
    certificate: tuple[str, ...]
    validated: tuple[str, ...]
    record: str
    session_url: str


_PLATFORM = {"platformUrl": "https://platform.example.com"}

SHAPES = (
    Shape(
        "below Platform's host (the default)",
        _PLATFORM,
        ("platform.example.com", "*.platform.example.com"),
        ("platform.example.com",),
        "*.platform.example.com",
        "https://<session>.platform.example.com",
    ),
    Shape(
        "beside Platform's host",
        {**_PLATFORM, "connectUrl": "https://connect.example.com"},
        ("example.com", "*.example.com"),
        ("example.com",),
        "*.example.com",
        "https://<session>.example.com",
    ),
    Shape(
        "deeper",
        {**_PLATFORM, "connectUrl": "https://connect.studios.platform.example.com"},
        ("studios.platform.example.com", "*.studios.platform.example.com"),
        ("studios.platform.example.com",),
        "*.studios.platform.example.com",
        "https://<session>.studios.platform.example.com",
    ),
    Shape(
        "elsewhere in the same domain",
        {**_PLATFORM, "connectUrl": "https://connect.studios.example.com"},
        ("studios.example.com", "*.studios.example.com"),
        ("studios.example.com",),
        "*.studios.example.com",
        "https://<session>.studios.example.com",
    ),
    Shape(
        "below, with path routing",
        {**_PLATFORM, "pathRouting": "true"},
        ("platform.example.com", "connect.platform.example.com"),
        ("platform.example.com", "connect.platform.example.com"),
        "connect.platform.example.com",
        "https://connect.platform.example.com/_studio/<session>",
    ),
    Shape(
        "anywhere, with path routing",
        {**_PLATFORM, "connectUrl": "https://studios.example.org", "pathRouting": "true"},
        ("studios.example.org",),
        ("studios.example.org",),
        "studios.example.org",
        "https://studios.example.org/_studio/<session>",
    ),
)


def table() -> str:
    """What is made for each shape, as a Markdown table for Platform at `platform.example.com`."""
    titles = (
        "Connect's host",
        "`connectUrl`",
        "certificate",
        "zone must hold",
        "record, host of the Ingress",
        "session",
    )
    rows = [f"| {' | '.join(titles)} |", "|-|-|-|-|-|-|"]
    for shape in SHAPES:
        # The others that have to be written say nothing of DNS.
        needed = {key: example_of(key) for key in required_on(KUBERNETES)}
        made = parse_settings(needed | {"platformVersion": "26.1"} | dict(shape.settings))
        cells = (made.certificate_names, made.zone_domains, (made.session_host,), (made.session_url,))
        told = [", ".join(f"`{each}`" for each in cell) for cell in cells]
        rows.append(f"| {shape.name} | `{made.connect_url}` | {' | '.join(told)} |")
    return "\n".join(rows)
