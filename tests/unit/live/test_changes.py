"""One object is edited so that exactly our fields are ours, and restored so that its owners have theirs again."""

from __future__ import annotations

import copy
from typing import Any, cast

import pytest

from live.changes import OriginalValue, apply_edit, dry_run_edit, record_originals
from live.edits import apply_body
from live.platform import ConcurrentWriteError, OwnedByOthersError, PlatformApi, PlatformError

TARGET = "ConfigMap/cfg"
HELM = {"manager": "helm", "operation": "Apply", "apiVersion": "v1"}
KUBECTL = {"manager": "kubectl", "operation": "Update", "apiVersion": "v1"}
OURS = {"manager": "ours", "operation": "Apply", "apiVersion": "v1"}


def config_map(data: dict[str, str], *owned: tuple[dict[str, str], list[str]]) -> dict[str, Any]:
    entries = [{**owner, "fieldsV1": {"f:data": {f"f:{key}": {} for key in keys}}} for owner, keys in owned]
    metadata = {"name": "cfg", "uid": "uid-1", "resourceVersion": "1", "managedFields": entries}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def original(key: str, value: str, *owners: dict[str, str]) -> OriginalValue:
    return cast("OriginalValue", {"path": ["f:data", f"f:{key}"], "value": value, "owners": list(owners)})


#: Live object, names that are edited, what was recorded before → what is recorded now.
RECORDS: dict[str, tuple[dict[str, Any], list[str], list[OriginalValue], list[OriginalValue]]] = {
    "nothing is there yet": (config_map({}), ["A"], [], []),
    "another owner's value": (
        config_map({"A": "old"}, (HELM, ["A"])),
        ["A"],
        [],
        [original("A", "old", HELM)],
    ),
    "a value without an owner": (config_map({"A": "old"}), ["A"], [], [original("A", "old")]),
    "a value of two owners": (
        config_map({"A": "old"}, (HELM, ["A"]), (KUBECTL, ["A"])),
        ["A"],
        [],
        [original("A", "old", HELM, KUBECTL)],
    ),
    "a value that is not edited": (config_map({"B": "x"}, (HELM, ["B"])), ["A"], [], []),
    "what was recorded stands once we have replaced it": (
        config_map({"A": "new"}, (OURS, ["A"])),
        ["A"],
        [original("A", "old", HELM)],
        [original("A", "old", HELM)],
    ),
    "its owner has set another value since, beside us": (
        config_map({"A": "newer"}, (OURS, ["A"]), (HELM, ["A"])),
        ["A"],
        [original("A", "old", HELM)],
        [original("A", "newer", HELM)],
    ),
    "its owner gave it up while it equalled ours": (
        config_map({"A": "old"}, (OURS, ["A"])),
        ["A"],
        [original("A", "old", HELM)],
        [],
    ),
    "a value that is no longer edited has yet to be restored": (
        config_map({"A": "new"}, (OURS, ["A"])),
        [],
        [original("A", "old", HELM)],
        [original("A", "old", HELM)],
    ),
}


@pytest.mark.parametrize("case", RECORDS)
def test_original_values_are_recorded(case: str) -> None:
    live, names, before, after = RECORDS[case]
    assert record_originals(live, TARGET, names, "ours", before) == after


class Api:
    """One object, changed as the API server would change it; each write may be beaten by another client's."""

    namespace = "platform-stage"

    def __init__(self, live: dict[str, Any] | None, *, beaten: int = 0) -> None:
        self.live = live
        self.beaten = beaten
        self.calls: list[str] = []

    def get(self, _target: str) -> dict[str, Any] | None:
        return copy.deepcopy(self.live)

    def apply(
        self, body: dict[str, Any], manager: str, *, force: bool, dry_run: bool = False, warned: object = None
    ) -> dict[str, Any]:
        self._write("dry run" if dry_run else "apply, forced" if force else "apply")
        assert self.live is not None
        assert body["metadata"] == {"name": "cfg", "uid": "uid-1"}
        entries = self.live["metadata"]["managedFields"]
        data = body.get("data", {})
        before = next((e for e in entries if (e["manager"], e["operation"]) == (manager, "Apply")), None)
        if before is not None:
            entries.remove(before)
            for field in before["fieldsV1"]["f:data"]:
                key = field.removeprefix("f:")
                owned = any(field in each["fieldsV1"].get("f:data", {}) for each in entries)
                if key not in data and not owned:
                    self.live["data"].pop(key, None)
        for key, value in data.items():
            for each in entries:
                if self.live["data"].get(key) != value and force:
                    each["fieldsV1"].get("f:data", {}).pop(f"f:{key}", None)
            self.live["data"][key] = value
        if data:
            entries.append({**OURS, "manager": manager, "fieldsV1": {"f:data": {f"f:{key}": {} for key in data}}})
        return copy.deepcopy(self.live)

    def replace(self, live: dict[str, Any], manager: str) -> dict[str, Any]:
        self._write("replace")
        assert self.live is not None
        changed = {k for k in {*live["data"], *self.live["data"]} if live["data"].get(k) != self.live["data"].get(k)}
        for each in live["metadata"]["managedFields"]:
            for key in changed:
                each["fieldsV1"].get("f:data", {}).pop(f"f:{key}", None)
        update = {"manager": manager, "operation": "Update", "apiVersion": "v1"}
        kept: dict[str, Any] = {f"f:{key}": {} for key in changed if key in live["data"]}
        live["metadata"]["managedFields"].append({**update, "fieldsV1": {"f:data": kept}})
        self.live = live
        return copy.deepcopy(live)

    def set_field(self, live: dict[str, Any], pointer: str, value: Any, manager: str) -> dict[str, Any]:
        self._write("transfer")
        assert pointer == "/metadata/managedFields"
        assert self.live is not None
        self.live["metadata"]["managedFields"] = value
        return copy.deepcopy(self.live)

    def _write(self, call: str) -> None:
        self.calls.append(call)
        if self.beaten:
            self.beaten -= 1
            raise ConcurrentWriteError("beaten")

    def owners(self, key: str) -> set[str]:
        assert self.live is not None
        fields = [
            (e.get("manager"), e.get("fieldsV1", {}).get("f:data", {})) for e in self.live["metadata"]["managedFields"]
        ]
        return {str(manager) for manager, data in fields if f"f:{key}" in data}


