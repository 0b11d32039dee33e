"""What the Kubernetes stand-in calls a change, and which changes replace."""

from typing import Any

import pytest

from testbed.plugins.kubernetes.client import ApiError
from testbed.plugins.kubernetes.comparing import compare, imported_inputs, live_inputs, prune
from testbed.plugins.kubernetes.kinds import Kind, replaced_by
from testbed.plugins.kubernetes.writing import conflict, merge_managers, must_force, propagation
from testbed.plugins.provider import UNKNOWN, DiffResult

CONFIG_MAP = Kind("v1", "ConfigMap")


def diff(kind: Kind, old: dict[str, Any], live: dict[str, Any], new: dict[str, Any], **mutable: bool) -> DiffResult:
    settings = {"secret_mutable": False, "config_map_mutable": False, **mutable}
    return compare(kind, old, live, new, namespaced=True, **settings)


def config_map(data: dict[str, Any], *, name: str = "cm", annotations: Any = None) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "team", "annotations": annotations or {}},
        "data": data,
    }


def test_what_the_server_added_is_no_change() -> None:
    inputs = config_map({"a": "1"})
    live = {**config_map({"a": "1", "other": "x"}), "immutable": False}
    live["metadata"] |= {"uid": "u", "resourceVersion": "7", "labels": {"x": "y"}}
    assert diff(CONFIG_MAP, inputs, live, inputs) == DiffResult()


def test_a_changed_config_map_is_replaced_and_deleted_first_because_its_name_is_given() -> None:
    old = config_map({"a": "1"})
    result = diff(CONFIG_MAP, old, old, config_map({"a": "2"}))
    assert result == DiffResult({"data.a": "update"}, ["data.a"], delete_before_replace=True)


def test_a_config_map_with_a_made_up_name_is_created_before_the_old_one_goes() -> None:
    mark = {"pulumi.com/autonamed": "true"}
    old = config_map({"a": "1"}, annotations=mark)
    result = diff(CONFIG_MAP, old, old, config_map({"a": "2"}, annotations=mark))
    assert result == DiffResult({"data.a": "update"}, ["data.a"], delete_before_replace=False)


def test_metadata_or_a_namespace_that_is_not_known_yet_counts_as_another() -> None:
    old = config_map({"a": "1"})
    unknown_namespace = {**old, "metadata": {**old["metadata"], "namespace": UNKNOWN}}
    assert diff(CONFIG_MAP, old, old, unknown_namespace).replaces == ["metadata.namespace"]
    assert diff(CONFIG_MAP, old, old, {**old, "metadata": UNKNOWN}).replaces == ["metadata"]


def test_a_mutable_config_map_changes_in_place_unless_it_is_immutable() -> None:
    old = config_map({"a": "1"})
    new = config_map({"a": "2"})
    assert diff(CONFIG_MAP, old, old, new, config_map_mutable=True) == DiffResult({"data.a": "update"})
    immutable = diff(CONFIG_MAP, old, old, {**new, "immutable": True}, config_map_mutable=True)
    assert immutable.replaces == ["data.a"]


def test_another_name_replaces_without_deleting_first() -> None:
    old = config_map({"a": "1"})
    result = diff(CONFIG_MAP, old, old, config_map({"a": "1"}, name="other"))
    assert result == DiffResult({"metadata.name": "update"}, ["metadata.name"], delete_before_replace=False)


def test_an_unknown_value_is_a_change() -> None:
    old = config_map({"a": "1"})
    assert diff(CONFIG_MAP, old, old, config_map({"a": UNKNOWN})).detailed == {"data.a": "update"}


def test_drift_in_the_state_is_a_change_back() -> None:
    inputs = config_map({"a": "1"})
    drifted = config_map({"a": "edited"})
    result = diff(CONFIG_MAP, live_inputs(drifted, inputs), drifted, inputs, config_map_mutable=True)
    assert result.detailed == {"data.a": "update"}


def test_a_patch_is_updated_in_place_whatever_changes() -> None:
    old = config_map({"a": "1"})
    patch = Kind("v1", "ConfigMap", patch=True)
    assert diff(patch, old, old, config_map({"a": "2"})) == DiffResult({"data.a": "update"})


def test_paths_into_lists_carry_the_index() -> None:
    def deployment(image: str) -> dict[str, Any]:
        return {
            "metadata": {"name": "d"},
            "spec": {"template": {"spec": {"containers": [{"name": "c", "image": image}]}}},
        }

    result = diff(Kind("apps/v1", "Deployment"), deployment("x:1"), deployment("x:1"), deployment("x:2"))
    assert result.detailed == {"spec.template.spec.containers[0].image": "update"}


def test_lists_are_matched_by_position_so_a_patched_item_behind_others_always_differs() -> None:
    live = {"env": [{"name": "THEIRS", "value": "1"}, {"name": "OURS", "value": "2"}]}
    assert prune(live, {"env": [{"name": "OURS", "value": "2"}]}) == {"env": [{"name": "THEIRS", "value": "1"}]}


