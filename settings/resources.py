"""What a container asks for and may use, in Kubernetes' units."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from settings.types.text import Text, as_kubernetes_writes, map_in_text

ResourceName = Literal["cpu", "memory", "ephemeral-storage"]
Resources = dict[ResourceName, Text]

PROXY_REQUESTS: Resources = {"cpu": "30m", "memory": "64Mi", "ephemeral-storage": "64Mi"}
PROXY_LIMITS: Resources = {"cpu": "1", "memory": "512Mi", "ephemeral-storage": "512Mi"}
SERVER_REQUESTS: Resources = {"cpu": "20m", "memory": "50Mi", "ephemeral-storage": "64Mi"}
SERVER_LIMITS: Resources = {"cpu": "1", "memory": "512Mi", "ephemeral-storage": "256Mi"}

_AMOUNT = re.compile(r"(?P<number>\d{1,15}(\.\d{1,3})?)(?P<unit>m|k|Ki|M|Mi|G|Gi|)", re.ASCII)
_FACTORS: Mapping[str, Decimal] = {
    "m": Decimal("0.001"),
    "": Decimal(1),
    "k": Decimal(1000),
    "Ki": Decimal(1024),
    "M": Decimal(1000**2),
    "Mi": Decimal(1024**2),
    "G": Decimal(1000**3),
    "Gi": Decimal(1024**3),
}
_CPU_UNITS = ("m", "")
_MINIMUM: Mapping[ResourceName, Decimal] = {
    "cpu": Decimal("0.001"),  # what Kubernetes can count
    "memory": Decimal(1024**2),
    "ephemeral-storage": Decimal(1024**2),
}


def bytes_or_cores(text: str) -> Decimal:
    """How much a quantity is.

    Raises:
        ValueError: it is none.
    """
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise ValueError("must be a number with a unit, for example 256Mi")
    return Decimal(match["number"]) * _FACTORS[match["unit"]]


def problem_of(name: ResourceName, text: str) -> str | None:
    """What is wrong with an amount of a resource, or None."""
    match = _AMOUNT.fullmatch(text)
    expected = "500m or 2" if name == "cpu" else as_kubernetes_writes(text, "256Mi or 1Gi")
    if match is None or not (match["unit"] in _CPU_UNITS if name == "cpu" else match["unit"] != "m"):
        return f"must be an amount of {name}, for example {expected}"
    if bytes_or_cores(text) < _MINIMUM[name]:
        return f"is too little {name}; write more, for example {expected}"
    return None


def _completed(defaults: Resources) -> BeforeValidator:
    def complete(value: Any) -> Any:
        given = map_in_text(value)
        return {**defaults, **given} if isinstance(given, Mapping) else given

    return BeforeValidator(complete)


ProxyRequests = Annotated[Resources, _completed(PROXY_REQUESTS)]
ProxyLimits = Annotated[Resources, _completed(PROXY_LIMITS)]
ServerRequests = Annotated[Resources, _completed(SERVER_REQUESTS)]
ServerLimits = Annotated[Resources, _completed(SERVER_LIMITS)]
"""What is left out has its default."""
