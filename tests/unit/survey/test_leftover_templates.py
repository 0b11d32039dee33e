"""Templates of an earlier setup that Platform would go on offering are told, with the command that removes them."""

from __future__ import annotations

import json
import shlex
from typing import Any

from settings.parsing import parse_settings
from survey.platform import survey_platform

from .conftest import APPS, CORE, LEAST, FakeApi, named

OWNER = "studios-local"
OLD = {f"TOWER_DATA_STUDIO_TEMPLATES_OLD_R_{part}": "x" for part in ("ICON", "REPOSITORY", "TOOL", "STATUS", "PORT")}


def warnings(api: FakeApi) -> list[str]:
    return list(survey_platform(api.access, parse_settings(LEAST), field_manager=OWNER).warnings)


def config_map(api: FakeApi) -> dict[str, Any]:
    found: dict[str, Any] = api.lists[f"{CORE}/configmaps"][0]
    return found


def test_a_platform_without_templates_has_no_leftovers(platform: FakeApi) -> None:
    assert warnings(platform) == []


def test_templates_in_platforms_config_map_are_told_with_a_command_that_removes_each_variable(
    platform: FakeApi,
) -> None:
    config_map(platform)["data"] |= OLD
    (warning,) = warnings(platform)
    told, _, command = warning.partition("; to end that, run: ")
    assert told == (
        "ConfigMap/tower-backend-cfg has Studio templates that are not of this stack (OLD_R), and Platform offers them "
        "beside those of studioTemplates"
    )
    command, _, rest = command.partition(", and ")
    assert rest == "restart backend"
    *words, patch = shlex.split(command)
    assert words == ["kubectl", "-n", "platform-stage", "patch", "configmap", "tower-backend-cfg", "--type=merge", "-p"]
    assert json.loads(patch) == {"data": dict.fromkeys(OLD)}


def test_templates_of_the_same_keys_are_no_leftovers_but_a_conflict_of_their_own(platform: FakeApi) -> None:
    name = "TOWER_DATA_STUDIO_TEMPLATES_JUPYTER_STATUS"
    config_map(platform)["data"][name] = "recommended"
    assert warnings(platform) == []


def test_templates_that_the_stack_has_written_itself_are_no_leftovers(platform: FakeApi) -> None:
    config_map(platform)["data"] |= OLD
    owned: dict[str, Any] = {"f:data": {f"f:{name}": {} for name in OLD}}
    config_map(platform)["metadata"]["managedFields"] = [
        {"manager": OWNER, "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": owned}
    ]
    assert warnings(platform) == []


def test_templates_in_the_containers_own_environment_are_told_with_their_names(platform: FakeApi) -> None:
    container = platform.lists[f"{APPS}/deployments"][0]["spec"]["template"]["spec"]["containers"][0]
    container["env"] = [{"name": name, "value": "x"} for name in list(OLD)[:2]]
    (warning,) = warnings(platform)
    assert warning == (
        "env of the container has Studio templates that are not of this stack (OLD_R), and Platform offers them beside "
        "those of studioTemplates; to end that, remove TOWER_DATA_STUDIO_TEMPLATES_OLD_R_ICON, "
        "TOWER_DATA_STUDIO_TEMPLATES_OLD_R_REPOSITORY there"
    )


def test_templates_in_a_further_config_map_are_told_with_its_name(platform: FakeApi) -> None:
    platform.lists[f"{CORE}/configmaps"].append(named("tower-extra", data=OLD))
    container = platform.lists[f"{APPS}/deployments"][0]["spec"]["template"]["spec"]["containers"][0]
    container["envFrom"].append({"configMapRef": {"name": "tower-extra"}})
    (warning,) = warnings(platform)
    assert "patch configmap tower-extra --type=merge" in warning
