"""The stack files of tests/stacks: each setting stands in one of them, off its default, and each is right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from settings.errors import SettingsError
from settings.fields import FIELDS, marks, since
from settings.marks import COMPUTED, TowerYml, Variable
from settings.parsing import parse_settings
from settings.versions import Version

FOLDER = Path(__file__).parents[2] / "stacks"
PREFIX = "seqera-studios:"
DOCUMENTS: dict[str, dict[str, Any]] = {
    path.stem: YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.yaml")
}
LARGEST_NUMBER_OF_FILES = 12


def written(name: str, **changes: Any) -> tuple[dict[str, Any], set[str]]:
    """The values as the engine hands them over, and the keys of those that are encrypted."""
    values = {
        key.removeprefix(PREFIX): value for key, value in DOCUMENTS[name]["config"].items() if key.startswith(PREFIX)
    }
    secret = {key for key, value in values.items() if isinstance(value, dict) and set(value) == {"secure"}}
    plain = {key: value["secure"] if key in secret else value for key, value in values.items()} | changes
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in plain.items()}, secret


def is_written_as_declared(key: str) -> bool:
    """Whether the setting becomes a variable or an entry of tower.yml by its declaration only."""
    variables = [variable.write is not COMPUTED for variable in marks(key, Variable)]
    written = variables + [not entry.is_computed for entry in marks(key, TowerYml)]
    return bool(written) and all(written)


def test_there_are_no_more_files_than_a_reader_keeps_in_mind() -> None:
    assert 0 < len(DOCUMENTS) <= LARGEST_NUMBER_OF_FILES


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_a_release_that_knows_the_file_takes_it(name: str) -> None:
    parse_settings(*written(name))


@pytest.mark.parametrize(
    ("name", "refused"), [(name, each) for name, document in DOCUMENTS.items() for each in document.get("refused", [])]
)
def test_a_release_that_does_not_know_the_file_refuses_it(name: str, refused: dict[str, str]) -> None:
    key = refused["key"]
    with pytest.raises(SettingsError) as error:
        parse_settings(*written(name, **{each: value for each, value in refused.items() if each != "key"}))
    assert key in [problem.key for problem in error.value.problems if "needs" in problem.message]


def test_each_setting_stands_in_a_file_off_its_default() -> None:
    found: set[str] = set()
    for name in DOCUMENTS:
        values, secret = written(name)
        read = parse_settings(values, secret).model_dump(by_alias=True)
        found |= {key for key in values if read[key] != FIELDS[key].default}
    # One that is a variable only is off its default in the table of variables.
    missing = [key for key in FIELDS if key not in found and not is_written_as_declared(key)]
    assert missing == [], (
        f"add each of {missing} to a file of tests/stacks that its target and releases fit, as seqera-studios:<key> "
        "with a value other than its default"
    )


def test_each_setting_that_a_release_has_brought_is_refused_on_an_earlier_one() -> None:
    for name in DOCUMENTS:
        values, secret = written(name)
        for key in values:
            first = since(key)
            if first.platform is None:
                continue
            older = "25.1" if Version.parse(first.platform) > Version(25, 1) else None
            assert older is not None
            with pytest.raises(SettingsError) as error:
                parse_settings({**values, "platformVersion": older}, secret)
            if FIELDS[key].default != parse_settings(values, secret).model_dump(by_alias=True)[key]:
                assert key in [problem.key for problem in error.value.problems], key
