"""Studio templates that an earlier setup has left in Platform's ConfigMap are removed on request."""

from __future__ import annotations

from typing import Any

import pytest

from live.api import ClusterApi
from pipeline.adopt.templates import old_templates, remove, shown
from settings.parsing import parse_settings
from tests.unit.survey.conftest import CORE, LEAST, FakeApi, platform

__all__ = ["platform"]

OWNER = "studios-local"
OLD = ["TOWER_DATA_STUDIO_TEMPLATES_OLD_R_ICON", "TOWER_DATA_STUDIO_TEMPLATES_OLD_R_TOOL"]
OWN = "TOWER_DATA_STUDIO_TEMPLATES_JUPYTER_TOOL"


def config_map(api: FakeApi) -> dict[str, Any]:
    found: dict[str, Any] = api.lists[f"{CORE}/configmaps"][0]
    return found


def found(api: FakeApi) -> dict[str, Any]:
    return old_templates(ClusterApi(api.access), parse_settings(LEAST), OWNER)


def test_those_that_are_not_the_stacks_are_found_in_the_config_map_that_backend_reads(platform: FakeApi) -> None:
    assert found(platform) == {}
    config_map(platform)["data"] |= {**dict.fromkeys(OLD, "x"), OWN: "jupyter"}
    assert found(platform) == {"tower-backend-cfg": OLD}
    assert shown("tower-backend-cfg", OLD) == "the Studio templates OLD_R in ConfigMap/tower-backend-cfg"


@pytest.mark.parametrize("place", ["env", "envFrom"])
def test_those_of_a_container_or_a_secret_are_left_to_their_owner(platform: FakeApi, place: str) -> None:
    container = platform.lists["/apis/apps/v1/namespaces/platform-stage/deployments"][0]["spec"]["template"]["spec"][
        "containers"
    ][0]
    if place == "env":
        container["env"] = [{"name": OLD[0], "value": "x"}]
    else:
        owned = {"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:data": {f"f:{OLD[0]}": {}}}}
        platform.lists[f"{CORE}/secrets"][1]["metadata"]["managedFields"] = [owned]
    assert found(platform) == {}


def test_each_variable_is_taken_out_and_nothing_else_is_sent(platform: FakeApi) -> None:
    remove(ClusterApi(platform.access), "platform-stage", {"tower-backend-cfg": OLD})
    assert platform.posted == [{"data": dict.fromkeys(OLD)}]
    assert [(method, path) for method, path, _ in platform.asked] == [("PATCH", f"{CORE}/configmaps/tower-backend-cfg")]
