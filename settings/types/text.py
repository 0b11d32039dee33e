"""Values that are written as text, lists and maps of them, and how they are read out of a stack's file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticKnownError

from settings.durations import seconds

_DURATION = re.compile(r"(\d+(\.\d+)?(ms|s|m|h))+", re.ASCII)
_LONGEST = Decimal(2**63 - 1) / 10**9
"""What Go keeps of a duration: nanoseconds in 64 bits."""
_ENVIRONMENT = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}", re.ASCII)
_URL_PATH = re.compile(r"/[!-~]{0,1023}", re.ASCII)
_MOUNTED_FILE = re.compile(r"(/[A-Za-z0-9._-]*[A-Za-z0-9_-]){2,}(\.[A-Za-z0-9]+)?", re.ASCII)
FOLDER = re.compile(r"(/[A-Za-z0-9._-]*[A-Za-z0-9_-])+", re.ASCII)

MAX_TEXT_LENGTH = 2048
"""Nothing that is written in one line is longer, and many such texts fit into one ConfigMap."""


@dataclass(frozen=True)
class Form:
    """Whatever is accepted has this form, for editors; a validator or a rule refuses the rest in words."""

    pattern: re.Pattern[str]


def matching(pattern: re.Pattern[str], message: str | Callable[[str], str], text: str) -> str:
    """The text, if it matches as a whole.

    Raises:
        ValueError: it does not; the message, or what it makes of the text, is what is wanted.
    """
    if pattern.fullmatch(text) is None:
        raise ValueError(message if isinstance(message, str) else message(text))
    return text


def form(pattern: re.Pattern[str], message: str | Callable[[str], str]) -> AfterValidator:
    """Refuses text that does not match as a whole, with what is wanted as the message."""
    return AfterValidator(partial(matching, pattern, message))


def in_any_case(words: tuple[str, ...], value: Any) -> Any:
    """One of the words, however a text writes it; anything else is returned as it is."""
    meant = value.strip().lower() if isinstance(value, str) else None
    return next((word for word in words if word.lower() == meant), value)


def any_case(words: tuple[str, ...]) -> BeforeValidator:
    """Takes words in any case, and with spaces around."""
    return BeforeValidator(partial(in_any_case, words))


def _no_truth(value: Any) -> Any:
    if isinstance(value, bool):
        # A boolean is a number to Python only.
        raise PydanticKnownError("int_type")
    return value


def _short_enough(duration: str) -> str:
    if seconds(duration) > _LONGEST:
        raise ValueError("is longer than a duration can be; write at most 2562047h")
    return duration


SHORT_ENOUGH = AfterValidator(_short_enough)
"""Refuses a duration that no Go program can read."""


_BYTES = re.compile(r"(?P<number>\d+(\.\d+)?) ?(?P<unit>[KMG])i?B", re.ASCII | re.IGNORECASE)


def as_kubernetes_writes(amount: str, example: str) -> str:
    """An amount such as `1.5GB` in Kubernetes' units, `1.5Gi`; the example where the text is none."""
    match = _BYTES.fullmatch(amount.strip())
    return f"{match['number']}{match['unit'].upper()}i" if match else example


def fits_in_one_line(text: str) -> bool:
    """Whether a text can be the value of an environment variable, and be read where it is shown."""
    return _ENVIRONMENT.fullmatch(text) is not None


def number_as_text(value: Any) -> Any:
    """The text that stands in a YAML file: 25.3 without quotes is a number there."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def scalar_as_text(value: Any) -> Any:
    """The text that stands in a YAML file, where `true` and `301` mean the text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return number_as_text(value)


def parsed(value: Any, opening: str, separator: str | None) -> Any:
    """A list or a map out of the text that `pulumi config set` stores; a value that is not text is returned as it is.

    Raises:
        ValueError: the text begins like JSON and is none.
    """
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text.startswith(opening):
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            like = '["one", "two"]' if opening == "[" else '{"key": "value"}'
            raise ValueError(f"must be JSON ({error.msg} at character {error.pos + 1}), for example {like}") from None
    if separator is None or not text:
        return value
    return [item.strip() for item in text.split(separator)]


