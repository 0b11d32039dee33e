"""The schema by which editors check a stack's file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from ruamel.yaml import YAML

from settings.errors import SettingsError
from settings.fields import FIELDS, SECRET_KEYS, targets_of
from settings.parsing import parse_settings, root_of
from settings.stack_schema import stack_schema
from tests.unit.settings.test_declarations import BESIDE, STACKS, releases_for
from tests.unit.settings.written_values import WORDS, as_handed_over, near

OFTEN = hypothesis_settings(max_examples=4 * hypothesis_settings().max_examples)
ROOT = Path(__file__).parents[3]
SCHEMA = json.loads(stack_schema())
VALIDATOR = Draft7Validator(SCHEMA)


def yaml(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    return loaded


GOLDEN = yaml(Path(__file__).with_name("golden_environment.yml"))
OF_PROJECT = sorted(ROOT.glob("Pulumi.*.yaml"))
POLICY: dict[str, Any] = (FIELDS["transferPolicy"].examples or [])[0]
BUCKET: dict[str, Any] = POLICY["buckets"][0]

#: For each kind of value: what the program takes, and an editor must not mark.
TAKEN: list[tuple[str, list[Any]]] = [
    ("logLevel", ["debug", " Info ", "WARN"]),
    ("sshLogLevel", ["debug", ""]),
    ("pathRouting", [True, False, "yes", "ON", "True", "f", 1, 0, "0"]),
    ("proxyReplicas", [3, "3", " 3 ", 3.0, "+3", "auto", " auto "]),
    ("redisDatabase", [0, "0", "1_000"]),
    ("loadBalancerGroupOrder", [-1000, "-5", "", None]),
    ("namespace", [" platform-stage ", 123, True, "n" * 63 + " "]),
    ("hostedZone", ["Example.com.", " example.com ", "", None]),
    ("platformUrl", ["https://example.com", "HTTPS://Example.com:8443/", " https://example.com "]),
    ("platformVersion", [25.3, "25.3", "v26.2.0", "26.2.0-RC16"]),
    ("storageSize", ["200Mi", " 0.5Gi ", 104857600]),
    ("allowedWorkspaces", ["all", "ALL", " none ", 5, "5", "1, 2", "[1, 2]", [1, "2"], [" 3 "]]),
    ("imagePullSecrets", [[], ["a", 5], "a, b", '["a"]', "a", 5, True]),
    ("sshKeyTypes", [["ssh-rsa"], "ssh-rsa, ssh-ed25519", '["ssh-rsa"]', ""]),
    ("tolerations", [[{"key": "a"}, {"key": "a"}], '[{"key": "a"}]', [], [{"key": "a", "value": 1}]]),
    ("tolerations", [[{"key": "a", "effect": None, "tolerationSeconds": None}]]),
    ("instanceTags", [{"Name": "a"}, {"Name": True}, '{"Name": "a"}', ""]),
    ("proxyLimits", [{"cpu": 1}, {"cpu": "500m"}, {"memory": " 1Gi "}, '{"cpu": "1"}', {}]),
    ("podLabels", [{}, {"a": "b"}, {"a": 1, "b": True}, {"a": ""}, ' {"a": "b"} ']),
    ("caCertificate", ["acme-ca", " acme-ca ", {"configMap": "a"}, {"secret": "a", "configMap": None}, ""]),
    ("redisCaSecret", ["acme", {"name": "acme"}, '{"name": "acme"}']),
    ("affinity", [{}, {"podAntiAffinity": {}}, {"nodeAffinity": None}]),
    ("affinity", [{"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}}]),
    ("extraVolumes", [[{"name": "a", "emptyDir": {}}], [{"name": "a", "configMap": {"name": "b"}}]]),
    ("extraVolumes", [[{"name": "a", "emptyDir": {"sizeLimit": 100}}]]),
    ("studioTemplates", [{"R": {"repository": "a:1-0.12", "tool": "ride", "connectClient": None, "port": "8787"}}]),
    ("studioTemplates", [{"R": {"repository": "a:b", "tool": "ride", "connectClient": 0.12, "icon": 5}}]),
    ("transferPolicy", [{"buckets": [BUCKET | {"quotas": [{"bytes": 1024, "window": " 24h "}]}]}]),
]
#: For each kind of value: what the program refuses, and an editor marks.
REFUSED: list[tuple[str, list[Any]]] = [
    ("proxyReplicas", [0, 101, 1.5, "many", "1.5", [3], True]),
    ("pathRouting", ["maybe", 2, " true", [True]]),
    ("namespace", ["Not a name", ["a"], "n" * 64, "  "]),
    ("logLevel", ["LOUD", 5, ""]),
    ("targetType", ["node", "IP"]),
    ("hostedZone", ["example", "*.example.com", "https://example.com", True]),
    ("platformUrl", ["http://example.com", "example.com", "", True]),
    ("platformVersion", ["26", "latest", ""]),
    ("connectVersion", ["latest", "v1"]),
    ("storageSize", ["100MB", "0Mi", "a lot"]),
    ("allowedWorkspaces", ["some", [], [1, 1], [0], 0, [1.5], {"a": 1}, True]),
    ("imagePullSecrets", [["a", "a"], ["Not a name"], "a, Not a name", {"a": "b"}, [["a"]]]),
    ("sshKeyTypes", [["dsa"], "dsa", [], 5]),
    ("tolerations", ["workload", [{"colour": "red"}], [{"key": 5}], {"key": "a"}]),
    ("instanceTags", [{}, "Name", {"aws:a": "b"}, {"Name": None}, {"Name": "x" * 257}, ["a"]]),
    ("proxyLimits", [{"cpu": "x"}, {"memory": "100MB"}, {"gpu": 1}, "x", {"cpu": None}]),
    ("podLabels", [{"a b": "c"}, {"a": "b c"}, "a", ["a"]]),
    ("caCertificate", [{}, {"key": "a"}, {"configMap": "a", "secret": "b"}, {"file": "a"}, "Not a name"]),
    ("redisPasswordSecret", ["x", {"name": "a"}, {"name": "a", "key": "b", "colour": "red"}]),
    ("affinity", [{"podAntiAffinity": "x"}, {"node": {}}, "x", ["x"]]),
    ("extraVolumes", [[{"name": "a"}], [{"configMap": {}}], ["a"], "a", [{"name": "a", "disk": {}}]]),
    ("extraMounts", [[{"name": "a"}], [{"name": "a", "mountPath": "etc"}], "a"]),
    ("studioTemplates", [{"R": {"repository": "a:1-0.9"}}]),
    ("studioTemplates", [{"R": {"repository": "a:1-0.9", "tool": "ride", "colour": "red"}}]),
    ("studioTemplates", [{"R": {"repository": "a:1-0.9", "tool": "ride", "port": port}} for port in (0, "http", True)]),
    ("transferPolicy", [{}, {"buckets": []}, "x", {"buckets": [BUCKET | {"quotas": []}]}]),
    (
        "transferPolicy",
        [{"buckets": [BUCKET | {"quotas": [{"bytes": size, "window": "24h"}]}]} for size in ("1GiB", 0, True, "", -1)],
    ),
]


def flat(table: list[tuple[str, list[Any]]]) -> list[tuple[str, Any]]:
    return [(key, value) for key, values in table for value in values]


def errors(**values: Any) -> list[str]:
    document = {"config": {f"seqera-studios:{key}": value for key, value in values.items()}}
    return [".".join(map(str, error.absolute_path)) for error in VALIDATOR.iter_errors(document)]


def test_it_is_a_schema_and_has_every_key() -> None:
    Draft7Validator.check_schema(SCHEMA)
    assert list(SCHEMA["properties"]["config"]["properties"]) == [f"seqera-studios:{key}" for key in FIELDS]


@pytest.mark.parametrize("path", OF_PROJECT, ids=lambda path: path.name)
def test_the_stacks_that_come_with_the_project_fit(path: Path) -> None:
    assert list(VALIDATOR.iter_errors(yaml(path))) == []


@pytest.mark.parametrize("part", GOLDEN["stack"])
def test_every_setting_off_its_default_fits(part: str) -> None:
    # Secrets, and they only, have no example.
    sealed = {key: {"secure": "v1:abc"} for key, field in FIELDS.items() if not field.examples}
    values = GOLDEN["stack"][part]
    assert errors(**values | {key: sealed[key] for key in values if key in sealed}) == []


def test_the_stack_files_of_the_tests_fit() -> None:
    files = sorted((ROOT / "tests" / "stacks").glob("*.yaml"))
    found = {path.stem: list(map(str, VALIDATOR.iter_errors(yaml(path)))) for path in files}
    assert found == {name: [] for name in found}
    assert len(found) >= 10


@pytest.mark.parametrize("key", sorted(set(FIELDS) - SECRET_KEYS))
def test_each_example_fits(key: str) -> None:
    (example,) = FIELDS[key].examples or []
    assert errors(**{key: example}) == []
    assert errors(**{key: as_handed_over(example)}) == []


def stack_of(key: str) -> dict[str, Any]:
    """A stack in which only the value of one setting may be wrong."""
    base = STACKS[targets_of(key)[0]]
    written = {**base, **releases_for(key, base), **BESIDE.get(key, {})}
    return {name: value for name, value in written.items() if value is not None}


def problems(key: str, value: Any) -> list[str]:
    """What the program says of a value that is written at a key."""
    values = {**stack_of(key), key: value}
    try:
        parse_settings({name: as_handed_over(each) for name, each in values.items()})
    except SettingsError as error:
        return [problem.message for problem in error.problems if root_of(problem.key) == key]
    return []


def assert_an_editor_takes_what_the_program_takes(key: str, value: Any) -> None:
    if errors(**{key: value}):
        assert problems(key, value) != [], "the schema refuses what the program takes; see settings/stack_schema.py"


@given(st.sampled_from(sorted(set(FIELDS) - SECRET_KEYS)).flatmap(lambda key: st.tuples(st.just(key), near(key))))
def test_whatever_the_program_takes_is_right_to_an_editor(written: tuple[str, Any]) -> None:
    assert_an_editor_takes_what_the_program_takes(*written)


@pytest.mark.slow
@pytest.mark.parametrize("key", sorted(set(FIELDS) - SECRET_KEYS))
def test_every_word_that_the_program_takes_is_right_to_an_editor(key: str) -> None:
    for word in WORDS:
        assert_an_editor_takes_what_the_program_takes(key, word)


@pytest.mark.parametrize(("key", "value"), flat(TAKEN), ids=str)
def test_what_the_program_takes_is_right_to_an_editor(key: str, value: Any) -> None:
    assert problems(key, value) == []
    assert errors(**{key: value}) == []


@pytest.mark.parametrize(("key", "value"), flat(REFUSED), ids=str)
def test_what_the_program_refuses_is_marked_at_its_key(key: str, value: Any) -> None:
    assert problems(key, value) != []
    assert {path.split(".")[1] for path in errors(**{key: value})} == {f"seqera-studios:{key}"}


@pytest.mark.parametrize("value", [{"secure": "v1:abc"}, "", None])
def test_a_secret_is_encrypted_or_not_there(value: Any) -> None:
    assert errors(redisPassword=value) == []
    assert errors(redisPassword="in plain text") == ["config.seqera-studios:redisPassword"]


@pytest.mark.parametrize("prefix", ["", "seqera-studios:config:"])
def test_a_key_without_the_projects_prefix_is_checked_as_pulumi_reads_it(prefix: str) -> None:
    def found(key: str, value: Any) -> list[str]:
        return [".".join(map(str, each.path)) for each in VALIDATOR.iter_errors({"config": {f"{prefix}{key}": value}})]

    assert found("platformUrl", "https://example.com") == []
    assert found("platfromUrl", "https://example.com") == ["config"]
    assert found("proxyReplicas", 0) == [f"config.{prefix}proxyReplicas"]
    assert found("redisPassword", "in-plain-text") == [f"config.{prefix}redisPassword"]


def test_a_misspelt_key_is_marked_and_one_of_a_provider_is_not() -> None:
    assert errors(platfromUrl="https://example.com") == ["config"]
    others = {"aws:region": "us-east-1", "pulumi:disable-default-providers": ["*"], "aws:config:profile": "a"}
    assert list(VALIDATOR.iter_errors({"config": others, "encryptionsalt": "v1:"})) == []
    assert list(VALIDATOR.iter_errors({"config": None})) == []
