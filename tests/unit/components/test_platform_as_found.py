"""What an owner has dropped since the last update is an input of its own, so that a preview shows that and no more."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.platform_as_found import PlatformAsFoundProvider
from live.platform import PlatformError
from tests.unit.survey.conftest import CORE, FakeApi, api, platform
from tests.unit.survey.test_every_call import edits

__all__ = ["api", "platform"]

ENTRY = "tower:\n  data-studio:\n    allowed-workspaces: null\n"


def write(api: FakeApi, text: str) -> None:
    (config_map,) = (each for each in api.lists[f"{CORE}/configmaps"] if each["metadata"]["name"] == "tower-yml")
    config_map["data"]["tower.yml"] = text


def dropped(api: FakeApi, **before: Any) -> object:
    """What a preview adds to the inputs for tower.yml, after an update with the same ones, or with others."""
    props = edits(api)
    checked = PlatformAsFoundProvider().check({**props, **before}, props).inputs
    return checked.get("dropped", {}).get("ConfigMap/tower-yml")


@pytest.mark.parametrize(
    "text", ["tower:\n  a: 1\n", "tower:\n  data-studio:\n", "tower:\n  data-studio: {other: 1}\n"]
)
def test_an_entry_of_tower_yml_that_is_gone_is_named(platform: FakeApi, text: str) -> None:
    write(platform, text)
    assert dropped(platform) == ["tower.yml allowed-workspaces"]


def test_an_entry_that_is_as_written_is_not(platform: FakeApi) -> None:
    write(platform, ENTRY)
    assert dropped(platform) is None


def test_another_setting_is_a_difference_of_its_own(platform: FakeApi) -> None:
    write(platform, "tower:\n  data-studio:\n    allowed-workspaces: [7]\n")
    assert dropped(platform, tower_yml={**edits(platform)["tower_yml"], "allowed_workspaces": "[7]"}) is None
    assert dropped(platform, tower_yml=None) is None


FILE = {"config_map": "tower-yml", "key": "tower.yml"}
ALL: dict[str, Any] = {**FILE, "allowed_workspaces": "null"}
TWO: dict[str, Any] = {**FILE, "allowed_workspaces": "[1, 2]"}
THRESHOLD: dict[str, Any] = {**ALL, "entries": {"tower.data-studio.approaching-expiration-threshold": '"15m"'}}


def previewed(api: FakeApi, before: Any, now: Any) -> object:
    """What a preview decides of the record, after an update with another edit of tower.yml: by check, then by diff."""
    provider, props = PlatformAsFoundProvider(), edits(api)
    record = {**FILE, "entry": {"depth": 1, "source": None}, "owners": [], "written": ["null"]}
    olds, news = {**props, "tower_yml": before}, {**props, "tower_yml": now}
    found = json.dumps({"objects": {}, "files": [] if before is None else [record]})
    return provider.diff("id", {**olds, "found": found}, provider.check(olds, news).inputs).changes


@pytest.mark.parametrize(
    ("before", "now", "ours"),
    [(ALL, ALL, "null"), (ALL, TWO, "[1, 2]"), (None, ALL, "null"), (None, TWO, "[1, 2]"), (ALL, THRESHOLD, "null")],
    ids=["no change", "other workspaces", "back to 25.3", "back to 25.3 with others", "a further entry"],
)
def test_a_preview_refuses_an_entry_that_the_owner_has_written_since_whatever_else_changes(
    platform: FakeApi, before: Any, now: Any, ours: str
) -> None:
    write(platform, "tower:\n  data-studio:\n    allowed-workspaces: [7]\n")
    with pytest.raises(PlatformError) as caught:
        previewed(platform, before, now)
    assert str(caught.value) == (
        "ConfigMap/tower-yml has [7] for tower.data-studio.allowed-workspaces in tower.yml, owned by no named manager, "
        f"and this stack sets {ours}; change allowedWorkspaces, or let the stack replace it: "
        "pulumi config set --path 'takeOver[1]' ConfigMap/tower-yml"
    )


def test_a_preview_names_each_entry_that_the_owner_has_written_since(platform: FakeApi) -> None:
    owners = "    allowed-workspaces: [7]\n    approaching-expiration-threshold: 1h\n"
    write(platform, f"tower:\n  data-studio:\n{owners}")
    with pytest.raises(PlatformError) as caught:
        previewed(platform, ALL, THRESHOLD)
    first, second = str(caught.value).split("; ConfigMap/tower-yml has ")
    assert first.startswith('ConfigMap/tower-yml has "1h" for tower.data-studio.approaching-expiration-threshold in ')
    assert second.startswith("[7] for tower.data-studio.allowed-workspaces in tower.yml, ")


def test_a_preview_lets_pass_what_the_stack_may_write(platform: FakeApi) -> None:
    # None: the engine compares the inputs.
    for text in (ENTRY, "tower:\n  a: 1\n"):
        write(platform, text)
        for now in (ALL, TWO, THRESHOLD):
            assert previewed(platform, ALL, now) is None
