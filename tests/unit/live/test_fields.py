"""Values of an object by their paths, with the lists and mappings that server-side apply merges or takes as one."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from live.fields import (
    desired_values,
    in_sync,
    item_of,
    merge,
    merge_key_of,
    put,
    remove_values,
    shown,
    value_at,
)
from live.ownership import Path, list_item

POD: Path = ("f:spec", "f:template", "f:spec")
BACKEND: Path = (*POD, "f:containers", list_item(name="backend"))
TOKEN: Path = (*BACKEND, "f:env", list_item(name="TOKEN"))
PORT: Path = (*BACKEND, "f:env", list_item(name="PORT"))
MOUNT: Path = (*BACKEND, "f:volumeMounts", list_item(mountPath="/certs"))


def deployment(env: list[dict[str, Any]], **container: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": [{"name": "backend", "env": env, **container}]}}}}


REF = {"secretKeyRef": {"name": "token", "key": "value"}}
LIVE = deployment([{"name": "PORT", "value": "80"}, {"name": "TOKEN", "valueFrom": REF}], args=["a", "b"])


@pytest.mark.parametrize(
    ("path", "item"),
    [
        (("f:data", "f:KEY"), ("f:data", "f:KEY")),
        (TOKEN, TOKEN),
        ((*TOKEN, "f:valueFrom", "f:secretKeyRef"), TOKEN),
        ((*BACKEND, "f:image"), BACKEND),
    ],
)
def test_a_value_belongs_to_the_innermost_item(path: Path, item: Path) -> None:
    assert item_of(path) == item


def test_an_item_is_told_from_the_others_by_its_merge_key() -> None:
    assert merge_key_of(TOKEN) == (*TOKEN, "f:name")
    assert merge_key_of(MOUNT) == (*MOUNT, "f:mountPath")
    assert merge_key_of(("f:data", "f:KEY")) == ("f:data", "f:KEY")


def test_the_values_of_a_body_go_down_into_merged_lists_and_stop_at_atomic_values() -> None:
    assert desired_values({"kind": "Deployment", "metadata": {"name": "x"}, **LIVE}) == {
        (*BACKEND, "f:name"): "backend",
        (*PORT, "f:name"): "PORT",
        (*PORT, "f:value"): "80",
        (*TOKEN, "f:name"): "TOKEN",
        (*TOKEN, "f:valueFrom", "f:secretKeyRef"): REF["secretKeyRef"],
        (*BACKEND, "f:args"): ["a", "b"],
    }
    assert desired_values({"kind": "ConfigMap", "metadata": {"name": "x"}}) == {}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((*TOKEN, "f:valueFrom"), REF),
        ((*PORT, "f:value"), "80"),
        ((*BACKEND, "f:args"), ["a", "b"]),
        ((*BACKEND, "f:env", list_item(name="OTHER"), "f:value"), None),
        (("f:metadata", "f:labels", "f:x"), None),
    ],
)
def test_a_value_is_found_at_its_path(path: Path, value: object) -> None:
    assert value_at(LIVE, path) == value


def test_a_path_is_shown_as_the_api_server_shows_it() -> None:
    assert shown((*TOKEN, "f:valueFrom")) == (
        '.spec.template.spec.containers[name="backend"].env[name="TOKEN"].valueFrom'
    )


def test_a_value_is_put_where_its_item_exists() -> None:
    obj = copy.deepcopy(LIVE)
    put(obj, (*PORT, "f:value"), "8080")
    put(obj, ("f:metadata", "f:labels", "f:app"), "x")
    put(obj, (*BACKEND, "f:env", list_item(name="MISSING"), "f:value"), "1")
    assert value_at(obj, (*PORT, "f:value")) == "8080"
    assert obj["metadata"] == {"labels": {"app": "x"}}
    assert len(value_at(obj, (*BACKEND, "f:env"))) == 2


#: Which paths go, and what is left of the container's variables.
REMOVALS: dict[str, tuple[set[Path], list[dict[str, Any]]]] = {
    "an item that loses its merge key goes as a whole": (
        {(*TOKEN, "f:name"), (*TOKEN, "f:valueFrom", "f:secretKeyRef")},
        [{"name": "PORT", "value": "80"}],
    ),
    "an item that keeps its merge key loses the value only, with what is empty without it": (
        {(*TOKEN, "f:valueFrom", "f:secretKeyRef")},
        [{"name": "PORT", "value": "80"}, {"name": "TOKEN"}],
    ),
    "a missing item is not a failure": (
        {(*BACKEND, "f:env", list_item(name="GONE"), "f:name")},
        [{"name": "PORT", "value": "80"}, {"name": "TOKEN", "valueFrom": REF}],
    ),
}


@pytest.mark.parametrize("case", REMOVALS)
def test_values_are_removed(case: str) -> None:
    paths, left = REMOVALS[case]
    obj = copy.deepcopy(LIVE)
    remove_values(obj, paths)
    assert value_at(obj, (*BACKEND, "f:env")) == left


def test_the_last_key_of_a_config_map_takes_its_data_along() -> None:
    obj = {"kind": "ConfigMap", "data": {"A": "1", "B": "2"}}
    remove_values(obj, {("f:data", "f:A")})
    assert obj == {"kind": "ConfigMap", "data": {"B": "2"}}
    remove_values(obj, {("f:data", "f:B")})
    assert obj == {"kind": "ConfigMap"}


#: What a container has, what is merged into it, and the order of the variables afterwards, as the API server keeps it.
ORDERS = [
    (["A", "B"], ["C"], ["A", "B", "C"]),
    (["A", "C", "B"], ["C"], ["A", "C", "B"]),
    (["A", "B"], ["B", "C"], ["A", "B", "C"]),
    (["B", "A"], ["A", "B"], ["A", "B"]),
    ([], ["B", "A"], ["B", "A"]),
]


@pytest.mark.parametrize(("found", "ours", "merged"), ORDERS)
def test_items_are_merged_in_the_order_of_server_side_apply(
    found: list[str], ours: list[str], merged: list[str]
) -> None:
    obj = deployment([{"name": name, "value": "theirs"} for name in found])
    merge(obj, deployment([{"name": name, "value": "ours"} for name in ours]))
    env = value_at(obj, (*BACKEND, "f:env"))
    assert [each["name"] for each in env] == merged
    assert {each["name"]: each["value"] for each in env} == {
        **dict.fromkeys(found, "theirs"),
        **dict.fromkeys(ours, "ours"),
    }


def test_an_atomic_mapping_and_an_ordinary_list_are_replaced_as_a_whole() -> None:
    obj = copy.deepcopy(LIVE)
    other = {"secretKeyRef": {"name": "other"}}
    merge(obj, deployment([{"name": "TOKEN", "valueFrom": other}], args=["c"]))
    assert value_at(obj, (*TOKEN, "f:valueFrom")) == other
    assert value_at(obj, (*BACKEND, "f:args")) == ["c"]


def config_map(data: dict[str, str], **owned: list[str]) -> dict[str, Any]:
    """A ConfigMap with fields that have these managers; `ours_Update` is a manager with its operation."""
    entries = [
        {
            "manager": name.partition("_")[0],
            "operation": name.partition("_")[2] or "Apply",
            "fieldsV1": {"f:data": {f"f:{key}": {} for key in keys}},
        }
        for name, keys in owned.items()
    ]
    return {"kind": "ConfigMap", "metadata": {"name": "x", "managedFields": entries}, "data": data}


@pytest.mark.parametrize(
    ("live", "synced"),
    [
        (config_map({"A": "1"}, ours=["A"]), True),
        (config_map({"A": "1", "B": "2"}, ours=["A"], helm=["B"]), True),
        (config_map({"A": "2"}, ours=["A"]), False),
        (config_map({"A": "1"}, helm=["A"]), False),
        (config_map({"A": "1", "B": "2"}, ours=["A", "B"]), False),
        (config_map({"A": "1"}, ours=["A"], ours_Update=["A"]), False),
        (config_map({}, ours=["A"]), False),
    ],
)
def test_an_object_is_in_sync_when_exactly_the_bodys_fields_are_applied_with_its_values(
    live: dict[str, Any], synced: bool
) -> None:
    assert in_sync(live, {"kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"A": "1"}}, "ours") is synced
