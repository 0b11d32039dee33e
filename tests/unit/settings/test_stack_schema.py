"""The schema by which editors check a stack's file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from ruamel.yaml import YAML

from settings.fields import FIELDS
from settings.stack_schema import stack_schema

ROOT = Path(__file__).parents[3]
SCHEMA = json.loads(stack_schema())
VALIDATOR = Draft7Validator(SCHEMA)
GOLDEN: dict[str, Any] = YAML(typ="safe", pure=True).load(
    Path(__file__).with_name("golden_environment.yml").read_text(encoding="utf-8")
)
STACKS = sorted(ROOT.glob("Pulumi.*.yaml"))


def errors(**values: Any) -> list[str]:
    document = {"config": {f"seqera-studios:{key}": value for key, value in values.items()}}
    return [".".join(map(str, error.absolute_path)) for error in VALIDATOR.iter_errors(document)]


def test_it_is_a_schema_and_has_every_key() -> None:
    Draft7Validator.check_schema(SCHEMA)
    assert list(SCHEMA["properties"]["config"]["properties"]) == [f"seqera-studios:{key}" for key in FIELDS]


@pytest.mark.parametrize("path", STACKS, ids=lambda path: path.name)
def test_the_stacks_that_come_with_the_project_fit(path: Path) -> None:
    document = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    assert list(VALIDATOR.iter_errors(document)) == []


@pytest.mark.parametrize("part", GOLDEN["stack"])
def test_every_setting_off_its_default_fits(part: str) -> None:
    sealed = {"redisPassword": {"secure": "v1:abc"}, "managementAuthKey": {"secure": "v1:abc"}}
    values = GOLDEN["stack"][part]
    assert errors(**values | {key: sealed[key] for key in values if key in sealed}) == []


def test_a_number_or_a_truth_may_be_written_as_text_and_a_list_or_a_map_as_json() -> None:
    assert errors(proxyReplicas="3", pathRouting="true", platformVersion=25.3, imagePullSecrets='["a"]') == []
    assert errors(nodeSelector='{"a": "b"}', proxyLimits={"cpu": 1}, allowedWorkspaces="1,2") == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("proxyReplicas", 0),
        ("proxyReplicas", "many"),
        ("pathRouting", "maybe"),
        ("namespace", "Not a name"),
        ("targetType", "node"),
        ("redisPassword", "in plain text"),
        ("studioTemplates", {"R": {"repository": "a:1-0.9"}}),
        ("studioTemplates", {"R": {"repository": "a:1-0.9", "tool": "ride", "colour": "red"}}),
        ("proxyLimits", {"gpu": 1}),
        ("imagePullSecrets", ["a", "a"]),
    ],
)
def test_a_wrong_value_is_marked_at_its_key(key: str, value: object) -> None:
    assert {path.split(".")[1] for path in errors(**{key: value})} == {f"seqera-studios:{key}"}


def test_a_misspelt_key_is_marked_and_one_of_a_provider_is_not() -> None:
    assert errors(platfromUrl="https://example.com") == ["config"]
    assert list(VALIDATOR.iter_errors({"config": {"aws:region": "us-east-1"}, "encryptionsalt": "v1:"})) == []
