"""The state gets what exists under the names of the program, with its parents, its provider and its secrets."""

from __future__ import annotations

from typing import Any

from pipeline.adopt.state import FIELD_MANAGER, with_adopted
from pipeline.adopt.takeover import _of_one_manager

URN = "urn:pulumi:prod::seqera-studios::"
STACK = f"{URN}pulumi:pulumi:Stack::seqera-studios-prod"
PARENT = f"{URN}studios:index:KubernetesStudios$studios:index:OidcCredentials::studios-oidc"
TOKEN = f"{URN}studios:index:KubernetesStudios$random:index/randomPassword:RandomPassword::studios-oidc-token"
PROXY = f"{URN}kubernetes:apps/v1:Deployment::studios-proxy-deployment"
RECORD = f"{URN}aws:route53/record:Record::studios-record-alias"
OTHER = f"{URN}kubernetes:core/v1:ConfigMap::studios-configuration-proxy"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def step(urn: str, parent: str | None = STACK, provider: str | None = None, **inputs: Any) -> dict[str, Any]:
    kind = urn.split("::")[2].rpartition("$")[2]
    state = {"urn": urn, "type": kind, "custom": provider is not None or "providers" in kind, "inputs": inputs}
    if parent:
        state["parent"] = parent
    if provider:
        state["provider"] = f"{provider}::{UNKNOWN}"
    return {"op": "create", "urn": urn, "newState": state}


CLUSTER = f"{URN}pulumi:providers:kubernetes::cluster"
METADATA = {"name": "connect-proxy", "namespace": "stage"}
STEPS = [
    step(STACK, None),
    step(PARENT),
    step(TOKEN, PARENT, f"{URN}pulumi:providers:random::default_4_21_4", length=32, special=False),
    step(CLUSTER, STACK, None, kubeconfig="{}", __internal={}),
    step(PROXY, PARENT, CLUSTER, metadata=METADATA, spec={"replicas": 2, "checksum": UNKNOWN}),
    step(OTHER, PARENT, CLUSTER, metadata=METADATA),
    step(
        *(RECORD, PARENT, f"{URN}pulumi:providers:aws::default_7_51_1"),
        zoneId="Z1",
        name="*.example.com",
        type="A",
        aliases=[{"name": UNKNOWN, "zoneId": "Z2"}],
    ),
]


def adopted(*, with_token: bool = True, record: bool = True) -> dict[str, dict[str, Any]]:
    def find(resource: dict[str, Any], _known: object) -> str:
        return f"id-of-{resource['urn'].rpartition('::')[2]}"

    state, urns = with_adopted(
        {"version": 3, "deployment": {}},
        STEPS,
        objects={"Deployment/connect-proxy"},
        token="the token" if with_token else None,
        find=find,
        exists=lambda _: record,
        configured={"aws": {"region": "eu-west-1"}},
    )
    resources = {each["urn"]: each for each in state["deployment"]["resources"]}
    assert list(resources) == urns
    return resources


def test_an_object_comes_with_its_parents_and_a_provider_that_has_an_id() -> None:
    resources = adopted()
    proxy = resources[PROXY]
    assert proxy["id"] == "id-of-studios-proxy-deployment"
    assert proxy["provider"] == f"{CLUSTER}::{resources[CLUSTER]['id']}"
    assert proxy["inputs"] == {"metadata": METADATA, "spec": {"replicas": 2}}
    assert proxy["outputs"]["__fieldManager"] == FIELD_MANAGER
    assert resources[CLUSTER]["outputs"] == {"kubeconfig": "{}"}
    assert OTHER not in resources
    order = list(resources)
    assert order.index(STACK) < order.index(PARENT) < order.index(PROXY)
    assert order.index(CLUSTER) < order.index(PROXY)


def test_a_provider_of_the_engines_own_gets_the_configuration_of_the_stack() -> None:
    resources = adopted()
    urn = f"{URN}pulumi:providers:aws::default_7_51_1"
    assert resources[urn]["inputs"] == {"__internal": {}, "region": "eu-west-1", "version": "7.51.1"}
    assert resources[RECORD]["provider"] == f"{urn}::{resources[urn]['id']}"
    assert resources[RECORD]["inputs"]["aliases"] == [{"zoneId": "Z2"}]


def test_the_token_is_a_secret_of_the_state() -> None:
    token = adopted()[TOKEN]
    assert token["id"] == "none"
    assert token["outputs"]["result"] == {
        "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
        "plaintext": '"the token"',
    }
    assert TOKEN not in adopted(with_token=False)


def test_a_record_that_does_not_exist_is_left_to_be_made() -> None:
    assert RECORD not in adopted(record=False)


def test_what_the_state_has_already_is_not_taken_twice() -> None:
    first, _ = with_adopted(
        {"deployment": {}},
        STEPS,
        objects={"Deployment/connect-proxy"},
        token="t",
        find=lambda *_: "id",
        exists=lambda _: True,
        configured={},
    )
    again, urns = with_adopted(
        first,
        STEPS,
        objects={"Deployment/connect-proxy"},
        token="t",
        find=lambda *_: "id",
        exists=lambda _: True,
        configured={},
    )
    assert urns == []
    assert again == first


def test_one_manager_gets_what_people_applied_and_controllers_keep_what_is_theirs() -> None:
    entries = [
        {"manager": "kubectl-client-side-apply", "operation": "Update", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
        {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {"f:spec": {"f:paused": {}}}},
        {"manager": "controller", "operation": "Update", "fieldsV1": {"f:metadata": {"f:finalizers": {}}}},
        {"manager": "kubectl", "operation": "Update", "subresource": "scale", "fieldsV1": {"f:spec": {}}},
    ]
    first, *rest = _of_one_manager(entries, "apps/v1")
    assert first == {
        "manager": FIELD_MANAGER,
        "operation": "Apply",
        "apiVersion": "apps/v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {"f:replicas": {}, "f:paused": {}}},
    }
    assert rest == entries[2:]
