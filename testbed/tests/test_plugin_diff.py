"""Detailed diffs: paths, kinds, and what replaces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.plugins.diff import detailed_diff, render_path
from testbed.plugins.provider import UNKNOWN, DiffResult

KEYS = st.text(min_size=1, max_size=6)
SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4)
PROPERTIES = st.dictionaries(
    KEYS,
    st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)),
    max_size=4,
)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("spec", "ports", 0, "name"), "spec.ports[0].name"),
        (("metadata", "labels", "app.kubernetes.io/name"), 'metadata.labels["app.kubernetes.io/name"]'),
        (("tags", 'say "hi"'), r'tags["say \"hi\""]'),
        (("tags", ""), 'tags[""]'),
        (("tags", "a[0]"), 'tags["a[0]"]'),
        (("tags", "*"), 'tags["*"]'),
        (("tags", "a\\b", 1), "tags.a\\b[1]"),
    ],
)
def test_a_path_quotes_what_the_engine_would_read_otherwise(path: tuple[str | int, ...], text: str) -> None:
    assert render_path(path) == text


@given(PROPERTIES)
def test_properties_do_not_differ_from_themselves(properties: dict[str, object]) -> None:
    assert detailed_diff(properties, properties).detailed == {}


@given(PROPERTIES, PROPERTIES)
def test_a_diff_and_its_opposite_name_the_same_paths_with_add_and_delete_exchanged(
    old: dict[str, object], new: dict[str, object]
) -> None:
    opposite = {"add": "delete", "delete": "add", "update": "update"}
    forward = detailed_diff(old, new).detailed
    assert detailed_diff(new, old).detailed == {path: opposite[kind] for path, kind in forward.items()}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": 1}, {"a": 2}, {"a": "update"}),
        ({}, {"a": {"b": 1}}, {"a": "add"}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"c": 2}}, {"a.b": "delete"}),
        ({"a": [{"x": 1}]}, {"a": [{"x": 2}, {"x": 3}]}, {"a[0].x": "update", "a[1]": "add"}),
        ({"a": [1, 2, 3]}, {"a": [1]}, {"a[1]": "delete", "a[2]": "delete"}),
        ({"tags": {"a.b/c": "1"}}, {"tags": {"a.b/c": "2"}}, {'tags["a.b/c"]': "update"}),
        ({"tags": {}}, {"tags": {'say "hi"': 1}}, {r'tags["say \"hi\""]': "add"}),
        ({"a": {"b": 1}}, {"a": [1]}, {"a": "update"}),
        ({"a": None}, {}, {}),
        ({"a": 1}, {"a": None}, {"a": "delete"}),
        ({"a": True}, {"a": 1}, {"a": "update"}),
        ({"a": 1}, {"a": 1.0}, {}),
        ({"a": 1}, {"a": UNKNOWN}, {"a": "update"}),
        ({"a": {"b": 1}}, {"a": UNKNOWN}, {"a": "update"}),
        ({}, {"a": UNKNOWN}, {"a": "add"}),
    ],
)
def test_each_difference_has_its_path_and_kind(
    old: dict[str, object], new: dict[str, object], expected: dict[str, str]
) -> None:
    assert detailed_diff(old, new).detailed == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"name": "a", "ttl": 1}, {"name": "b", "ttl": 2}, ["name"]),
        ({"data": {"a.b": 1}}, {"data": {"a.b": 2}}, ['data["a.b"]']),
        ({}, {"data": {"a": 1}}, ["data"]),
        ({"data": [1]}, {"data": [1, 2]}, ["data[1]"]),
        ({"data": 1}, {"data": UNKNOWN}, ["data"]),
        ({"names": 1}, {"names": 2}, []),
    ],
)
def test_a_change_of_or_below_a_replacing_property_replaces(
    old: dict[str, object], new: dict[str, object], expected: list[str]
) -> None:
    assert detailed_diff(old, new, ["name", "data"]).replaces == expected


def test_delete_before_replace_is_said_only_when_something_replaces() -> None:
    update = detailed_diff({"a": 1, "b": 1}, {"a": 1, "b": 2}, ["a"], delete_before_replace=True)
    assert update == DiffResult({"b": "update"}, [], delete_before_replace=False)
    replace = detailed_diff({"a": 1, "b": 1}, {"a": 2, "b": 1}, ["a"], delete_before_replace=True)
    assert replace == DiffResult({"a": "update"}, ["a"], delete_before_replace=True)
