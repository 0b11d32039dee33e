"""The package's schema, out of which SDKs for all languages are made: every text, type, default and secret in it."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from components.oidc import ExistingValue
from components.pods import PodSettings, SecretKey
from package.parts import PARTS
from package.provider import WHOLES, StudiosProvider
from package.schema import arguments_of
from settings.fields import SECRET_KEYS, applies
from tests.upgrade.earlier import RELEASES, schema_of

SECRET = {
    ("OidcCredentials", "properties", "pem"),
    ("OidcCredentials", "properties", "registrationToken"),
    ("StudiosConfiguration", "inputProperties", "pem"),
    ("StudiosConfiguration", "inputProperties", "token"),
    ("StudiosConfiguration", "inputProperties", "sshKey"),
    ("SshHostKey", "properties", "privateKey"),
    ("StudiosConfiguration", "properties", "checksumKey"),
    ("ComposeStudios", "properties", "bundle"),
    *((whole, "inputProperties", key) for whole, on in WHOLES.items() for key in SECRET_KEYS if applies(key, on)),
    *((whole, "properties", "registrationToken") for whole in WHOLES),
}
#: ``Default: 60.`` or ``Default: `/data`.``, within a description.
DEFAULT = re.compile(r"Default: `?(?P<value>[^`]+?)`?(?:\.|,|$)")
GROUPS = ("inputProperties", "properties")


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(StudiosProvider().schema or "{}")
    return loaded


def _all(schema: dict[str, Any]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    for token, each in {**schema["resources"], **schema["types"]}.items():
        for group in GROUPS:
            for key, value in each.get(group, {}).items():
                yield token.rsplit(":", 1)[1], group, key, value


def test_every_component_argument_and_output_is_described_in_words_of_every_language(schema: dict[str, Any]) -> None:
    assert all(each["description"] for each in {**schema["resources"], **schema["types"]}.values())
    assert [(name, key) for name, _, key, value in _all(schema) if not value.get("description")] == []
    # Python's names of the arguments mean nothing to a program in TypeScript; those of grants are what they are.
    named = {key for _, _, key, value in _all(schema) if re.search(r"`[a-z]+_[a-z_]+`", value["description"])}
    assert named == {"grantType"}
    assert [key for _, _, key, value in _all(schema) if "pulumi config" in value["description"]] == []
    assert schema["description"] == "Seqera Studios on AWS, in components for programs in any language"


def test_what_is_secret_is_marked_so_that_an_sdk_seals_it(schema: dict[str, Any]) -> None:
    found = {(name, group, key) for name, group, key, value in _all(schema) if value.get("secret")}
    assert found - SECRET == set(), "write what is new and secret into SECRET of this test"
    assert SECRET - found == set(), "these must be secret: seal them where the component sets them"


def test_no_type_is_called_args_as_sdks_call_its_arguments_that(schema: dict[str, Any]) -> None:
    types = ("ExistingValue", "PodSettings", "SecretKey", "StudioTemplate")
    assert set(schema["types"]) == {f"studios:index:{name}" for name in types}


def test_a_default_in_a_description_is_the_components_own(schema: dict[str, Any]) -> None:
    described: dict[tuple[str, str], str] = {}
    for name, _, key, value in _all(schema):
        match = DEFAULT.search(value["description"])
        if match and name not in {*WHOLES, "StudioTemplate"}:
            described[name, key] = match["value"]
    defaults = {
        (own.__name__.removesuffix("Args"), _camel(field.name)): str(field.default).lower()
        if isinstance(field.default, bool)
        else str(field.default)
        for own in [*map(arguments_of, PARTS.values()), PodSettings, SecretKey, ExistingValue]
        for field in dataclasses.fields(own)
        # A default of None, of nothing or of a whole map is told in words.
        if field.default not in (dataclasses.MISSING, None, "", ())
    }
    assert described == defaults


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def _without_texts(value: Any) -> Any:
    if isinstance(value, dict):
        texts = {"description"} if isinstance(value.get("description"), str) else set()
        return {key: _without_texts(each) for key, each in value.items() if key not in texts}
    return value


@pytest.mark.parametrize("release", RELEASES)
def test_a_program_for_an_earlier_release_finds_every_component_argument_and_output_with_its_type(
    release: str, schema: dict[str, Any]
) -> None:
    earlier = schema_of(release)
    for group in ("resources", "types"):
        for token, before in earlier[group].items():
            now = schema[group][token]
            for part in GROUPS:
                kept = {key: _without_texts(now[part].get(key)) for key in before.get(part, {})}
                assert kept == _without_texts(before.get(part, {})), f"{token}: {part}"
            assert set(now.get("requiredInputs", [])) <= set(before.get("requiredInputs", [])), token
            if group == "types":
                assert set(now["required"]) <= set(before["required"]), token
