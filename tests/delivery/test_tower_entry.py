"""Entries of tower.yml on a Docker Compose host: set, remembered, and restored one by one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from studios_host.errors import RefusedError
from studios_host.tower_entry import Known, mounted, remembered, restored, with_entries

from settings.host_names import ALLOWED_WORKSPACES_ENTRY

THRESHOLD = "tower.data-studio.approaching-expiration-threshold"
BEFORE = "# the owner's\ntower:\n  admin: {}\n"


@pytest.fixture
def tower_yml(tmp_path: Path) -> Path:
    path = tmp_path / "tower.yml"
    path.write_text(BEFORE)
    return path


def set_entries(path: Path, known: Known, take_over: bool = False, **entries: str) -> Known:
    names = {"workspaces": ALLOWED_WORKSPACES_ENTRY, "threshold": THRESHOLD}
    wanted = {names[name]: value for name, value in entries.items()}
    text, memory = with_entries(path, known, wanted, take_over=take_over)
    path.write_bytes(text)
    return remembered(json.loads(memory))


def test_a_release_that_reads_other_entries_gets_those_and_gives_the_earlier_ones_back(tower_yml: Path) -> None:
    known = set_entries(tower_yml, {}, workspaces="[1]")
    known = set_entries(tower_yml, known, workspaces="[1]", threshold='"30m"')
    data = '  data-studio:\n    approaching-expiration-threshold: "30m"\n    allowed-workspaces: [1]\n'
    assert tower_yml.read_text() == BEFORE.replace("tower:\n", f"tower:\n{data}")
    known = set_entries(tower_yml, known, threshold='"45m"')
    data = '  data-studio:\n    approaching-expiration-threshold: "45m"\n'
    assert tower_yml.read_text() == BEFORE.replace("tower:\n", f"tower:\n{data}")
    assert restored(tower_yml, known).decode() == BEFORE


def test_what_1_0_0_remembered_is_that_of_the_workspaces(tower_yml: Path) -> None:
    memory = {"earlier": {"depth": 1, "source": None}, "written": ["null"]}
    assert remembered(memory) == {ALLOWED_WORKSPACES_ENTRY: memory}
    assert remembered(None) == {}
    tower_yml.write_text(BEFORE.replace("tower:\n", "tower:\n  data-studio:\n    allowed-workspaces: null\n"))
    assert restored(tower_yml, remembered(memory)).decode() == BEFORE


def test_all_entries_of_others_are_told_at_once_with_their_settings(tower_yml: Path) -> None:
    theirs = "tower:\n  data-studio:\n    allowed-workspaces: [7]\n    approaching-expiration-threshold: 15m\n"
    tower_yml.write_text(theirs)
    with pytest.raises(RefusedError) as refused:
        set_entries(tower_yml, {}, workspaces="null", threshold='"30m"')
    first, second = str(refused.value).splitlines()
    assert first.startswith(f"{ALLOWED_WORKSPACES_ENTRY} in {tower_yml} is [7], and this stack would set null; ")
    assert second == (
        f'{THRESHOLD} in {tower_yml} is "15m", and this stack would set "30m"; '
        "write the same in approachingExpirationThreshold, or take it over: takeOver: [tower.yml]"
    )
    known = set_entries(tower_yml, {}, take_over=True, workspaces="null", threshold='"30m"')
    assert restored(tower_yml, known).decode() == theirs


def test_a_service_without_the_file_is_refused_with_the_entries_that_it_would_not_read() -> None:
    model: dict[str, Any] = {"services": {"backend": {}}}
    with pytest.raises(RefusedError) as refused:
        mounted(model, ("backend",), [THRESHOLD])
    assert str(refused.value) == (
        f"no file is mounted at /tower.yml into backend, and Platform reads {THRESHOLD} there: "
        "add ./tower.yml:/tower.yml to its volumes"
    )


@pytest.mark.parametrize(
    "text", ["tower.dataStudio.allowedWorkspaces: [7]\n", "tower:\n  dataStudio.allowedWorkspaces: [7]\n"]
)
def test_an_entry_of_the_owners_in_one_line_is_refused_on_the_host_too(tower_yml: Path, text: str) -> None:
    tower_yml.write_text(text)
    with pytest.raises(RefusedError) as refused:
        set_entries(tower_yml, {}, workspaces="null")
    assert "has tower.dataStudio.allowedWorkspaces (line " in str(refused.value)
    assert str(refused.value).endswith(
        f", which Platform reads as {ALLOWED_WORKSPACES_ENTRY}; write it nested, a line each"
    )
