"""What an update changes in Platform, in words that a reviewer understands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest

from live.difference import differences, given_back, in_words, restarting
from live.edits import apply_body
from live.platform import PlatformApi
from live.redaction import looks_secret
from live.tower_yml import TowerYmlEdit
from settings.fields import SECRET_KEYS, variables

MANAGER = "studios-prod"
CONFIG_MAP = "ConfigMap/tower-backend-cfg"
URL = "TOWER_DATA_STUDIO_CONNECT_URL"
TOKEN = "TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN"
EDIT: dict[str, Any] = {
    "container": "backend",
    "env": {"TOWER_OIDC_PEM_PATH": "/data/certs/oidc.pem", TOKEN: {"secret": "connect-token", "key": "token"}},
    "volume": {"cert-volume": {"secret": "platform-oidc-certs"}},
    "mount": {"/data/certs": "cert-volume"},
}
TOWER_YML = TowerYmlEdit(config_map="tower-yml", key="tower.yml", allowed_workspaces="[]")


def api(**objects: dict[str, Any]) -> PlatformApi:
    """An API with these objects, ``ConfigMap_name`` for each."""
    live = {name.replace("_", "/", 1).replace("_", "-"): each for name, each in objects.items()}

    class Api:
        def get(self, target: str) -> dict[str, Any] | None:
            return live.get(target)

    return cast("PlatformApi", Api())


def config_map(data: Mapping[str, str], ours: Mapping[str, str] | None = None) -> dict[str, Any]:
    fields: dict[str, Any] = {"f:data": {f"f:{key}": {} for key in ours or {}}}
    managed = [{"manager": MANAGER, "operation": "Apply", "fieldsV1": fields}] if ours else []
    return {"metadata": {"name": "tower-backend-cfg", "managedFields": managed}, "data": dict(data)}


def deployment(edit: dict[str, Any], checksum: str | None = None) -> dict[str, Any]:
    live = apply_body("Deployment/cron", edit, checksum)
    live["spec"]["template"].setdefault("metadata", {})
    live["metadata"]["managedFields"] = []
    return live


def words(found: PlatformApi, edits: Mapping[str, Any], tower_yml: TowerYmlEdit | None = None) -> dict[str, list[str]]:
    return differences(found, edits, tower_yml, MANAGER)


def test_a_variable_is_told_with_both_values_and_one_that_is_right_not_at_all() -> None:
    found = api(ConfigMap_tower_backend_cfg=config_map({URL: "https://old.example.com", "OTHER": "1"}))
    assert words(found, {CONFIG_MAP: {URL: "https://new.example.com", "OTHER": "1"}}) == {
        CONFIG_MAP: [f"{URL} https://old.example.com → https://new.example.com"]
    }


def test_what_is_not_there_is_unset_and_an_empty_value_is_seen() -> None:
    found = api(ConfigMap_tower_backend_cfg=config_map({}))
    assert words(found, {CONFIG_MAP: {"ALLOWED": ""}}) == {CONFIG_MAP: ['ALLOWED unset → ""']}


def test_a_value_that_may_be_secret_is_masked() -> None:
    found = api(ConfigMap_tower_backend_cfg=config_map({"SMTP_PASSWORD": "hunter2"}))
    assert words(found, {CONFIG_MAP: {"SMTP_PASSWORD": "other"}}) == {CONFIG_MAP: ["SMTP_PASSWORD [secret] → [secret]"]}
    literal = {**EDIT, "env": {**EDIT["env"], TOKEN: "in-plain-text"}}
    assert words(api(Deployment_cron=deployment(literal)), {"Deployment/cron": EDIT}) == {
        "Deployment/cron": [f"{TOKEN} [secret] → Secret/connect-token"]
    }


@pytest.mark.parametrize(
    "variable",
    [
        "TOWER_DATA_STUDIO_PRIVATE_STUDIO_BY_DEFAULT",
        "TOWER_OIDC_ACCESS_TOKEN_AUDIENCE",
        "TOWER_DATA_STUDIO_TEMPLATES_PRIVATE_R_REPOSITORY",
    ],
)
def test_what_a_setting_becomes_is_shown_whatever_its_name(variable: str) -> None:
    found = api(ConfigMap_tower_backend_cfg=config_map({variable: "false"}))
    assert words(found, {CONFIG_MAP: {variable: "true"}}) == {CONFIG_MAP: [f"{variable} false → true"]}


def test_every_variable_of_a_secret_is_masked() -> None:
    secret = {variable.name for key, variable in variables() if key in SECRET_KEYS or variable.write is None}
    assert {name for name in secret if looks_secret(name)} == {
        "CONNECT_MANAGEMENT_AUTH_KEY",
        "CONNECT_OIDC_CLIENT_REGISTRATION_TOKEN",
        "CONNECT_REDIS_PASSWORD",
        "CONNECT_SSH_KEY_VALUE_BASE64",
        TOKEN,
    }


def test_what_is_no_longer_wanted_is_given_back() -> None:
    data = {URL: "https://c.example.com", "ALLOWED": ""}
    found = api(ConfigMap_tower_backend_cfg=config_map(data, ours=data))
    assert words(found, {CONFIG_MAP: {URL: "https://c.example.com"}}) == {CONFIG_MAP: ['ALLOWED "" → restored']}
    assert differences(found, {}, None, MANAGER, given_back=[CONFIG_MAP]) == {
        CONFIG_MAP: ['ALLOWED "" → restored', f"{URL} https://c.example.com → restored"]
    }


def test_a_destroy_gives_back_what_is_ours_and_the_entry_that_is_as_it_was_written() -> None:
    def tower(entry: str) -> dict[str, Any]:
        text = f"tower:\n  data-studio:\n    allowed-workspaces: {entry}\n"
        return {"metadata": {"name": "tower-yml", "managedFields": []}, "data": {"tower.yml": text}}

    ours = config_map({URL: "https://c.example.com", "OTHER": "1"}, ours={URL: ""})
    found = api(ConfigMap_tower_backend_cfg=ours, ConfigMap_tower_yml=tower("[]"))
    expected = {CONFIG_MAP: [f"{URL} https://c.example.com → restored"]}
    assert given_back(found, [CONFIG_MAP], None, MANAGER) == expected
    entry = {"tower.yml": ["allowed-workspaces [] → restored"]}
    assert given_back(found, [CONFIG_MAP], TOWER_YML, MANAGER) == {**entry, **expected}
    others = api(ConfigMap_tower_backend_cfg=ours, ConfigMap_tower_yml=tower("[7]"))
    assert given_back(others, [CONFIG_MAP], TOWER_YML, MANAGER) == expected


def test_a_deployments_variables_volume_and_mount_are_told() -> None:
    bare = {"container": "backend", "env": {}, "volume": {}, "mount": {}}
    assert words(api(Deployment_cron=deployment(bare)), {"Deployment/cron": EDIT}) == {
        "Deployment/cron": [
            "TOWER_OIDC_PEM_PATH unset → /data/certs/oidc.pem",
            f"{TOKEN} unset → Secret/connect-token",
            "volume cert-volume unset → Secret/platform-oidc-certs",
            "mount /data/certs unset → cert-volume",
        ]
    }
    moved = {**EDIT, "volume": {"cert-volume": {"secret": "other"}}}
    assert words(api(Deployment_cron=deployment(moved)), {"Deployment/cron": EDIT}) == {
        "Deployment/cron": ["volume cert-volume Secret/other → Secret/platform-oidc-certs"]
    }
    assert words(api(Deployment_cron=deployment(EDIT)), {"Deployment/cron": EDIT}) == {}


@pytest.mark.parametrize(
    ("entry", "told"),
    [("null", ["allowed-workspaces null → []"]), ("[7, 8]", ["allowed-workspaces [7, 8] → []"]), ("[]", None)],
)
def test_the_workspaces_in_tower_yml_are_told_as_the_file_has_them(entry: str, told: list[str] | None) -> None:
    text = f"tower:\n  data-studio:\n    allowed-workspaces: {entry}\n"
    live = {"metadata": {"name": "tower-yml", "managedFields": []}, "data": {"tower.yml": text}}
    assert words(api(ConfigMap_tower_yml=live), {}, TOWER_YML) == ({} if told is None else {"tower.yml": told})
    both = TowerYmlEdit(**TOWER_YML, entries={"tower.data-studio.approaching-expiration-threshold": '"30m"'})
    further = 'approaching-expiration-threshold absent → "30m"'
    assert words(api(ConfigMap_tower_yml=live), {}, both) == {"tower.yml": [further, *(told or [])]}


def test_pods_restart_if_what_they_read_changes_or_is_not_known_yet() -> None:
    found = api(Deployment_cron=deployment(EDIT, "same"), Deployment_backend=deployment(EDIT, "same"))
    assert restarting(found, ["cron", "backend"], "same", {}) == []
    assert restarting(found, ["cron", "backend"], "same", {"Deployment/backend": []}) == ["backend"]
    assert restarting(found, ["cron", "backend"], "other", {}) == ["cron", "backend"]
    assert restarting(found, ["cron", "backend"], None, {}) == ["cron", "backend"]


def test_few_changes_are_one_line_and_many_a_line_for_each_field() -> None:
    changed = {CONFIG_MAP: ["A 1 → 2"], "tower.yml": ["allowed-workspaces null → []"]}
    assert in_words(changed, ["cron", "backend"]) == (
        f"{CONFIG_MAP}: A 1 → 2; tower.yml: allowed-workspaces null → []; cron, then backend restart"
    )
    assert in_words({}, ["backend"]) == "backend restarts"
    assert in_words({}, []) == ""
    many = {CONFIG_MAP: ["A 1 → 2", "B 1 → 2", "C 1 → 2", "D 1 → 2"], "tower.yml": ["allowed-workspaces null → []"]}
    assert in_words(many, ["cron"]).splitlines() == [
        f"{CONFIG_MAP}:",
        "  A 1 → 2",
        "  B 1 → 2",
        "  C 1 → 2",
        "  D 1 → 2",
        "tower.yml: allowed-workspaces null → []",
        "cron restarts",
    ]
