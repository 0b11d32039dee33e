"""Fields by their managers, as managedFields record them, and objects by their labels."""

from __future__ import annotations

from typing import Any

import pytest

from live.ownership import (
    Owner,
    Path,
    belongs_to,
    labels_of_stack,
    list_item,
    managed_fields,
    manager_names,
    owned_by,
    owner_of,
    owners_of,
    stack_of,
    transfer_ownership,
)

BACKEND = list_item(name="backend")


def entry(manager: str, fields: dict[str, Any], operation: str = "Apply", **more: str) -> dict[str, Any]:
    return {"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsV1": fields, **more}


def owner(manager: str, operation: str = "Apply") -> Owner:
    return Owner(manager=manager, operation=operation, apiVersion="v1")


ENTRIES = [
    entry("kubectl", {"f:data": {".": {}, "f:A": {}}}),
    entry("helm", {"f:data": {"f:B": {}}, "f:spec": {BACKEND: {".": {}, "f:name": {}, "f:env": {}}}}),
    entry("helm", {"f:data": {"f:C": {}}}, "Update"),
]


def test_a_step_to_a_list_item_is_written_as_the_api_server_writes_it() -> None:
    assert list_item(mountPath="/data/certs") == 'k:{"mountPath":"/data/certs"}'


def test_an_object_without_managed_fields_has_none() -> None:
    assert managed_fields({"metadata": {}}) == []
    assert managed_fields({"metadata": {"managedFields": None}}) == []


@pytest.mark.parametrize(
    ("path", "names"),
    [
        (("f:data",), ["kubectl", "helm"]),
        (("f:data", "f:A"), ["kubectl"]),
        (("f:data", "f:Z"), []),
        (("f:spec", BACKEND, "f:env"), ["helm"]),
        (("f:spec", BACKEND, "f:env", "f:deeper"), []),
    ],
)
def test_the_owners_of_a_field_are_those_of_it_or_of_a_field_below(path: Path, names: list[str]) -> None:
    assert manager_names(owners_of(ENTRIES, path)) == names


def test_a_manager_that_both_applies_and_updates_is_two_owners_with_one_name() -> None:
    found = owners_of(ENTRIES, ("f:data",), besides="kubectl")
    assert found == [owner("helm"), owner("helm", "Update")]
    assert manager_names(found) == ["helm"]


@pytest.mark.parametrize(
    ("manager", "operation", "paths"),
    [
        ("kubectl", "", {("f:data", "f:A")}),
        (
            "helm",
            "",
            {("f:data", "f:B"), ("f:data", "f:C"), ("f:spec", BACKEND, "f:name"), ("f:spec", BACKEND, "f:env")},
        ),
        ("helm", "Update", {("f:data", "f:C")}),
        ("unknown", "", set()),
    ],
)
def test_a_manager_owns_the_fields_that_hold_values(manager: str, operation: str, paths: set[Path]) -> None:
    assert owned_by(ENTRIES, manager, operation) == paths


#: What stands after `ours` has updated a, b and c: the managers that the fields go to → the entries after that.
TRANSFERS: dict[str, tuple[list[dict[str, Any]], dict[Path, list[Owner]], list[dict[str, Any]] | None]] = {
    "a field goes to an owner that has an entry": (
        [entry("helm", {"f:data": {"f:x": {}}}), entry("ours", {"f:data": {"f:a": {}, "f:b": {}}}, "Update")],
        {("f:data", "f:a"): [owner("helm")]},
        [
            entry("helm", {"f:data": {"f:x": {}, "f:a": {}}}),
            entry("ours", {"f:data": {"f:b": {}}}, "Update"),
        ],
    ),
    "an owner without an entry gets one": (
        [entry("ours", {"f:data": {"f:a": {}}}, "Update")],
        {("f:data", "f:a"): [owner("kubectl", "Update")]},
        [entry("kubectl", {"f:data": {"f:a": {}}}, "Update", fieldsType="FieldsV1")],
    ),
    "an entry of a subresource is not the owner's": (
        [
            entry("kubectl", {"f:status": {"f:x": {}}}, "Update", subresource="status"),
            entry("ours", {"f:data": {"f:a": {}}}, "Update"),
        ],
        {("f:data", "f:a"): [owner("kubectl", "Update")]},
        [
            entry("kubectl", {"f:status": {"f:x": {}}}, "Update", subresource="status"),
            entry("kubectl", {"f:data": {"f:a": {}}}, "Update", fieldsType="FieldsV1"),
        ],
    ),
    "a field of several owners goes to all of them": (
        [entry("ours", {"f:data": {"f:a": {}}}, "Update"), entry("helm", {"f:data": {"f:x": {}}})],
        {("f:data", "f:a"): [owner("helm"), owner("argo")]},
        [
            entry("helm", {"f:data": {"f:x": {}, "f:a": {}}}),
            entry("argo", {"f:data": {"f:a": {}}}, fieldsType="FieldsV1"),
        ],
    ),
    "a field without owners has one empty entry": (
        [entry("ours", {"f:data": {".": {}, "f:a": {}}}, "Update")],
        {("f:data", "f:a"): []},
        [{}],
    ),
    "a field that was applied, not updated, stays": (
        [entry("ours", {"f:data": {"f:a": {}}})],
        {("f:data", "f:a"): []},
        None,
    ),
    "nothing to transfer": ([entry("ours", {"f:data": {"f:a": {}}}, "Update")], {}, None),
}


@pytest.mark.parametrize("case", TRANSFERS)
def test_ownership_is_transferred(case: str) -> None:
    entries, owners, after = TRANSFERS[case]
    before = repr(entries)
    assert transfer_ownership(entries, "ours", owners) == after
    assert repr(entries) == before, "the entries that were passed have changed"


def test_a_stacks_objects_are_known_by_two_labels() -> None:
    labels = labels_of_stack(owner_of("prod"))
    assert labels == {"app.kubernetes.io/part-of": "seqera-studios", "app.kubernetes.io/instance": "studios-prod"}
    assert belongs_to("studios-prod", {**labels, "more": "x"})
    assert not belongs_to("studios-prod", {**labels, "app.kubernetes.io/instance": "studios-dev"})
    assert not belongs_to("studios-prod", None)
    assert stack_of(labels) == "prod"
    assert stack_of({"app.kubernetes.io/instance": "studios-prod"}) is None


def test_a_long_stack_name_becomes_a_valid_label_value() -> None:
    value = labels_of_stack(owner_of("a" * 54 + "-." + "b" * 20))["app.kubernetes.io/instance"]
    assert value == "studios-" + "a" * 54
