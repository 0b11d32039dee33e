"""What an owner has dropped since the last update is an input of its own, so that a preview shows that and no more."""

from __future__ import annotations

from typing import Any

import pytest

from components.platform_as_found import PlatformAsFoundProvider
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
