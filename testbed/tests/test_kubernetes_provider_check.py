"""What the Kubernetes stand-in makes of a program's inputs, and what it refuses."""

from typing import Any

import pytest

from testbed.plugins.kubernetes import quantity
from testbed.plugins.kubernetes.checking import check, fold_string_data
from testbed.plugins.kubernetes.kinds import Kind, parse_id, parse_token
from testbed.plugins.kubernetes.schema import KindSchema, kind_schema
from testbed.plugins.provider import UNKNOWN, CheckFailure, CheckResult, ProviderError, Resource

RESOURCE = Resource(
    "urn:pulumi:dev::p::kubernetes:core/v1:ConfigMap::settings", "kubernetes:core/v1:ConfigMap", "settings"
)
CONFIG_MAP = Kind("v1", "ConfigMap")

OPENAPI: dict[str, Any] = {
    "components": {
        "schemas": {
            "io.k8s.apimachinery.pkg.api.resource.Quantity": {"oneOf": [{"type": "string"}, {"type": "number"}]},
            "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {
                "format": "int-or-string",
                "oneOf": [{"type": "integer"}, {"type": "string"}],
            },
            "Volume": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "emptyDir": {"$ref": "#/components/schemas/EmptyDir"}},
            },
            "EmptyDir": {
                "type": "object",
                "properties": {
                    "sizeLimit": {"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.api.resource.Quantity"}
                },
            },
            "Spec": {
                "type": "object",
                "required": ["items"],
                "properties": {
                    "replicas": {"type": "integer", "format": "int32"},
                    "paused": {"type": "boolean"},
                    "port": {"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.util.intstr.IntOrString"},
                    "labels": {"type": "object", "additionalProperties": {"type": "string", "default": ""}},
                    "items": {"type": "array", "items": {"type": "string"}},
                    "volumes": {"type": "array", "items": {"allOf": [{"$ref": "#/components/schemas/Volume"}]}},
                },
            },
            "Thing": {
                "type": "object",
                "properties": {
                    "apiVersion": {"type": "string"},
                    "kind": {"type": "string"},
                    "spec": {"default": {}, "allOf": [{"$ref": "#/components/schemas/Spec"}]},
                },
                "x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Thing"}],
            },
        }
    }
}


def thing_schema() -> KindSchema:
    schema = kind_schema(OPENAPI, "example.com/v1", "Thing")
    assert schema is not None
    return schema


def conform(spec: dict[str, Any]) -> tuple[Any, list[CheckFailure]]:
    conformed, failures = thing_schema().conform({"spec": spec})
    return conformed["spec"], failures


def check_config_map(new: dict[str, Any], old: dict[str, Any] | None = None, kind: Kind = CONFIG_MAP) -> CheckResult:
    return check(RESOURCE, kind, old, new, cluster=None, namespace="team", seed=b"seed")


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        ("kubernetes:apps/v1:Deployment", Kind("apps/v1", "Deployment")),
        ("kubernetes:core/v1:ConfigMap", Kind("v1", "ConfigMap")),
        ("kubernetes:core/v1:ConfigMapPatch", Kind("v1", "ConfigMap", patch=True)),
        ("kubernetes:networking.k8s.io/v1:Ingress", Kind("networking.k8s.io/v1", "Ingress")),
        ("kubernetes:example.com/v1beta1:Thing", Kind("example.com/v1beta1", "Thing")),
    ],
)
def test_a_type_token_names_an_api_version_and_a_kind(token: str, kind: Kind) -> None:
    assert parse_token(token) == kind


@pytest.mark.parametrize(
    "token",
    [
        "kubernetes:helm.sh/v3:Release",
        "kubernetes:yaml/v2:ConfigFile",
        "kubernetes:kustomize:Directory",
        "kubernetes:x",
    ],
)
def test_what_is_no_kind_of_the_api_server_is_refused_by_name(token: str) -> None:
    with pytest.raises(ProviderError, match=f"^{token} is not a kind of the Kubernetes API"):
        parse_token(token)


def test_a_list_of_objects_is_refused() -> None:
    with pytest.raises(ProviderError, match=r"^list resources exist for compatibility"):
        parse_token("kubernetes:core/v1:ConfigMapList")


def test_an_id_is_a_namespace_and_a_name_or_a_name_alone() -> None:
    assert parse_id("team/settings") == ("team", "settings")
    assert parse_id("team") == (None, "team")


@pytest.mark.parametrize("id", ["", "team/", "a/b/c"])
def test_an_id_without_one_name_is_refused(id: str) -> None:
    with pytest.raises(ProviderError, match="failure to parse resource name"):
        parse_id(id)


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("500m", "500m"),
        ("0.5", "500m"),
        (1.5, "1500m"),
        (2, "2"),
        ("1000m", "1"),
        ("1000", "1k"),
        ("1024Mi", "1Gi"),
        ("1000Mi", "1000Mi"),
        ("1.5Gi", "1536Mi"),
        ("128974848", "128974848"),
        ("12e6", "12e6"),
        ("0", "0"),
        ("0Mi", "0"),
        ("100n", "100n"),
    ],
)
def test_a_quantity_is_written_as_the_api_server_does(written: str | float, canonical: str) -> None:
    assert quantity.canonical(written) == canonical


@pytest.mark.parametrize("written", ["", "1 Gi", "1gb", "Mi", "1KB"])
def test_what_is_no_quantity_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="is not a quantity"):
        quantity.canonical(written)


def test_an_unknown_field_is_named_with_the_likeliest_right_one() -> None:
    _, failures = conform({"replica": 1, "volumes": [{"name": "a", "emptyDirr": {}}], "items": []})
    assert failures == [
        CheckFailure("spec.replica", "unknown field 'replica'; did you mean 'replicas'?"),
        CheckFailure("spec.volumes[0].emptyDirr", "unknown field 'emptyDirr'; did you mean 'emptyDir'?"),
    ]