def edit(api: Api, data: dict[str, str], *originals: OriginalValue, force: bool = False) -> bool:
    body = apply_body(TARGET, data)
    return apply_edit(cast("PlatformApi", api), TARGET, body, "ours", force=force, originals=list(originals))


def test_an_edit_is_one_apply_and_the_next_run_finds_nothing_to_do() -> None:
    api = Api(config_map({"B": "theirs"}, (HELM, ["B"])))
    assert edit(api, {"A": "1"})
    assert api.live is not None
    assert api.live["data"] == {"A": "1", "B": "theirs"}
    assert (api.owners("A"), api.owners("B")) == ({"ours"}, {"helm"})
    assert not edit(api, {"A": "1"})
    assert api.calls == ["apply"]


def test_a_value_taken_by_force_is_restored_to_its_owner_in_one_write() -> None:
    api = Api(config_map({"A": "theirs", "B": "x"}, (HELM, ["A", "B"])))
    assert edit(api, {"A": "ours"}, force=True)
    assert api.owners("A") == {"ours"}
    assert edit(api, {}, original("A", "theirs", HELM))
    assert api.live is not None
    assert api.live["data"] == {"A": "theirs", "B": "x"}
    assert api.owners("A") == api.owners("B") == {"helm"}
    assert api.calls == ["apply, forced", "replace", "apply", "transfer"]


def test_an_original_without_an_owner_is_restored_to_nobody() -> None:
    api = Api(config_map({"A": "theirs"}))
    edit(api, {"A": "ours"}, force=True)
    edit(api, {}, original("A", "theirs"))
    assert api.live is not None
    assert api.live["data"] == {"A": "theirs"}
    assert api.owners("A") == set()


def test_a_value_that_its_owner_has_set_anew_is_not_restored() -> None:
    api = Api(config_map({"A": "newer"}, (OURS, ["A"]), (HELM, ["A"])))
    assert edit(api, {}, original("A", "theirs", HELM))
    assert api.live is not None
    assert api.live["data"] == {"A": "newer"}
    assert api.owners("A") == {"helm"}


def test_a_write_that_another_client_beats_is_made_again_from_what_is_there_then() -> None:
    api = Api(config_map({}), beaten=2)
    assert edit(api, {"A": "1"})
    assert api.calls == ["apply", "apply", "apply"]


def test_an_object_that_is_gone_can_be_left_but_not_edited() -> None:
    api = Api(None)
    assert not edit(api, {}, original("A", "theirs", HELM))
    with pytest.raises(PlatformError, match="there is no ConfigMap/cfg in namespace platform-stage"):
        edit(api, {"A": "1"})
    assert api.calls == []


def test_trying_an_edit_is_a_dry_run() -> None:
    api = Api(config_map({}))
    assert api.live is not None
    dry_run_edit(cast("PlatformApi", api), config_map({}), apply_body(TARGET, {"A": "1"}), "ours", force=False)
    assert api.calls == ["dry run"]


def test_trying_an_edit_that_server_side_apply_would_merge_into_nonsense_is_refused_with_its_owners() -> None:
    variable: dict[str, Any] = {'k:{"name":"TOKEN"}': {"f:name": {}, "f:value": {}}}
    fields = {"f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"backend"}': {"f:env": variable}}}}}}
    container = {"name": "backend", "env": [{"name": "TOKEN", "value": "plain"}]}
    live = {
        "metadata": {"name": "cron", "uid": "uid-1", "managedFields": [{**HELM, "fieldsV1": fields}]},
        "spec": {"template": {"spec": {"containers": [container]}}},
    }
    body = apply_body(
        "Deployment/cron",
        {"container": "backend", "env": {"TOKEN": {"secret": "s", "key": "k"}}, "volume": {}, "mount": {}},
    )
    api = Api(live)
    with pytest.raises(OwnedByOthersError) as refused:
        dry_run_edit(cast("PlatformApi", api), live, body, "ours", force=False)
    assert refused.value.fields == [('.spec.template.spec.containers[name="backend"].env[name="TOKEN"].value', "helm")]
    dry_run_edit(cast("PlatformApi", api), live, body, "ours", force=True)
    assert api.calls == []
