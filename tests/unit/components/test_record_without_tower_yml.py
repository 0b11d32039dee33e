"""The record of Platform's fields, without an edit of tower.yml: the engine drops an input that is None."""

from __future__ import annotations

from typing import Any

import pytest

from components import platform_as_found, platform_provider
from components.platform_as_found import PlatformAsFoundProvider

CONFIG_MAP = "ConfigMap/tower-backend-cfg"
TOWER_YML = {"config_map": "tower-yml", "key": "tower.yml", "allowed_workspaces": "null"}


class Api:
    """A namespace with one ConfigMap that none of the stack's variables is in."""

    namespace = "platform-stage"

    def namespace_uid(self) -> str:
        return "uid"

    def get(self, target: str) -> dict[str, Any] | None:
        return {"metadata": {"name": target.partition("/")[2], "managedFields": []}, "data": {}}


@pytest.mark.parametrize("before", [{}, {"tower_yml": TOWER_YML}])
def test_a_release_without_an_edit_of_tower_yml_is_checked_whatever_was_edited_before(
    before: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (platform_as_found, platform_provider):
        monkeypatch.setattr(module, "preview_api_of", lambda _: Api())
    news = {"field_manager": "studios-prod", "fields": {CONFIG_MAP: {"A": True}}, "take_over": []}
    inputs = PlatformAsFoundProvider().check({**news, **before}, news).inputs
    assert inputs == {**news, "namespace_uid": "uid", "dropped": {CONFIG_MAP: ["A"]}}
