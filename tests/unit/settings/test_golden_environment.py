"""Every variable that the program writes stands in one table, by target and by release."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from components.studios_on_kubernetes import KubernetesStudios, KubernetesStudiosArgs
from delivery.bundle import Credentials, bundle
from live.cluster import Cluster
from live.tower_yml import entries_of
from settings import host_names, releases
from settings.errors import SettingsError
from settings.fields import FIELDS, SECRET_KEYS, marks, since, targets_of
from settings.host_names import ALLOWED_WORKSPACES_ENTRY
from settings.marks import COMPUTED, Since, TowerYml, Variable
from settings.model import Settings
from settings.parsing import parse_settings
from settings.releases import default_connect_version
from settings.versions import Version
from survey.conflicts import conflicts
from tests.unit.components.mocks import FINGERPRINT, Recording, run

GOLDEN: dict[str, Any] = YAML(typ="safe", pure=True).load(
    Path(__file__).with_name("golden_environment.yml").read_text(encoding="utf-8")
)
TABLE = "tests/unit/settings/golden_environment.yml"
ROWS: dict[str, dict[str, Any]] = GOLDEN["variables"]


def target_of(key: str) -> str | None:
    """The one target that knows a setting; None where several do."""
    known = targets_of(key)
    return known[0] if len(known) == 1 else None


def with_examples(stack: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The stack of the table, and for each setting of a row that it doesn't have, the example of the declaration."""
    written = {key for part in stack.values() for key in part}
    for key in {row["from"] for row in ROWS.values() if "from" in row} - written:
        assert key in FIELDS, f"{TABLE}: a row is `from: {key}`, which is not a setting; write its key"
        if key not in SECRET_KEYS:
            stack[target_of(key) or "common"][key] = (FIELDS[key].examples or [None])[0]
    return stack


STACK: dict[str, dict[str, Any]] = with_examples(GOLDEN["stack"])
#: Each release that changes something, with the Connect that it comes with, and the newest with a newer Connect.
RELEASES: list[str | tuple[str, str]] = [
    "25.1",
    "25.2",
    "25.2.3",
    "25.3",
    "25.3.3",
    "26.1",
    ("26.1", "0.12.0"),
    "26.2.0-RC1",
]
TARGETS = ["kubernetes", "compose"]
CREDENTIALS = Credentials(pem="a key", token="a token", ssh_key="an SSH key", ssh_fingerprint=FINGERPRINT)
Written = dict[str, dict[str, str]]


def knows(row: dict[str, Any], platform: Version, connect: Version) -> bool:
    return (
        platform >= Version.parse(row.get("platform", "0.0"))
        and connect >= Version.parse(row.get("connect", "0.0"))
        and platform < Version.parse(row.get("until", "9999.0"))
    )


def versions(release: str | tuple[str, str]) -> tuple[Version, Version]:
    if isinstance(release, str):
        return Version.parse(release), default_connect_version(Version.parse(release))
    return Version.parse(release[0]), Version.parse(release[1])


def expected(target: str, platform: Version, connect: Version) -> Written:
    written: Written = {}
    for name, row in ROWS.items():
        if row.get("target", target) == target and knows(row, platform, connect):
            for place in row["set"]:
                value = row["value"]
                if isinstance(value, dict):
                    value = value.get(target) or value[place]
                written.setdefault(place, {})[name] = value
    return written


def read(target: str, platform: Version, connect: Version) -> Settings:
    values = {**STACK["common"], **STACK[target], "platformVersion": str(platform), "connectVersion": str(connect)}
    by_setting: dict[str, list[dict[str, Any]]] = {}
    for row in ROWS.values():
        by_setting.setdefault(row.get("from", ""), []).append(row)
    unknown = {
        setting for setting, rows in by_setting.items() if not any(knows(row, platform, connect) for row in rows)
    }
    return parse_settings({key: value for key, value in values.items() if key not in unknown}, SECRET_KEYS)


def on_kubernetes(settings: Settings) -> Written:
    """What the composition asks for: the ConfigMaps, the variables of the pods, and the edits of Platform."""
    args = KubernetesStudiosArgs(settings=settings, cluster=Cluster(), field_manager="studios-test")

    def program() -> None:
        KubernetesStudios("studios", args)

    recording = run(program)
    written: Written = {}
    for place, resource in (("proxy", "proxy-deployment"), ("server", "server-stateful-set")):
        written[place] = recording[f"studios-configuration-{place}"].inputs["data"]
        written[f"{place} pods"] = pod_variables(recording, f"studios-{resource}")
    edits = recording["studios-platform-edits"].inputs
    written["platform"] = edits["edits"]["ConfigMap/platform-backend-cfg"]
    cron, backend = (edits["edits"][f"Deployment/{name}"]["env"] for name in ("cron", "backend"))
    assert cron == backend
    written["platform pods"] = {
        name: value if isinstance(value, str) else f"{value['secret']}/{value['key']}"
        for name, value in backend.items()
    }
    if entries := entries_of(edits.get("tower_yml")):
        written["tower.yml"] = entries
    return written


