"""The project file, the stacks beside it and the table agree with the model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field
from ruamel.yaml import YAML

from package.schema import type_in_the_package
from settings.declared_types import Type
from settings.documents import configuration_page, project_config
from settings.fields import FIELDS
from settings.model import SECTIONS
from settings.parsing import parse_settings
from settings.reference import kind_of, kind_of_type
from settings.targets import ALL_TITLES

ROOT = Path(__file__).parents[3]
PREFIX = "seqera-studios:"


def yaml(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe", pure=True).load((ROOT / name).read_text(encoding="utf-8"))
    return loaded


def stored(value: object) -> object:
    """A value as the engine hands it to a program: text, and JSON for lists and maps."""
    return value if isinstance(value, str) else json.dumps(value)


def test_the_project_file_declares_every_key_as_the_model_has_it() -> None:
    assert yaml("Pulumi.yaml")["config"] == project_config()


def test_the_defaults_that_the_engine_injects_change_nothing() -> None:
    injected = {key: stored(entry["default"]) for key, entry in yaml("Pulumi.yaml")["config"].items()}
    least = {
        "platformUrl": "https://example.com",
        "platformVersion": "25.1",
        "namespace": "platform-stage",
        "redisAddress": "redis",
        "hostedZone": "example.com",
    }
    assert parse_settings({**injected, **least}) == parse_settings(least)


@pytest.mark.parametrize(("stack", "target"), [("dev", "kubernetes"), ("local", "kubernetes"), ("compose", "compose")])
def test_the_stacks_that_come_with_the_project_are_valid(stack: str, target: str) -> None:
    config = yaml(f"Pulumi.{stack}.yaml")["config"]
    own = {key.removeprefix(PREFIX): stored(value) for key, value in config.items() if key.startswith(PREFIX)}
    settings = parse_settings(own)
    assert settings.target == target
    assert config["aws:region"] == "us-east-1"


@pytest.mark.parametrize("stack", ["dev", "compose"])
def test_every_commented_line_of_the_stack_to_copy_names_a_setting(stack: str) -> None:
    lines = (ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8").splitlines()
    commented = [line.strip(" #") for line in lines if line.strip().startswith(f"# {PREFIX}")]
    assert len(commented) >= 5
    assert {line.removeprefix(PREFIX).split(":")[0] for line in commented} <= set(FIELDS)


def test_the_page_has_a_heading_for_each_section_and_a_row_for_each_key() -> None:
    page, on_all = configuration_page(), ALL_TITLES
    assert page.count("\n| `") == len(FIELDS)
    assert page.count("\n## ") == 1 + len(SECTIONS)
    for row in (
        f"| `platformUrl` | text | **required** | {on_all} |  | `PLATFORM_URL` (proxy) | Where users reach",
        f"| `pathRouting` | boolean | `false` | {on_all} | Platform 25.2, Connect 0.8.2 | `TOWER_DATA_STUDIO_",
        f"| `redisPassword` | secret | none | {on_all} |  | `CONNECT_REDIS_PASSWORD` (proxy and server, from a Secret)",
        "| `redisAddress` | text | **required**, on Compose `redis:6379`",
        "| `nodeSelector` | map | `kubernetes.io/arch: amd64` | Kubernetes |  |  | Labels of the nodes",
        "`TOWER_DATA_STUDIO_ALLOWED_WORKSPACES` (Platform)<br>`tower.data-studio.allowed-workspaces` (tower.yml) |",
    ):
        assert row in page, row


def test_every_setting_says_what_it_is() -> None:
    for key, field in FIELDS.items():
        assert field.description, key
        assert kind_of(field)


@pytest.mark.parametrize(
    ("annotation", "word", "in_the_package"),
    [
        (float | None, "number", {"type": "number"}),
        (Annotated[float, Field(ge=0)], "number", {"type": "number"}),
        (tuple[int, ...], "list", {"type": "array", "items": {"type": "integer"}}),
        (dict[str, bool], "map", {"type": "object", "additionalProperties": {"type": "boolean"}}),
        (
            Literal["all"] | tuple[int, ...],
            "words or list",
            {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "integer"}}]},
        ),
    ],
    ids=str,
)
def test_each_kind_of_value_has_its_word_and_its_type(annotation: Any, word: str, in_the_package: object) -> None:
    assert kind_of_type(Type.of(annotation)) == word
    assert type_in_the_package(Type.of(annotation)) == in_the_package


def test_a_kind_of_value_without_a_word_is_refused_with_where_to_add_it() -> None:
    with pytest.raises(TypeError, match="has no word in documents; add it to settings/reference"):
        kind_of_type(Type.of(bytes))


def test_every_setting_says_what_its_default_is() -> None:
    rows = [line for line in configuration_page().splitlines() if line.startswith("| `")]
    assert [row.split(" | ")[0] for row in rows if not row.split(" | ")[2].strip()] == []
    assert any(row.startswith("| `podLabels` | map | none |") for row in rows)
