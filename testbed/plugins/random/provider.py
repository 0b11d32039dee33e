"""The random provider's passwords, made from the operating system's secure random numbers."""

from __future__ import annotations

import secrets
import string
from typing import Final

from testbed.plugins.generated import Definition, GeneratedProvider
from testbed.plugins.provider import CheckFailure, Properties

_SPECIAL: Final = "!@#$%&*()-_=+[]{}<>:?"
_CLASSES: Final = {"upper": string.ascii_uppercase, "lower": string.ascii_lowercase, "numeric": string.digits}
_MINIMUMS: Final = ("minUpper", "minLower", "minNumeric", "minSpecial")
_NO_ID: Final = "none"

_TEXT_INPUTS: Final = {
    "length": int,
    "keepers": dict,
    "overrideSpecial": str,
    **dict.fromkeys(("upper", "lower", "numeric", "number", "special"), bool),
    **dict.fromkeys(_MINIMUMS, int),
}
_TEXT_DEFAULTS: Final = {
    **dict.fromkeys(("upper", "lower", "numeric", "special"), True),
    **dict.fromkeys(_MINIMUMS, 0),
}


def _validate_text(inputs: Properties) -> list[CheckFailure]:
    failures = _at_least(inputs, "length", 1)
    for name in _MINIMUMS:
        failures += _at_least(inputs, name, 0)
    needed = sum(inputs[name] for name in _MINIMUMS)
    if not failures and inputs["length"] < needed:
        reason = "Attribute length value must be at least sum of min_upper + min_lower + min_numeric + min_special"
        failures.append(CheckFailure("length", f"{reason} ({needed}), got: {inputs['length']}"))
    if not failures and inputs["length"] > needed and not _alphabet(inputs):
        failures.append(
            CheckFailure("special", "upper, lower, numeric and special are all false: set one of them to true")
        )
    return failures


def _at_least(inputs: Properties, name: str, least: int) -> list[CheckFailure]:
    if inputs[name] >= least:
        return []
    return [CheckFailure(name, f"Attribute {name} value must be at least {least}, got: {inputs[name]}")]


def _special(inputs: Properties) -> str:
    return inputs.get("overrideSpecial") or _SPECIAL


def _alphabet(inputs: Properties) -> str:
    numeric = inputs.get("number", inputs["numeric"])
    wanted = {**inputs, "numeric": numeric}
    letters = "".join(characters for name, characters in _CLASSES.items() if wanted[name])
    return letters + (_special(inputs) if inputs["special"] else "")


def _text(inputs: Properties) -> str:
    alphabet = _alphabet(inputs)
    classes = {**_CLASSES, "special": _special(inputs)}
    picked = [
        secrets.choice(characters)
        for name, characters in classes.items()
        for _ in range(inputs[f"min{name.capitalize()}"])
    ]
    picked += [secrets.choice(alphabet) for _ in range(inputs["length"] - len(picked))]
    secrets.SystemRandom().shuffle(picked)
    return "".join(picked)


def _password(inputs: Properties) -> tuple[str, Properties]:
    return _NO_ID, {"result": _text(inputs)}


def _restore_password(value: str) -> tuple[Properties, str, Properties]:
    return {"length": len(value), **_TEXT_DEFAULTS}, _NO_ID, {"result": value}


class RandomProvider(GeneratedProvider):
    """RandomPassword."""

    package = "random"
    definitions = {  # noqa: RUF012 - no one changes it
        "random:index/randomPassword:RandomPassword": Definition(
            inputs=_TEXT_INPUTS,
            required=["length"],
            defaults=_TEXT_DEFAULTS,
            computed=["result"],
            secret=["result"],
            validate=_validate_text,
            generate=_password,
            restore=_restore_password,
        ),
    }