def pod_variables(recording: Recording, resource: str) -> dict[str, str]:
    (container,) = recording[resource].inputs["spec"]["template"]["spec"]["containers"]
    secrets = {each["name"]: each["valueFrom"]["secretKeyRef"] for each in container.get("env", [])}
    return {name: f"{secret['name']}/{secret['key']}" for name, secret in secrets.items()}


def on_compose(settings: Settings) -> Written:
    """The files of the bundle: one for proxy and server, one for Platform."""
    content = json.loads(bundle(settings, CREDENTIALS))
    written = {
        "studios": variables(content["files"]["data-studios.env"]),
        "platform": variables(content["files"]["tower-studios.env"]),
    }
    entries: dict[str, str] = json.loads(content["parameters"].get("tower_yml", "{}"))
    if content["parameters"]["allowed_workspaces"] != "leave":
        entries[ALLOWED_WORKSPACES_ENTRY] = content["parameters"]["allowed_workspaces"]
    return {**written, "tower.yml": entries} if entries else written


def differing(written: Written, wanted: Written) -> str:
    """What to do about variables that differ from those of the table."""
    lines = []
    for place in sorted({*written, *wanted}):
        has, rows = written.get(place, {}), wanted.get(place, {})
        for name in sorted({*has, *rows}):
            if name not in rows:
                lines.append(f"{place}: {name} is written, and has no row for this target and release; {row_of(name)}")
            elif name not in has:
                lines.append(f"{place}: {name} has a row, and is not written; correct the row, or the declaration")
            elif has[name] != rows[name]:
                lines.append(f"{place}: {name} is {has[name]!r}, and {rows[name]!r} by its row; correct one of them")
    return "\n".join(lines)


def row_of(name: str) -> str:
    """The row to write for a new variable or entry; its value is for its author to know, and the rest to look up."""
    for key in FIELDS:
        found: dict[str, list[str]] = {each.name: [*each.places] for each in marks(key, Variable)}
        found |= {each.entry: ["tower.yml"] for each in marks(key, TowerYml)}
        if name in found:
            first, only = since(key), target_of(key)
            pods = " pods" * ("Secret" in str(FIELDS[key].annotation))
            parts = [f"set: [{', '.join(f'{place}{pods}' for place in found[name])}]", f"from: {key}"]
            parts += [f"target: {only}"] * bool(only)
            parts += [f'{of}: "{each}"' for of, each in vars(first).items() if each is not None]
            value = "what the example becomes"
            return f"add to `variables` of {TABLE}: {name}: {{{', '.join(parts)}, value: <{value}>}}"
    return f"add one to `variables` of {TABLE}"


def variables(env_file: str) -> dict[str, str]:
    return dict("".join(shlex.split(line)).split("=", 1) for line in env_file.splitlines())


def in_files(written: Written) -> Written:
    """The places of the table as the files of a Compose host hold them."""
    files: Written = {}
    for place, entries in written.items():
        file = {"proxy": "studios", "server": "studios"}.get(place.removesuffix(" pods"), place.removesuffix(" pods"))
        files.setdefault(file, {}).update(entries)
    return files


def test_each_release_that_changes_something_is_among_those_of_the_table() -> None:
    tried = {versions(release)[0].numbers for release in RELEASES}
    missing = {row.platform.numbers for row in releases.RELEASES} - tried
    assert missing == set(), (
        "write these releases into RELEASES of this test, and what they change into golden_environment.yml"
    )


@pytest.mark.parametrize("release", RELEASES, ids=str)
def test_on_kubernetes_each_release_gets_the_variables_of_the_table_and_no_others(
    release: str | tuple[str, str],
) -> None:
    platform, connect = versions(release)
    written = on_kubernetes(read("kubernetes", platform, connect))
    wanted = expected("kubernetes", platform, connect)
    assert written == wanted, differing(written, wanted)


@pytest.mark.parametrize("release", RELEASES, ids=str)
def test_on_compose_each_release_gets_the_variables_of_the_table_and_no_others(release: str | tuple[str, str]) -> None:
    platform, connect = versions(release)
    written = on_compose(read("compose", platform, connect))
    wanted = in_files(expected("compose", platform, connect))
    assert written == wanted, differing(written, wanted)


