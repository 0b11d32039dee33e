"""The stack's record tells an entry of its own in tower.yml from one that another owner has written since."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from live.platform import PlatformApi, PlatformError
from live.tower_yml import OriginalEntry, TowerYmlEntry, entries_of, tower_yml_edit
from settings.host_names import ALLOWED_WORKSPACES_ENTRY

MANAGER = "studios-prod"


class OneConfigMap:
    """An API with one ConfigMap, of which helm owns the file."""

    def __init__(self, value: str) -> None:
        entry = f"tower:\n  data-studio:\n    allowed-workspaces: {value}\n"
        fields = {"manager": "helm", "operation": "Update", "fieldsV1": {"f:data": {"f:tower.yml": {}}}}
        self.live = {"metadata": {"name": "tower-yml", "managedFields": [fields]}, "data": {"tower.yml": entry}}

    def get(self, target: str) -> dict[str, Any]:
        assert target == "ConfigMap/tower-yml"
        return self.live


def check(value: str, wanted: str, written: list[str] | None, take_over: list[str] | None = None) -> None:
    file = TowerYmlEntry(
        cast("PlatformApi", OneConfigMap(value)), "tower-yml", "tower.yml", MANAGER, ALLOWED_WORKSPACES_ENTRY
    )
    record = OriginalEntry(config_map="tower-yml", key="tower.yml", entry={}, owners=[], written=written or [])
    file.dry_run(wanted, None if written is None else record, take_over or [])


@pytest.mark.parametrize("written", [["null"], ["[1, 2]", "null"]])
def test_an_entry_that_the_stack_has_written_may_be_changed(written: list[str]) -> None:
    check("null", "[]", written)


@pytest.mark.parametrize("written", [None, [], ["null"]])
def test_an_entry_that_the_stack_has_not_written_is_refused_with_both_values_and_the_ways_out(
    written: list[str] | None,
) -> None:
    with pytest.raises(PlatformError) as caught:
        check("[7]", "null", written, ["ConfigMap/tower-backend-cfg"])
    assert str(caught.value) == (
        "ConfigMap/tower-yml has [7] for tower.data-studio.allowed-workspaces in tower.yml, owned by helm, and this "
        "stack sets null; change allowedWorkspaces, or let the stack replace it: "
        "pulumi config set --path 'takeOver[1]' ConfigMap/tower-yml"
    )
    check("[7]", "null", written, ["ConfigMap/tower-yml"])


def test_an_entry_that_says_already_what_the_stack_sets_is_nobodys_loss() -> None:
    check("[7, 8]  # for the pilot", json.dumps([7, 8]), None)


def test_what_another_entry_of_this_stack_has_added_is_none_of_what_was_found() -> None:
    api = OneConfigMap("null")
    workspaces = OriginalEntry(
        config_map="tower-yml", key="tower.yml", entry={"depth": 0, "source": None}, owners=[], written=["null"]
    )
    name = "tower.data-studio.approaching-expiration-threshold"
    entry = TowerYmlEntry(cast("PlatformApi", api), "tower-yml", "tower.yml", MANAGER, name)
    assert entry.recorded('"30m"', None, [workspaces])["entry"] == {"depth": 0, "source": None}
    recorded = entry.recorded('"30m"', None)
    assert (recorded["entry"], recorded["path"], recorded["written"]) == (
        {"depth": 2, "source": None},
        name,
        ['"30m"'],
    )
    assert [each["manager"] for each in recorded["owners"]] == ["helm"]


@pytest.mark.parametrize(
    ("entries", "edit"),
    [
        ({}, None),
        ({ALLOWED_WORKSPACES_ENTRY: "null"}, {"allowed_workspaces": "null"}),
        ({"a.b": '"30m"'}, {"entries": {"a.b": '"30m"'}}),
        ({"a.b": "1", ALLOWED_WORKSPACES_ENTRY: "[]"}, {"allowed_workspaces": "[]", "entries": {"a.b": "1"}}),
    ],
)
def test_an_edit_has_the_form_of_1_0_0_where_that_suffices(
    entries: dict[str, str], edit: dict[str, Any] | None
) -> None:
    made = tower_yml_edit("tower-yml", "tower.yml", entries)
    assert made == (edit and {"config_map": "tower-yml", "key": "tower.yml", **edit})
    assert entries_of(made) == entries
