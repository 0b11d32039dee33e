"""Values of a stack's file: as they are written, nearly right, and as the engine hands them to a program."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache, partial
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel
from pydantic.fields import FieldInfo

from settings.fields import FIELDS
from settings.versions import Version

#: What is right for some kind of value, or nearly.
WORDS: list[Any] = [
    *("", " ", "a", " a ", "a.b", "a,b", "-a", "A", "Not a name", "x" * 64, "a\nb", "a/b", "example.com/a"),
    *("true", "True", "YES", "off", "T", "maybe", " true", True, False, "all", "ALL", " none ", "some", "auto"),
    *(0, 1, -1, 2, 301, 1024, 65536, 1.5, 25.3, 0.1, "0", "1", " 3 ", "+3", "3.0", "1_000", "1,2", "[1, 2]", "0x10"),
    *("26", "25.3", "v25.3.3", "26.2.0-RC16", "latest", "0.12.0", "debug", " Info ", "WARN", "ssh-rsa,ssh-ed25519"),
    *(
        "https://example.com",
        "HTTPS://Example.com/",
        "http://example.com",
        "example.com",
        "*.example.com",
        "redis:6379",
    ),
    *(
        "100m",
        "100Mi",
        "100MB",
        "1Gi",
        "0Mi",
        "2m",
        "1h30m",
        "10.0.0.0/8",
        "vpc",
        "200-399",
        "/data",
        "/data/certs/a.pem",
    ),
    *("{}", "[]", '["a"]', '{"a": "b"}', '{"cpu": "1"}', '{"name": "a", "key": "b"}', " acme-ca ", None),
    *(
        {},
        [],
        ["a"],
        ["a", "a"],
        [1, "1"],
        [None],
        {"a": "b"},
        {"cpu": "x"},
        {"memory": "100MB"},
        {"name": "a", "key": "b"},
    ),
    *({"configMap": "a"}, {"secret": "a", "configMap": None}, {"configMap": "a", "secret": "b"}, {"key": "a"}),
    *([{"key": "a"}, {"key": "a"}], [{"operator": "Exists"}], {"buckets": []}, {"podAntiAffinity": {}}),
    *([{"name": "a", "emptyDir": {}}], {"podAntiAffinity": "x"}, [{"name": "a"}], [{"name": "a", "configMap": {}}]),
    {"R": {"repository": "a:1-0.9", "tool": "ride", "connectClient": None, "port": "80"}},
    {"R": {"repository": "a@sha256:" + 64 * "0", "tool": "vscode", "connectClient": 0.12, "icon": 5}},
]


def as_handed_over(value: Any) -> str:
    """A value of a stack's file as the engine hands it over: text, and JSON for lists and maps."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(_with_whole_numbers(value))


def _with_whole_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with_whole_numbers(each) for name, each in value.items()}
    if isinstance(value, list):
        return list(map(_with_whole_numbers, value))
    return int(value) if isinstance(value, float) and value.is_integer() else value


@cache
def near(key: str) -> st.SearchStrategy[Any]:
    """Values that are right or nearly right for a setting, as its declaration has it: also as JSON in a text."""
    field = FIELDS[key]
    examples = st.sampled_from(field.examples or [""])
    values = st.one_of(examples, _near(field.annotation, field.metadata), st.sampled_from(WORDS))
    return st.one_of(values, values.map(as_handed_over))


def _near(annotation: Any, metadata: Iterable[Any] = ()) -> st.SearchStrategy[Any]:
    marks = list(metadata)
    while get_origin(annotation) is Annotated:
        annotation, *inner = get_args(annotation)
        marks = [*inner, *marks]
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return st.one_of(*(_near(part, marks) for part in parts))
    if annotation is NoneType:
        return st.none()
    if origin is Literal:
        words = st.sampled_from(parts)
        return st.one_of(words, words.map(str.upper), words.map(lambda word: f" {word.title()} "))
    if origin is tuple:
        items = st.lists(st.one_of(_near(parts[0]), st.sampled_from(WORDS)), max_size=3)
        return st.one_of(items, items.map(lambda each: ", ".join(map(as_handed_over, each))))
    if origin is dict:
        return st.dictionaries(_near(parts[0]).map(as_handed_over), _near(parts[1]), max_size=3)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _near_object(annotation)
    return st.one_of(_near_scalar(annotation, list(_flat(marks))), st.sampled_from(WORDS))


def _near_object(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    fields = {str(field.alias or name): field for name, field in model.model_fields.items()}
    values = {name: _near(field.annotation, field.metadata) for name, field in fields.items()}
    required = {name: values[name] for name, field in fields.items() if field.is_required()}
    return st.fixed_dictionaries(required, optional={name: values[name] for name in values.keys() - required.keys()})


def _near_scalar(kind: Any, marks: list[Any]) -> st.SearchStrategy[Any]:
    if kind is bool:
        return st.one_of(st.booleans(), st.sampled_from(["yes", "No", "ON", "f", "0", "1", 0, 1]))
    if kind is int:
        least = next((int(str(each.ge)) for each in marks if isinstance(each, Ge)), 0)
        most = next((int(str(each.le)) for each in marks if isinstance(each, Le)), 10**6)
        numbers = st.integers(least - 1, most + 1)
        return st.one_of(numbers, numbers.map(str), numbers.map(float), numbers.map(lambda each: f" +{each}.0 "))
    if kind is Version:
        return st.sampled_from([25.1, "25.3", "v26.2", "0.8.2", "0.14.0", "26.2.0-RC16", "0.12", 0.12])
    patterns = [
        each.func.args[0] for each in marks if isinstance(each, AfterValidator) and isinstance(each.func, partial)
    ]
    texts = [st.from_regex(pattern, fullmatch=True) for pattern in patterns if isinstance(pattern, re.Pattern)]
    if not texts:
        return st.text(max_size=8)
    return st.one_of(*texts, *(text.map(lambda each: f" {each!s}  ") for text in texts))


def _flat(marks: Iterable[Any]) -> Iterator[Any]:
    for each in marks:
        yield from _flat(each.metadata) if isinstance(each, FieldInfo) else [each]