def test_values_of_the_wrong_type_are_named_without_the_value() -> None:
    _, failures = conform({"replicas": "3", "paused": 1, "labels": {"app.kubernetes.io/name": True}, "items": "a"})
    assert failures == [
        CheckFailure("spec.replicas", "expected integer, got string"),
        CheckFailure("spec.paused", "expected boolean, got integer"),
        CheckFailure('spec.labels["app.kubernetes.io/name"]', "expected string, got boolean"),
        CheckFailure("spec.items", "expected array, got string"),
    ]


def test_unknown_values_are_left_alone_while_the_rest_is_checked() -> None:
    spec, failures = conform({"replicas": UNKNOWN, "items": [UNKNOWN], "pausd": True})
    assert spec["replicas"] is UNKNOWN
    assert failures == [CheckFailure("spec.pausd", "unknown field 'pausd'; did you mean 'paused'?")]


def test_whole_floats_become_integers_and_a_port_may_be_a_name() -> None:
    assert conform({"replicas": 3.0, "port": "http", "items": ["a"]}) == (
        {"replicas": 3, "port": "http", "items": ["a"]},
        [],
    )


def test_empty_lists_and_maps_go_away_but_empty_structures_and_required_lists_stay() -> None:
    spec, _ = conform({"labels": {}, "volumes": [{"name": "a", "emptyDir": {}}], "items": [], "paused": None})
    assert spec == {"volumes": [{"name": "a", "emptyDir": {}}], "items": []}
    assert conform({"volumes": [], "items": ["a"]})[0] == {"items": ["a"]}


def test_quantities_inside_an_object_become_canonical() -> None:
    spec, _ = conform({"volumes": [{"emptyDir": {"sizeLimit": "1024Mi"}}], "items": ["a"]})
    assert spec["volumes"] == [{"emptyDir": {"sizeLimit": "1Gi"}}]


def test_a_kind_without_schema_has_none() -> None:
    assert kind_schema(OPENAPI, "example.com/v1", "Other") is None
    assert kind_schema({}, "v1", "ConfigMap") is None


def test_an_object_without_a_name_gets_one_that_is_marked_and_stable() -> None:
    first = check_config_map({"data": {"a": "b"}}).inputs
    again = check_config_map({"data": {"a": "b"}}).inputs
    name = first["metadata"]["name"]
    assert name.startswith("settings-")
    assert len(name) == len("settings-") + 8
    assert again["metadata"]["name"] == name
    assert first["metadata"]["annotations"] == {"pulumi.com/autonamed": "true"}


def test_a_made_up_name_is_kept_at_the_next_check() -> None:
    old = {"metadata": {"name": "settings-1234abcd", "annotations": {"pulumi.com/autonamed": "true"}}}
    assert check_config_map({"data": {}}, old).inputs["metadata"]["name"] == "settings-1234abcd"


def test_a_name_that_was_given_before_is_not_kept_when_it_is_taken_away() -> None:
    inputs = check_config_map({"data": {}}, {"metadata": {"name": "given"}}).inputs
    assert inputs["metadata"]["name"] != "given"


def test_the_namespace_is_the_objects_own_or_that_of_the_provider() -> None:
    assert check_config_map({"metadata": {"name": "a"}}).inputs["metadata"]["namespace"] == "team"
    own = check_config_map({"metadata": {"name": "a", "namespace": "own"}})
    assert own.inputs["metadata"]["namespace"] == "own"


def test_a_kind_without_namespaces_gets_none() -> None:
    inputs = check_config_map({"metadata": {"name": "a"}}, kind=Kind("v1", "Namespace")).inputs
    assert inputs["metadata"] == {"name": "a"}


def test_a_patch_must_say_what_it_patches() -> None:
    with pytest.raises(ProviderError, match=r"^patch resources require the `.metadata.name` field to be set$"):
        check_config_map({"data": {}}, kind=Kind("v1", "ConfigMap", patch=True))


def test_generate_name_is_refused() -> None:
    with pytest.raises(ProviderError, match="not supported in Server-Side Apply mode"):
        check_config_map({"metadata": {"generateName": "a-"}})


def test_an_unknown_name_stays_unknown() -> None:
    assert check_config_map({"metadata": {"name": UNKNOWN}}).inputs["metadata"]["name"] is UNKNOWN
    assert check_config_map({"metadata": UNKNOWN}).inputs == {"metadata": UNKNOWN}


def test_an_unknown_namespace_stays_unknown() -> None:
    inputs = check_config_map({"metadata": {"name": "a", "namespace": UNKNOWN}}).inputs
    assert inputs["metadata"]["namespace"] is UNKNOWN


def test_metadata_that_only_the_server_writes_is_dropped() -> None:
    inputs = check_config_map({"metadata": {"name": "a", "uid": "1", "resourceVersion": "2"}}).inputs
    assert inputs["metadata"] == {"name": "a", "namespace": "team"}


def test_string_data_is_folded_into_base64_data_and_wins_over_it() -> None:
    folded = fold_string_data({"data": {"a": "eA==", "b": "eA=="}, "stringData": {"b": "y"}})
    assert folded == {"data": {"a": "eA==", "b": "eQ=="}}


def test_unknown_string_data_stays_unknown_under_its_key() -> None:
    assert fold_string_data({"stringData": {"a": UNKNOWN}}) == {"data": {"a": UNKNOWN}}
    assert fold_string_data({"stringData": UNKNOWN}) == {"stringData": UNKNOWN}
