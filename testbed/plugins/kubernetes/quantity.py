"""Kubernetes quantities in the form that the API server gives back: ``0.5`` is ``500m``, ``1024Mi`` is ``1Gi``."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

_QUANTITY: Final = re.compile(
    r"(?P<number>[+-]?(?:\d+\.?\d*|\.\d+))(?P<suffix>[KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?",
)
_BINARY: Final = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL: Final = {-9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P", 18: "E"}
_EXPONENTS: Final = {suffix: exponent for exponent, suffix in _DECIMAL.items()}


def canonical(quantity: str | float) -> str:
    """The canonical form: no fraction, and the largest suffix of the same family that allows it.

    Raises:
        ValueError: it is no quantity.
    """
    match = _QUANTITY.fullmatch(str(quantity))
    if match is None:
        raise ValueError(f"{quantity!r} is not a quantity")
    number, suffix = Decimal(match["number"]), match["suffix"] or ""
    if suffix in _BINARY[1:]:
        return _binary(number * 1024 ** _BINARY.index(suffix))
    if suffix[:1] in {"e", "E"} and len(suffix) > 1:
        return _decimal(number.scaleb(int(suffix[1:])), exponential=True)
    return _decimal(number.scaleb(_EXPONENTS[suffix]), exponential=False)


def _binary(value: Decimal) -> str:
    if value != value.to_integral_value():
        return _decimal(value, exponential=False)
    amount, power = int(value), 0
    while amount and amount % 1024 == 0 and power < len(_BINARY) - 1:
        amount, power = amount // 1024, power + 1
    return f"{amount}{_BINARY[power]}"


def _decimal(value: Decimal, *, exponential: bool) -> str:
    if not value:
        return "0"
    for exponent in sorted(_DECIMAL, reverse=True):
        amount = value.scaleb(-exponent)
        if amount == amount.to_integral_value():
            break
    suffix = _DECIMAL[exponent]
    if exponential and exponent:
        suffix = f"e{exponent}"
    return f"{int(amount)}{suffix}"
