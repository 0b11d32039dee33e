"""The state after a kill: what it says may exist becomes part of it, in the way the engine would have written it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.interrupted import resume, strangers, without

URN = "urn:pulumi:prod::seqera-studios::"
PROXY = f"{URN}kubernetes:core/v1:Service::proxy"
CERTIFICATE = f"{URN}aws:acm/certificate:Certificate::certificate"
TOKEN = f"{URN}random:index/randomPassword:RandomPassword::token"


def _resource(urn: str, inputs: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"urn": urn, "type": urn.split("::")[2], "custom": True, "inputs": inputs or {}, **more}


def _state(resources: Sequence[dict[str, Any]], **notes: dict[str, Any]) -> dict[str, Any]:
    pending = [{"type": kind, "resource": resource} for kind, resource in notes.items()]
    return {"version": 3, "deployment": {"resources": list(resources), "pending_operations": pending}}


def _found(made_id: str | None) -> Any:
    return lambda _resource, _state: made_id


def _resources(state: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = state["deployment"]["resources"]
    return found


def test_a_creation_becomes_a_resource_with_its_inputs_and_what_it_depends_on() -> None:
    note = _resource(PROXY, {"port": 80}, parent="p", dependencies=["d"], provider="k8s")
    resumed = resume(_state([], creating=note), _found("studios/proxy"))
    assert _resources(resumed.state) == [{**note, "id": "studios/proxy", "outputs": {"port": 80}}]
    assert "pending_operations" not in resumed.state["deployment"]
    assert resumed.adopted == [{**note, "id": "studios/proxy", "outputs": {"port": 80}}]
    assert resumed.interrupted == {PROXY: "creating"}


def test_a_creation_of_which_nothing_can_be_left_is_forgotten() -> None:
    resumed = resume(_state([], creating=_resource(TOKEN)), _found(None))
    assert _resources(resumed.state) == []
    assert (resumed.adopted, resumed.interrupted) == ([], {TOKEN: "creating"})


def test_updates_and_deletions_are_left_to_be_done_again() -> None:
    there = _resource(PROXY, id="studios/proxy", outputs={})
    resumed = resume(_state([there], updating=there, deleting=there), _found("never asked"))
    assert _resources(resumed.state) == [there]
    assert resumed.adopted == []


def test_a_new_resource_that_was_to_replace_another_is_the_one_that_counts() -> None:
    old = _resource(CERTIFICATE, {"domainName": "old.com"}, id="arn:old", outputs={})
    resumed = resume(_state([old], creating=_resource(CERTIFICATE, {"domainName": "new.com"})), _found("arn:new"))
    was, now = _resources(resumed.state)
    assert (was["id"], was["delete"]) == ("arn:old", True)
    assert (now["id"], now.get("delete")) == ("arn:new", None)


def test_what_was_deleted_to_be_made_anew_under_the_same_name_is_there_once() -> None:
    old = _resource(PROXY, {"port": 80}, id="studios/proxy", outputs={}, pendingReplacement=True)
    resumed = resume(_state([old], creating=_resource(PROXY, {"port": 81})), _found("studios/proxy"))
    (now,) = _resources(resumed.state)
    assert now["inputs"] == {"port": 81}
    assert "pendingReplacement" not in now


def test_what_was_made_once_more_since_is_deleted_by_the_next_update() -> None:
    current = _resource(CERTIFICATE, {"domainName": "a.com"}, id="arn:2", outputs={})
    resumed = resume(_state([current], creating=_resource(CERTIFICATE, {"domainName": "a.com"})), _found("arn:1"))
    assert [(each["id"], each.get("delete", False)) for each in _resources(resumed.state)] == [
        ("arn:2", False),
        ("arn:1", True),
    ]


def test_what_the_state_has_already_is_not_adopted_again() -> None:
    current = _resource(PROXY, id="studios/proxy", outputs={})
    resumed = resume(_state([current], creating=_resource(PROXY)), _found("studios/proxy"))
    assert _resources(resumed.state) == [current]
    assert resumed.adopted == []


def _is_somebody_elses(urn: str, asked: dict[str, Any], live: dict[str, Any]) -> bool:
    # A refresh writes the live values into the state, as inputs too.
    state = _state([_resource(urn, live, id="an-id", outputs=live)])
    found = strangers(state, [_resource(urn, asked, id="an-id")])
    assert found in ({}, {urn: "an-id"})
    return bool(found)


def test_an_object_without_the_stacks_labels_is_somebody_elses() -> None:
    label = {"app.kubernetes.io/part-of": "seqera-studios"}
    asked = {"metadata": {"name": "proxy", "labels": label}, "spec": {"a": 1}}
    for labels, expected in ((label, False), ({"team": "a"}, True), ({**label, "team": "a"}, False), ({}, True)):
        live = {"metadata": {"name": "proxy", "labels": labels}, "spec": {"a": 2}}
        assert _is_somebody_elses(PROXY, asked, live) is expected


def test_what_aws_has_otherwise_than_asked_for_is_somebody_elses() -> None:
    asked = {
        "domainName": "A.com",
        "subjectAlternativeNames": ["*.a.com"],
        "aliases": [{"name": "lb"}],
        "__defaults": [],
    }
    live = {
        "domainName": "a.com.",
        "subjectAlternativeNames": ["a.com", "*.a.com"],
        "aliases": [{"name": "lb", "z": 1}],
    }
    assert not _is_somebody_elses(CERTIFICATE, asked, live)
    assert _is_somebody_elses(CERTIFICATE, asked, {**live, "domainName": "b.com"})
    assert _is_somebody_elses(CERTIFICATE, asked, {**live, "aliases": [{"name": "other"}]})


def test_only_what_was_adopted_is_suspected() -> None:
    state = _state([_resource(CERTIFICATE, {"domainName": "a.com"}, id="arn", outputs={})])
    assert strangers(state, []) == {}
    assert _resources(without(state, {CERTIFICATE})) == []