def test_a_namespace_left_out_is_the_default_one() -> None:
    old = {"metadata": {"name": "a", "namespace": "default"}}
    assert diff(CONFIG_MAP, old, old, {"metadata": {"name": "a"}}) == DiffResult()


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (Kind("apps/v1", "Deployment"), "spec.selector"),
        (Kind("apps/v1", "StatefulSet"), "spec.serviceName"),
        (Kind("apps/v1", "StatefulSet"), "spec.revisionHistoryLimit"),
        (Kind("apps/v1", "StatefulSet"), "spec.volumeClaimTemplates"),
        (Kind("v1", "Service"), "spec.clusterIP"),
        (Kind("v1", "Secret"), "stringData"),
        (Kind("rbac.authorization.k8s.io/v1", "RoleBinding"), "roleRef"),
        (Kind("networking.k8s.io/v1", "Ingress"), "metadata.namespace"),
    ],
)
def test_what_cannot_change_in_place_replaces(kind: Kind, path: str) -> None:
    assert path in replaced_by(kind, {}, secret_mutable=False, config_map_mutable=False)


def test_a_mutable_secret_is_replaced_by_its_type_only() -> None:
    patterns = replaced_by(Kind("v1", "Secret"), {}, secret_mutable=True, config_map_mutable=False)
    assert set(patterns) == {"metadata.name", "metadata.namespace", "type"}


def test_imported_inputs_leave_out_what_the_server_alone_writes() -> None:
    live = {
        "kind": "Deployment",
        "metadata": {
            "name": "d",
            "uid": "u",
            "managedFields": [],
            "annotations": {"deployment.kubernetes.io/revision": "3", "mine": "x"},
        },
        "spec": {"replicas": 1},
        "status": {"replicas": 1},
    }
    assert imported_inputs(live) == {
        "kind": "Deployment",
        "metadata": {"name": "d", "annotations": {"mine": "x"}},
        "spec": {"replicas": 1},
    }


def entry(manager: str, operation: str, fields: dict[str, Any], **more: str) -> dict[str, Any]:
    return {"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsV1": fields, **more}


def test_the_first_update_takes_over_the_fields_of_the_create_and_of_kubectl() -> None:
    helm = entry("helm", "Update", {"f:data": {"f:c": {}}})
    status = entry("kubectl-edit", "Update", {"f:status": {}}, subresource="status")
    merged = merge_managers(
        [
            helm,
            entry("pulumi-kubernetes", "Update", {"f:data": {"f:a": {}}}),
            entry("kubectl-edit", "Update", {"f:data": {"f:b": {}}}),
            status,
        ],
        "pulumi-kubernetes-1234abcd",
        "v1",
    )
    assert merged == [
        helm,
        status,
        {
            "manager": "pulumi-kubernetes-1234abcd",
            "operation": "Apply",
            "apiVersion": "v1",
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:data": {"f:a": {}, "f:b": {}}},
        },
    ]


def test_nothing_is_rewritten_when_no_manager_is_taken_over() -> None:
    entries = [entry("helm", "Update", {"f:data": {}}), entry("ours", "Apply", {"f:data": {}})]
    assert merge_managers(entries, "ours", "v1") is None


def live_with(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"managedFields": list(entries)}}


def test_conflicts_are_forced_only_when_the_user_says_so() -> None:
    live = live_with(entry("helm", "Update", {}))
    assert must_force({}, live, always=False, preview=False) is False
    assert must_force({}, live, always=False, preview=True) is False
    assert must_force({}, live, always=True, preview=False) is True
    annotated = {"metadata": {"annotations": {"pulumi.com/patchForce": "true"}}}
    assert must_force(annotated, live, always=False, preview=False) is True


def test_a_preview_forces_over_the_fields_of_the_create_that_the_update_will_take_over() -> None:
    live = live_with(entry("pulumi-kubernetes", "Update", {}))
    assert must_force({}, live, always=False, preview=True) is True
    assert must_force({}, live, always=False, preview=False) is False


def test_a_conflict_is_told_in_the_official_words() -> None:
    error = ApiError(409, "Conflict", 'Apply failed with 1 conflict: conflict with "helm" using v1: .data.a')
    told = str(conflict(error, "studios"))
    assert told.startswith("server-side apply field conflict detected, see https://")
    assert told.endswith(
        'The resource managed by field manager "studios" had an apply conflict: '
        'Apply failed with 1 conflict: conflict with "helm" using v1: .data.a'
    )


@pytest.mark.parametrize(
    ("annotated", "policy"), [("", "Foreground"), ("orphan", "Orphan"), ("background", "Background")]
)
def test_deletion_is_foreground_unless_annotated(annotated: str, policy: str) -> None:
    inputs = {"metadata": {"annotations": {"pulumi.com/deletionPropagationPolicy": annotated}}}
    assert propagation(inputs) == policy
