"""The random provider's types, made from the operating system's secure random numbers."""

from __future__ import annotations

import base64
import binascii
import secrets
import string
from typing import Final

from testbed.plugins.generated import Definition, GeneratedProvider
from testbed.plugins.provider import CheckFailure, Properties, ProviderError

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


def _string(inputs: Properties) -> tuple[str, Properties]:
    result = _text(inputs)
    return result, {"result": result}


def _restore_text(value: str) -> Properties:
    return {"length": len(value), **_TEXT_DEFAULTS}


def _restore_password(value: str) -> tuple[Properties, str, Properties]:
    return _restore_text(value), _NO_ID, {"result": value}


def _restore_string(value: str) -> tuple[Properties, str, Properties]:
    return _restore_text(value), value, {"result": value}


def _id(inputs: Properties) -> tuple[str, Properties]:
    return _id_of(secrets.token_bytes(inputs["byteLength"]), inputs.get("prefix", ""))


def _id_of(data: bytes, prefix: str) -> tuple[str, Properties]:
    url = base64.urlsafe_b64encode(data).decode().rstrip("=")
    return url, {
        "b64Std": prefix + base64.b64encode(data).decode(),
        "b64Url": prefix + url,
        "dec": prefix + str(int.from_bytes(data, "big")),
        "hex": prefix + data.hex(),
    }


def _restore_id(value: str) -> tuple[Properties, str, Properties]:
    prefix, _, url = value.rpartition(",")
    try:
        data = base64.urlsafe_b64decode(url + "=" * (-len(url) % 4))
    except (binascii.Error, ValueError):
        raise ProviderError(f"{value!r} is not base64 as in b64Url, after an optional prefix and a comma") from None
    inputs: Properties = {"byteLength": len(data), **({"prefix": prefix} if prefix else {})}
    return inputs, *_id_of(data, prefix)


def _bytes(inputs: Properties) -> tuple[str, Properties]:
    return _bytes_of(secrets.token_bytes(inputs["length"]))


def _bytes_of(data: bytes) -> tuple[str, Properties]:
    return _NO_ID, {"base64": base64.b64encode(data).decode(), "hex": data.hex()}


def _restore_bytes(value: str) -> tuple[Properties, str, Properties]:
    try:
        data = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise ProviderError("the id to import is not base64: give the bytes in that form") from None
    return {"length": len(data)}, *_bytes_of(data)


class RandomProvider(GeneratedProvider):
    """RandomPassword, RandomString, RandomId and RandomBytes."""

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
        "random:index/randomString:RandomString": Definition(
            inputs=_TEXT_INPUTS,
            required=["length"],
            defaults=_TEXT_DEFAULTS,
            computed=["result"],
            validate=_validate_text,
            generate=_string,
            restore=_restore_string,
        ),
        "random:index/randomId:RandomId": Definition(
            inputs={"byteLength": int, "keepers": dict, "prefix": str},
            required=["byteLength"],
            defaults={},
            computed=["b64Std", "b64Url", "dec", "hex"],
            validate=lambda inputs: _at_least(inputs, "byteLength", 1),
            generate=_id,
            restore=_restore_id,
        ),
        "random:index/randomBytes:RandomBytes": Definition(
            inputs={"length": int, "keepers": dict},
            required=["length"],
            defaults={},
            computed=["base64", "hex"],
            secret=["base64", "hex"],
            validate=lambda inputs: _at_least(inputs, "length", 1),
            generate=_bytes,
            restore=_restore_bytes,
        ),
    }
