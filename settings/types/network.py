"""Hosts, URLs, ports and networks."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from settings.types.kubernetes import LABEL
from settings.types.text import Form, ListInText, Text, WholeNumber, WithoutRepeats, form

_HTTPS_ADDRESS = re.compile(r"https://[A-Za-z0-9][A-Za-z0-9.:-]*(/[!-~]*)?", re.ASCII)
_HTTPS_URL = re.compile(r"[Hh][Tt][Tt][Pp][Ss]://[!-~]*", re.ASCII)
_ANY_LABEL = LABEL.pattern.replace("a-z", "A-Za-z")
_DOMAIN = re.compile(rf"{_ANY_LABEL}(\.{_ANY_LABEL})+\.?", re.ASCII)

_LONGEST_HOST = 253  # RFC 1035, 2.3.4
_HIGHEST_PORT = 65535


def _refuse_odd_characters(text: str) -> None:
    for position, character in enumerate(text, start=1):
        if not "!" <= character <= "~":
            name = unicodedata.name(character, "a control character")
            raise ValueError(
                f"has {name} (U+{ord(character):04X}) at position {position}; "
                "write it again with letters a-z, digits, '-' and '.', and an international name in its xn-- form"
            )


def _domain_name(text: str) -> str:
    """A DNS name of two labels or more, in lower case and without its final dot.

    Raises:
        ValueError: the text is an address, a wildcard, or no name that DNS would take.
    """
    _refuse_odd_characters(text)
    name = text.lower().removesuffix(".")
    if name.startswith("*."):
        raise ValueError(f"is a wildcard; write the domain itself: {name[2:]}")
    if "://" in name or "/" in name:
        raise ValueError("must be a domain without a scheme, for example example.com")
    if _is_ip_address(name):
        raise ValueError("is an IP address; write a domain name: sessions live at its subdomains")
    if len(name) > _LONGEST_HOST or _DOMAIN.fullmatch(text) is None:
        raise ValueError("must be a domain name, for example example.com")
    return name


def _https_url(text: str) -> str:
    """A URL `https://host[:port]` with nothing after it but a slash, which is dropped.

    Raises:
        ValueError: another scheme, a user, a path, a query, or a host that is not a domain name.
    """
    _refuse_odd_characters(text)
    if "://" not in text:
        raise ValueError(f"is not a URL; write https://{text}")
    parts = urlsplit(text)
    rest = parts.netloc or text.partition("://")[2]
    if _HTTPS_URL.fullmatch(text) is None:
        raise ValueError(f"is not https; write https://{rest}")
    if "@" in parts.netloc:
        raise ValueError("must not contain a user name; write only https:// and the host")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(f"has something after the host; write https://{parts.netloc}")
    try:
        port = parts.port
    except ValueError:
        raise ValueError(f"must have a port from 1 to {_HIGHEST_PORT}, for example https://host:8443") from None
    try:
        host = _domain_name(parts.hostname or "")
    except ValueError as error:
        raise ValueError(f"{error} (in the host of the URL)") from None
    return f"https://{host}" if port in (None, 443) else f"https://{host}:{port}"


def _address_with_port(text: str, default_port: int) -> str:
    """`host:port` for a host or an IP address, with the default port where the text names none. IPv6 is bracketed.

    Raises:
        ValueError: a scheme, a path, a port out of range, or a host that DNS would not take.
    """
    _refuse_odd_characters(text)
    if "://" in text or "/" in text:
        bare = text.partition("://")[2].split("/")[0].rpartition("@")[2] or "redis:6379"
        raise ValueError(f"must be a host and a port without a scheme, for example {bare}")
    if _is_ip_address(text) and ":" in text:
        return f"[{text}]:{default_port}"
    host, colon, port_text = text.rpartition(":") if not text.endswith("]") else (text, "", "")
    if not colon:
        host, port_text = text, str(default_port)
    if not port_text.isdigit() or not 1 <= int(port_text) <= _HIGHEST_PORT:
        raise ValueError(f"must have a port from 1 to {_HIGHEST_PORT}, for example redis:6379")
    bracketed = host.startswith("[") and host.endswith("]") and _is_ip_address(host[1:-1])
    if not bracketed and not all(map(LABEL.fullmatch, host.lower().split("."))):
        raise ValueError("is not a host and port; write host:port, such as redis:6379")
    return f"{host}:{int(port_text)}"


def _is_ip_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _cidr(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        raise ValueError(f"must be a network, for example {_network_around(text)}") from None


def _network_around(text: str) -> str:
    """The network that a text with bits of a host lies in, or one to go by."""
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return "10.0.0.0/16"


def _cidr_or_vpc(text: str) -> str:
    return text if text in VPC else _cidr(text)


def _vpc_alone(items: tuple[str, ...]) -> tuple[str, ...]:
    if len(items) > 1 and VPC[0] in items:
        raise ValueError("has vpc beside networks; write vpc, or the networks")
    return items


HttpsUrl = Annotated[Text, AfterValidator(_https_url), Form(_HTTPS_URL)]
HttpsAddress = Annotated[
    Text, form(_HTTPS_ADDRESS, "must be an https URL, for example https://example.com/features.json")
]
Domain = Annotated[Text, AfterValidator(_domain_name), Form(_DOMAIN)]
RedisAddress = Annotated[Text, AfterValidator(lambda text: _address_with_port(text, default_port=6379))]
Port = Annotated[WholeNumber, Field(ge=1, le=65535)]
UnprivilegedPort = Annotated[int, Field(ge=1024, le=65535)]
Cidrs = Annotated[tuple[Annotated[Text, AfterValidator(_cidr)], ...], ListInText, WithoutRepeats]
VPC = ("vpc",)
"""Stands for the networks of the VPC's subnets."""
TrustedCidrs = Annotated[
    tuple[Annotated[Text, AfterValidator(_cidr_or_vpc)], ...],
    ListInText,
    WithoutRepeats,
    AfterValidator(_vpc_alone),
]
