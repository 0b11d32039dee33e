"""Hosts, URLs, ports and networks."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator, Field

from settings import hosts
from settings.types.text import ListInText, Text, WithoutRepeats, form

_HTTPS_ADDRESS = re.compile(r"https://[A-Za-z0-9][A-Za-z0-9.:-]*(/[!-~]*)?", re.ASCII)


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


HttpsUrl = Annotated[Text, AfterValidator(hosts.https_url)]
HttpsAddress = Annotated[
    Text, form(_HTTPS_ADDRESS, "must be an https URL, for example https://example.com/features.json")
]
Domain = Annotated[Text, AfterValidator(hosts.domain_name)]
RedisAddress = Annotated[Text, AfterValidator(lambda text: hosts.address_with_port(text, default_port=6379))]
Port = Annotated[int, Field(ge=1, le=65535)]
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
