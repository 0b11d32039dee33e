"""What a container asks for and may use, in Kubernetes' units."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from settings.types.text import Form, MapInText, Text, as_kubernetes_writes

_AMOUNT = re.compile(r"(?P<number>\d{1,15}(\.\d{1,3})?)(?P<unit>m|k|Ki|M|Mi|G|Gi|)", re.ASCII)

ResourceName = Literal["cpu", "memory", "ephemeral-storage"]
Resources = dict[ResourceName, Annotated[Text, Form(_AMOUNT)]]

PROXY_REQUESTS: Resources = {"cpu": "30m", "memory": "64Mi", "ephemeral-storage": "64Mi"}
PROXY_LIMITS: Resources = {"cpu": "1", "memory": "512Mi", "ephemeral-storage": "512Mi"}
SERVER_REQUESTS: Resources = {"cpu": "20m", "memory": "50Mi", "ephemeral-storage": "64Mi"}
SERVER_LIMITS: Resources = {"cpu": "1", "memory": "512Mi", "ephemeral-storage": "256Mi"}

_UNITS = {unit: Decimal(1000) ** power for power, unit in enumerate(("n", "u", "m", "", "k", "M", "G", "T", "P"), -3)}
_BINARY = {f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)}
_QUANTITY = re.compile(r"(?P<number>[+-]?[\d.]+(?:[eE][+-]?\d+)?)(?P<unit>[A-Za-z]*)", re.ASCII)
_CPU_UNITS = ("m", "")
_MINIMUM: Mapping[ResourceName, Decimal] = {
    "cpu": Decimal("0.001"),  # what Kubernetes can count
    "memory": Decimal(1024**2),
    "ephemeral-storage": Decimal(1024**2),
}


def quantity(text: object) -> Decimal | None:
    """How much a quantity of Kubernetes is; None if it is none."""
    match = _QUANTITY.fullmatch(str(text))
    factor = None if match is None else {**_UNITS, **_BINARY, "E": Decimal(1000) ** 6}.get(match["unit"])
    if match is None or factor is None:
        return None
    try:
        return Decimal(match["number"]) * factor
    except InvalidOperation:
        return None


def bytes_or_cores(text: str) -> Decimal:
    """How much a quantity is.

    Raises:
        ValueError: it is none.
    """
    found = quantity(text)
    if found is None:
        raise ValueError("must be a number with a unit, for example 256Mi")
    return found


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
        return {**defaults, **value} if isinstance(value, Mapping) else value

    return BeforeValidator(complete)


ProxyRequests = Annotated[Resources, _completed(PROXY_REQUESTS), MapInText]
ProxyLimits = Annotated[Resources, _completed(PROXY_LIMITS), MapInText]
ServerRequests = Annotated[Resources, _completed(SERVER_REQUESTS), MapInText]
ServerLimits = Annotated[Resources, _completed(SERVER_LIMITS), MapInText]
"""What is left out has its default."""
