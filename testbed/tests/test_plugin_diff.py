"""Detailed diffs: paths, kinds, and what replaces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.plugins.diff import detailed_diff, diff_properties, parse_path, render_path, replacing_paths
from testbed.plugins.provider import UNKNOWN, DiffResult

KEYS = st.text(min_size=1, max_size=6)
SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4)
PROPERTIES = st.dictionaries(
    KEYS,
    st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)),
    max_size=4,
)


@given(st.lists(st.text(max_size=6) | st.integers(0, 99), min_size=1, max_size=5))
def test_a_path_reads_back_as_the_steps_it_was_made_of(steps: list[str | int]) -> None:
    path = (str(steps[0]), *steps[1:])
    assert parse_path(render_path(path)) == path


@given(PROPERTIES)
def test_properties_do_not_differ_from_themselves(properties: dict[str, object]) -> None:
    assert diff_properties(properties, properties) == {}


@given(PROPERTIES, PROPERTIES)
def test_a_diff_and_its_opposite_name_the_same_paths_with_add_and_delete_exchanged(
    old: dict[str, object], new: dict[str, object]
) -> None:
    opposite = {"add": "delete", "delete": "add", "update": "update"}
    forward = diff_properties(old, new)
    assert diff_properties(new, old) == {path: opposite[kind] for path, kind in forward.items()}


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
    assert diff_properties(old, new) == expected


def test_ignored_patterns_are_left_out() -> None:
    old = {"metadata": {"annotations": {"a": 1}, "name": "x"}, "items": [{"id": 1, "v": 1}]}
    new = {"metadata": {"annotations": {"a": 2}, "name": "y"}, "items": [{"id": 2, "v": 2}]}
    assert diff_properties(old, new, ignore=["metadata.annotations", "items[*].id"]) == {
        "metadata.name": "update",
        "items[0].v": "update",
    }


@pytest.mark.parametrize(
    ("old", "new", "patterns", "expected"),
    [
        ({"name": "a", "ttl": 1}, {"name": "b", "ttl": 2}, ["name"], ["name"]),
        (
            {"spec": {"selector": {"app": "a"}}},
            {"spec": {"selector": {"app": "b"}}},
            ["spec.selector"],
            ["spec.selector.app"],
        ),
        ({"data": {"a.b": 1}}, {"data": {"a.b": 2}}, ["data"], ['data["a.b"]']),
        ({}, {"spec": {"selector": {"app": "a"}}}, ["spec.selector"], ["spec"]),
        ({}, {"spec": {"replicas": 1}}, ["spec.selector"], []),
        ({"a": [{"k": 1, "v": 1}]}, {"a": [{"k": 2, "v": 2}]}, ["a[*].k"], ["a[0].k"]),
        ({"a": [{"k": 1}]}, {"a": [{"k": 1}, {"k": 2}]}, ["a[*].k"], ["a[1]"]),
        ({"a": [{"k": 1}]}, {"a": [{"k": 1}, {"v": 2}]}, ["a[*].k"], []),
        ({"spec": {"selector": 1}}, {"spec": UNKNOWN}, ["spec.selector"], ["spec"]),
        ({"names": 1}, {"names": 2}, ["name"], []),
    ],
)
def test_a_change_at_below_or_around_a_pattern_replaces(
    old: dict[str, object], new: dict[str, object], patterns: list[str], expected: list[str]
) -> None:
    assert replacing_paths(old, new, patterns) == expected


def test_delete_before_replace_is_said_only_when_something_replaces() -> None:
    update = detailed_diff({"a": 1, "b": 1}, {"a": 1, "b": 2}, ["a"], delete_before_replace=True)
    assert update == DiffResult({"b": "update"}, [], delete_before_replace=False)
    replace = detailed_diff({"a": 1, "b": 1}, {"a": 2, "b": 1}, ["a"], delete_before_replace=True)
    assert replace == DiffResult({"a": "update"}, ["a"], delete_before_replace=True)


def test_a_text_that_is_no_path_is_refused_with_the_place() -> None:
    with pytest.raises(ValueError, match=r"'a\[b' is not a property path: see character 2"):
        parse_path("a[b")