@pytest.mark.parametrize("target", TARGETS)
def test_each_setting_of_the_table_is_refused_on_a_release_that_does_not_know_it(target: str) -> None:
    for release in RELEASES:
        platform, connect = versions(release)
        for name, row in ROWS.items():
            key = row.get("from", "")
            unknown = "until" not in row and not knows(row, platform, connect) and row.get("target", target) == target
            if not unknown or key in ("allowedWorkspaces", "managementAuthKey", "caCertificate"):
                continue
            values = {key: {**STACK["common"], **STACK[target]}[key], "platformVersion": str(platform)}
            required = ("platformUrl", "connectUrl", "hostedZone", "redisAddress")
            least = {each: STACK["common"][each] for each in required}
            with pytest.raises(SettingsError) as refused:
                parse_settings({**least, **STACK[target], **values, "connectVersion": str(connect)}, SECRET_KEYS)
            keys = {problem.key for problem in refused.value.problems if "needs" in problem.message}
            assert key in keys, f"{name} on {platform} with Connect {connect}"


def test_every_setting_of_the_stack_is_off_its_default_and_gives_the_value_that_the_table_says() -> None:
    written = {key: value for part in STACK.values() for key, value in part.items()}
    for key in {row["from"] for row in ROWS.values() if "from" in row}:
        assert key in written, f"{TABLE}: add {key} to `stack`, with any value: a secret has no example"
        assert written[key] != FIELDS[key].default, f"{TABLE}: {key} has its default in `stack`; write another value"


#: What the program computes has first releases of its own.
COMPUTED_SINCE = {
    "TOWER_DATA_STUDIO_ALLOWED_WORKSPACES": Since(platform=str(releases.WORKSPACES_IN_ENVIRONMENT)),
    "TOWER_SSL_CUSTOM_CA_CERT_FILE": Since(platform=str(releases.GIVES_CA_TO_SESSIONS)),
}


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if "from" in row])
def test_the_first_releases_of_a_row_are_those_of_the_settings_declaration(name: str) -> None:
    row = ROWS[name]
    keys = [row["from"], *row.get("with", [])]
    firsts = [COMPUTED_SINCE.get(name, Since()), *map(since, keys)]
    for software in ("platform", "connect"):
        declared = [Version.parse(first) for each in firsts if (first := getattr(each, software)) is not None]
        newest = max(declared, default=None)
        of_row = Version.parse(row[software]) if software in row else None
        assert of_row == newest, (
            f"{TABLE}: by its row, {name} is known from {software} {of_row} on; by the declaration of "
            f"{' and '.join(keys)}, from {newest} on; write at both what Seqera documents"
        )


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if "from" in row])
def test_the_target_of_a_row_is_that_of_the_settings_declaration(name: str) -> None:
    row = ROWS[name]
    plain = [each for each in marks(row["from"], Variable) if each.name == name and each.write is not COMPUTED]
    assert not plain or row.get("target") == target_of(row["from"]), (
        f"{TABLE}: by its row, {name} is for target {row.get('target', 'any')}, and by the declaration of "
        f"{row['from']} for {target_of(row['from']) or 'any'}; write the same at both"
    )


def test_until_a_release_the_workspaces_are_an_entry_and_from_it_on_a_variable() -> None:
    until = {name: row["until"] for name, row in ROWS.items() if "until" in row}
    assert until == {ALLOWED_WORKSPACES_ENTRY: str(releases.WORKSPACES_IN_ENVIRONMENT)}


def test_a_conflict_names_the_setting_that_the_variable_comes_from() -> None:
    platform, connect = versions(RELEASES[-1])
    settings = read("kubernetes", platform, connect)
    rows = {name: row for name, row in ROWS.items() if "platform" in row["set"]}
    pod = {"containers": [{"name": "backend"}]}
    deployment = {"metadata": {}, "spec": {"template": {"spec": pod}}}
    problems = conflicts(
        settings,
        config_maps={settings.backend_config_map: {"metadata": {}, "data": dict.fromkeys(rows, "another")}},
        deployments={"backend": deployment, "cron": deployment},
        field_manager="studios-test",
    )
    named = {
        name: problem.key
        for problem in problems
        for name in rows
        # The names of some begin with those of others.
        if f" for {name}," in problem.message
    }
    assert named == {name: row.get("from", "takeOver") for name, row in rows.items()}


def test_the_names_of_variables_that_the_script_on_the_host_shares_are_in_the_table() -> None:
    shared = {name for key, name in vars(host_names).items() if key.endswith("_VARIABLE")}
    assert {"TOWER_OIDC_PEM_PATH", "CONNECT_OIDC_CLIENT_REGISTRATION_TOKEN"} < shared <= set(ROWS)


def test_what_the_program_never_writes_stands_in_no_row_of_the_table() -> None:
    assert GOLDEN["never"].keys() & ROWS.keys() == set()
    assert all(GOLDEN["never"].values())