def list_in_text(value: Any) -> Any:
    """The list, or the map, in a JSON text, or the list in one with commas; anything else is returned as it is."""
    try:
        a_map = parsed(value, "{", None)
    except ValueError:
        a_map = None
    return a_map if isinstance(a_map, dict) else parsed(value, "[", ",")


def map_in_text(value: Any) -> Any:
    """The map in a JSON text; anything else is returned as it is."""
    return parsed(value, "{", None)


def single(value: Any) -> Any:
    """One value in a text; the engine hands lists and maps over as JSON in a text, too.

    Raises:
        ValueError: it is a list or a map.
    """
    if not isinstance(value, str):
        return value
    text = value.strip(" ")
    if text[:1] in ("[", "{"):
        try:
            several = json.loads(text)
        except ValueError:
            return text
        raise ValueError(f"is a {'list' if isinstance(several, list) else 'map'}; write a single value")
    return text


def filled(items: tuple[Any, ...]) -> tuple[Any, ...]:
    """The items, if there are some.

    Raises:
        ValueError: there is none.
    """
    if not items:
        raise ValueError(EMPTY)
    return items


def without_repeats(items: tuple[Any, ...]) -> tuple[Any, ...]:
    """The items, if each is there once.

    Raises:
        ValueError: one is there twice.
    """
    repeated = sorted({str(item) for item in items if items.count(item) > 1})
    if repeated:
        raise ValueError(f"has {', '.join(repeated)} more than once; write it once")
    return items


EMPTY = "is empty; write a value, or remove the key"


class ContentError(ValueError):
    """A text is the content of a file, which may hold secrets, in the place of its path."""


_OF_A_KUBECONFIG = re.compile(r"[\[\]{}\r\n]|:(\s|$)")


def _path_of_kubeconfig(value: Any) -> Any:
    if isinstance(value, str) and _OF_A_KUBECONFIG.search(value.strip()):
        raise ContentError("is the content of a kubeconfig; write it into a file, and the path of that file here")
    return value


Text = Annotated[
    str, BeforeValidator(number_as_text), BeforeValidator(single), Field(min_length=1, max_length=MAX_TEXT_LENGTH)
]
EnvironmentText = Annotated[Text, form(_ENVIRONMENT, "has a line break or a control character; write it in one line")]
KubeconfigPath = Annotated[EnvironmentText, BeforeValidator(_path_of_kubeconfig)]
Duration = Annotated[
    Text, form(_DURATION, "must be a duration: numbers with units, for example 2m or 1h30m"), SHORT_ENOUGH
]
UrlPath = Annotated[Text, form(_URL_PATH, "must be the path of a URL: it starts with / and has no spaces")]
MountedFile = Annotated[
    Text, form(_MOUNTED_FILE, "must be an absolute path of a file in its own folder, for example /data/certs/oidc.pem")
]
Folder = Annotated[Text, form(FOLDER, "must be an absolute path, for example /data")]
ListInText = BeforeValidator(list_in_text)
MapInText = BeforeValidator(map_in_text)
WithoutRepeats = AfterValidator(without_repeats)
Filled = AfterValidator(filled)
"""Not empty. A limit of the type's own would also complain of items that are wrong, which pydantic leaves out."""
WholeNumber = Annotated[int, BeforeValidator(_no_truth)]
Environment = Annotated[
    dict[
        Annotated[str, form(_VARIABLE, "must be the name of a variable, for example HTTPS_PROXY")],
        Annotated[
            str,
            BeforeValidator(scalar_as_text),
            Field(max_length=MAX_TEXT_LENGTH),
            form(_ENVIRONMENT, "has a line break or a control character; write it in one line"),
        ],
    ],
    MapInText,
]
"""Environment variables by name."""
Texts = Annotated[tuple[EnvironmentText, ...], ListInText, WithoutRepeats]
