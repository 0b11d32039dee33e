"""Which workspaces have Studios stays as it is: an adoption opens it to none that has had none."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.adopt.plan import Row
from settings.errors import SettingsError
from testbed.platform.shapes import Objects
from tests.unit.survey.conftest import FakeApi

from .test_plan import planned

VARIABLE = "TOWER_DATA_STUDIO_ALLOWED_WORKSPACES"
IN_MAP, IN_FILE = "ConfigMap/tower-backend-cfg", "tower.yml in ConfigMap/tower-yml"
#: The engine hands it over where the stack's file says nothing.
DEFAULT = {"allowedWorkspaces": "all"}


def entry(text: str) -> str:
    return f"tower:\n  data-studio:\n    allowed-workspaces: {text}\n"


def with_file(objects: Objects, text: str) -> None:
    objects["ConfigMap/tower-yml"]["data"]["tower.yml"] = text


def with_variable(objects: Objects, value: str) -> None:
    objects["ConfigMap/tower-backend-cfg"]["data"][VARIABLE] = value


def in_env(objects: Objects, **source: Any) -> None:
    for name in ("backend", "cron"):
        container = objects[f"Deployment/{name}"]["spec"]["template"]["spec"]["containers"][0]
        container.setdefault("env", []).append({"name": VARIABLE, **source})


def kept(api: FakeApi, objects: Objects, **values: Any) -> tuple[object, Row]:
    plan = planned(api, objects, **{**DEFAULT, **values})
    (row,) = (each for each in plan.rows if each.what == "workspaces with Studios")
    return plan.settings.get("allowedWorkspaces"), row


def left(how: str) -> Row:
    return Row("workspaces with Studios", "left", how)


@pytest.mark.parametrize("release", ["25.1", "25.2", "25.3"])
@pytest.mark.parametrize(
    ("text", "value", "how"),
    [
        ("mail: {}\n", "none", f"none, since {IN_FILE} names none"),
        (entry("[]"), "none", f"none, since {IN_FILE} names none"),
        (entry("[7, 8]"), [7, 8], f"7, 8, as {IN_FILE} has it"),
        (entry("7"), [7], f"7, as {IN_FILE} has it"),
        (entry('"7, 8"'), [7, 8], f"7, 8, as {IN_FILE} has it"),
        (entry("null"), None, f"all, as {IN_FILE} has it"),
    ],
)
def test_what_tower_yml_says_stays_and_no_entry_means_none(
    api: FakeApi, objects: Objects, release: str, text: str, value: object, how: str
) -> None:
    with_file(objects, text)
    assert kept(api, objects, platformVersion=release) == (value, left(how))


@pytest.mark.parametrize(("text", "value", "shown"), [("1,2", [1, 2], "1, 2"), ("", "none", "none"), (" 3 ", [3], "3")])
@pytest.mark.parametrize("release", ["25.3", "26.1"])
def test_the_variable_stays_and_wins_over_tower_yml(
    api: FakeApi, objects: Objects, release: str, text: str, value: object, shown: str
) -> None:
    with_variable(objects, text)
    assert kept(api, objects, platformVersion=release) == (value, left(f"{shown}, as {IN_MAP} has it"))


def test_the_variable_is_seen_in_the_container_too(api: FakeApi, objects: Objects) -> None:
    with_variable(objects, "1")
    in_env(objects, value="1,2")
    expected = ([1, 2], left("1, 2, as env of the container has it"))
    assert kept(api, objects, platformVersion="26.1") == expected


def test_without_a_variable_every_workspace_has_studios_from_26_1_on(api: FakeApi, objects: Objects) -> None:
    with_file(objects, "mail: {}\n")
    how = "all, since Deployment/backend has no variable for it"
    assert kept(api, objects, platformVersion="26.1") == (None, left(how))


@pytest.mark.parametrize(
    ("release", "text", "value", "why"),
    [
        ("25.3", entry("${WORKSPACES}"), None, f"{IN_FILE} has a value that is not a list of ids"),
        ("25.3", entry("null"), "1,x", f"{IN_MAP} has a value that is not a list of ids"),
        ("26.1", entry("null"), "${WORKSPACES}", f"{IN_MAP} has a value that is not a list of ids"),
    ],
)
def test_what_can_not_be_told_is_asked_for(
    api: FakeApi, objects: Objects, release: str, text: str, value: str | None, why: str
) -> None:
    with_file(objects, text)
    if value is not None:
        with_variable(objects, value)
    with pytest.raises(SettingsError) as caught:
        planned(api, objects, platformVersion=release, **DEFAULT)
    assert str(caught.value) == (
        f"seqera-studios:allowedWorkspaces: must say which workspaces have Studios, for example [1, 2] or none, since "
        f"{why}; for all of them, write that in Platform"
    )
    assert kept(api, objects, platformVersion=release, allowedWorkspaces="[5]")[1] == Row(
        "workspaces with Studios",
        "replaced",
        f"what {why.partition(' has')[0]} has becomes 5, as allowedWorkspaces says",
    )


def test_a_variable_out_of_a_secret_is_asked_for(api: FakeApi, objects: Objects) -> None:
    in_env(objects, valueFrom={"secretKeyRef": {"name": "workspaces", "key": "ids"}})
    with pytest.raises(SettingsError) as caught:
        planned(api, objects, **DEFAULT)
    assert "since env of the container, key ids of Secret/workspaces has a value that is not read" in str(caught.value)


def test_what_the_stack_file_restricts_further_is_told(api: FakeApi, objects: Objects) -> None:
    with_file(objects, entry("[7, 8]"))
    how = f"7, 8 of {IN_FILE} becomes none, as allowedWorkspaces says"
    assert kept(api, objects, allowedWorkspaces="none") == (None, Row("workspaces with Studios", "replaced", how))
    assert kept(api, objects, allowedWorkspaces="[8, 7]")[1] == left(f"7, 8, as {IN_FILE} has it")


def test_a_tower_yml_that_can_not_be_read_is_told_as_the_preview_tells_it(api: FakeApi, objects: Objects) -> None:
    with_file(objects, "tower:\n  dataStudio:\n    allowedWorkspaces: [1]\n")
    with pytest.raises(SettingsError) as caught:
        planned(api, objects, **DEFAULT)
    assert 'towerYmlKey: "tower.yml" in ConfigMap tower-yml has tower.dataStudio' in str(caught.value)
