"""The random provider's passwords, made from the operating system's secure random numbers."""

from __future__ import annotations

import secrets
import string
from typing import Final

from testbed.plugins.generated import Definition, GeneratedProvider
from testbed.plugins.provider import CheckFailure, Properties

_CLASSES: Final = {
    "upper": string.ascii_uppercase,
    "lower": string.ascii_lowercase,
    "numeric": string.digits,
    "special": "!@#$%&*()-_=+[]{}<>:?",
}
_NO_ID: Final = "none"

_INPUTS: Final = {"length": int, "keepers": dict, **dict.fromkeys(_CLASSES, bool)}
_DEFAULTS: Final = dict.fromkeys(_CLASSES, True)
#: What the official one writes into the state where a program asks for no least number of a class.
_MINIMUMS: Final = dict.fromkeys(("minUpper", "minLower", "minNumeric", "minSpecial"), 0)


def _validate(inputs: Properties) -> list[CheckFailure]:
    if inputs["length"] < 1:
        return [CheckFailure("length", f"Attribute length value must be at least 1, got: {inputs['length']}")]
    if not any(inputs[name] for name in _CLASSES):
        return [CheckFailure("special", "upper, lower, numeric and special are all false: set one of them to true")]
    return []


def _password(inputs: Properties) -> tuple[str, Properties]:
    alphabet = "".join(characters for name, characters in _CLASSES.items() if inputs[name])
    return _NO_ID, {"result": "".join(secrets.choice(alphabet) for _ in range(inputs["length"])), **_MINIMUMS}


def _restore_password(value: str) -> tuple[Properties, str, Properties]:
    return {"length": len(value), **_DEFAULTS}, _NO_ID, {"result": value, **_MINIMUMS}


class RandomProvider(GeneratedProvider):
    """RandomPassword."""

    package = "random"
    definitions = {  # noqa: RUF012 - no one changes it
        "random:index/randomPassword:RandomPassword": Definition(
            inputs=_INPUTS,
            required=["length"],
            defaults=_DEFAULTS,
            computed=["result"],
            secret=["result"],
            validate=_validate,
            generate=_password,
            restore=_restore_password,
        ),
    }
