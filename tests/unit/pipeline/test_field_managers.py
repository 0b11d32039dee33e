"""The field manager in the state after a kill: that of the stack's own, found in the object, and never another's."""

from __future__ import annotations

from typing import Any

import pytest

from live.ownership import labels_of_stack, owner_of
from pipeline.field_managers import with_own_managers

URN = "urn:pulumi:prod::seqera-studios::kubernetes:apps/v1:StatefulSet::server"
MINE = labels_of_stack(owner_of("prod"))
MADE_UP = "pulumi-kubernetes-00000000"


def _entry(manager: str, *labels: str, more: tuple[str, ...] = (), operation: str = "Apply") -> dict[str, Any]:
    fields: dict[str, Any] = {"f:metadata": {"f:labels": {f"f:{label}": {} for label in labels}}}
    if more:
        fields["f:spec"] = {each: {} for each in more}
    return {"manager": manager, "operation": operation, "apiVersion": "apps/v1", "fieldsV1": fields}


def _manager(
    *entries: dict[str, Any], labels: dict[str, str] = MINE, recorded: str = MADE_UP, kind: str = "kubernetes:"
) -> str:
    """The one that the state has in the end."""
    metadata = {"name": "connect-server", "labels": labels, "managedFields": list(entries)}
    outputs = {"metadata": metadata, "__fieldManager": recorded}
    resource = {"urn": URN, "type": f"{kind}apps/v1:StatefulSet", "outputs": outputs}
    state = {"version": 3, "deployment": {"resources": [resource]}}
    (found,) = with_own_managers(state)["deployment"]["resources"]
    assert outputs["__fieldManager"] == recorded, "the state that was given is changed"
    name: str = found["outputs"].pop("__fieldManager")
    assert found["outputs"] == {"metadata": metadata}
    return name


@pytest.mark.parametrize("operation", ["Apply", "Update"])
def test_it_is_the_one_that_applied_the_labels_of_the_stack(operation: str) -> None:
    controller = _entry("kube-controller-manager", more=("f:replicas",), operation="Update")
    applied = _entry("pulumi-kubernetes-1e895389", *MINE, more=("f:template",), operation=operation)
    assert _manager(controller, applied) == "pulumi-kubernetes-1e895389"


def test_one_that_has_applied_the_object_stays() -> None:
    older = _entry("pulumi-kubernetes-1e895389", *MINE, more=("f:template", "f:replicas"))
    assert _manager(older, _entry(MADE_UP, more=("f:template",))) == MADE_UP


def test_of_two_of_the_stacks_own_it_is_the_one_that_owns_more() -> None:
    less = _entry("pulumi-kubernetes-11111111", *MINE)
    more = _entry("pulumi-kubernetes-22222222", *MINE, more=("f:template",))
    assert _manager(more, less) == _manager(less, more) == "pulumi-kubernetes-22222222"


def test_another_tools_manager_is_never_taken() -> None:
    assert _manager(_entry("kubectl", *MINE, more=("f:template",))) == MADE_UP


def test_a_provider_of_another_stack_that_applied_some_fields_only_is_never_taken() -> None:
    some = _entry("pulumi-kubernetes-1e895389", "team", next(iter(MINE)), more=("f:template",))
    assert _manager(some) == MADE_UP


@pytest.mark.parametrize("labels", [{}, {"team": "a"}, labels_of_stack(owner_of("stage"))])
def test_an_object_of_another_owner_stays_as_it_is(labels: dict[str, str]) -> None:
    assert _manager(_entry("pulumi-kubernetes-1e895389", *MINE), labels=labels) == MADE_UP


def test_only_objects_of_kubernetes_are_looked_at() -> None:
    assert _manager(_entry("pulumi-kubernetes-1e895389", *MINE), kind="aws:") == MADE_UP


def test_what_has_not_been_read_yet_and_what_is_encrypted_stays() -> None:
    sealed = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:abc"}
    resources = [
        {"urn": URN, "type": "kubernetes:apps/v1:StatefulSet", **more}
        for more in ({}, {"outputs": {"metadata": {"labels": MINE}}}, {"outputs": {"metadata": sealed}})
    ]
    state = {"version": 3, "deployment": {"resources": resources}}
    assert with_own_managers(state) == state
    assert with_own_managers({"version": 3, "deployment": {}}) == {"version": 3, "deployment": {}}
