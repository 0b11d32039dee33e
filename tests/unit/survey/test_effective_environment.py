"""What the stack sets and a container gets from elsewhere is refused, with object, container and source."""

from __future__ import annotations

from typing import Any

import pytest

from live.ownership import labels_of_stack
from settings.errors import SettingsError
from settings.parsing import parse_settings
from survey.platform import PlatformSurvey, survey_platform

from .conftest import APPS, CORE, LEAST, FakeApi, named, secret

CONNECT_URL = "TOWER_DATA_STUDIO_CONNECT_URL"
OURS = "https://connect.example.com"
EXPLORER = "TOWER_DATA_EXPLORER_ENABLED"
WORKSPACES = "TOWER_DATA_STUDIO_ALLOWED_WORKSPACES"


def survey(api: FakeApi, **changes: object) -> PlatformSurvey:
    given = {key: value for key, value in {**LEAST, **changes}.items() if value is not None}
    return survey_platform(api.access, parse_settings(given), field_manager="studios-local")


def refused(api: FakeApi, **changes: object) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        survey(api, **changes)
    return [str(problem).removeprefix("seqera-studios:") for problem in caught.value.problems]


def container(api: FakeApi, name: str = "backend") -> dict[str, Any]:
    (found,) = (each for each in api.lists[f"{APPS}/deployments"] if each["metadata"]["name"] == name)
    first: dict[str, Any] = found["spec"]["template"]["spec"]["containers"][0]
    return first


def config_map(api: FakeApi, name: str, **data: str) -> dict[str, Any]:
    """Adds a ConfigMap; returns the entry of an envFrom that reads all of it."""
    api.lists[f"{CORE}/configmaps"].append(named(name, data=data))
    return {"configMapRef": {"name": name}}


def test_an_env_of_the_container_with_another_value_is_refused_with_both_values(platform: FakeApi) -> None:
    container(platform)["env"] = [{"name": CONNECT_URL, "value": "https://old.example.com"}]
    assert refused(platform) == [
        (
            "connectUrl: Deployment/backend, container backend: TOWER_DATA_STUDIO_CONNECT_URL is "
            '"https://old.example.com" from env of the container, which wins over "https://connect.example.com" in '
            "ConfigMap/tower-backend-cfg; remove it there, or write the same value in connectUrl"
        )
    ]


def test_an_env_with_the_same_value_is_no_problem(platform: FakeApi) -> None:
    container(platform)["env"] = [{"name": CONNECT_URL, "value": OURS}]
    assert survey(platform).warnings == ()


def test_a_later_config_map_of_the_env_from_wins_and_an_earlier_one_does_not(platform: FakeApi) -> None:
    extra = config_map(platform, "tower-extra", **{EXPLORER: "false", CONNECT_URL: OURS})
    container(platform)["envFrom"].insert(0, extra)
    survey(platform)
    container(platform)["envFrom"].append(extra)
    assert refused(platform) == [
        (
            'backendConfigMap: Deployment/backend, container backend: TOWER_DATA_EXPLORER_ENABLED is "false" from '
            'ConfigMap/tower-extra, which wins over "true" in ConfigMap/tower-backend-cfg; remove it there'
        )
    ]


def test_cron_is_looked_at_like_backend(platform: FakeApi) -> None:
    container(platform, "cron")["env"] = [{"name": EXPLORER, "value": "false"}]
    (problem,) = refused(platform)
    assert problem.startswith("backendConfigMap: Deployment/cron, container backend: TOWER_DATA_EXPLORER_ENABLED is")


def test_a_prefix_makes_other_variables(platform: FakeApi) -> None:
    extra = config_map(platform, "tower-extra", **{EXPLORER: "false"})
    container(platform)["envFrom"].append({**extra, "prefix": "OLD_"})
    survey(platform)
    platform.lists[f"{CORE}/configmaps"][-1]["data"] = {"DATA_EXPLORER_ENABLED": "false"}
    container(platform)["envFrom"][-1]["prefix"] = "TOWER_"
    (problem,) = refused(platform)
    assert '"false" from ConfigMap/tower-extra' in problem


def test_the_backend_config_map_under_a_prefix_sets_nothing_of_ours(platform: FakeApi) -> None:
    container(platform)["envFrom"].append({"configMapRef": {"name": "tower-extra", "optional": True}})
    survey(platform)


@pytest.mark.parametrize("listed", [True, False])
def test_a_secret_wins_by_its_keys_and_its_values_are_not_shown(platform: FakeApi, listed: bool) -> None:
    made = secret("studios-secrets", CONNECT_URL) if listed else named("studios-secrets")
    made["data"] = {CONNECT_URL: "aHVudGVyMg=="}
    platform.lists[f"{CORE}/secrets"].append(made)
    container(platform)["envFrom"].append({"secretRef": {"name": "studios-secrets"}})
    (problem,) = refused(platform)
    assert "TOWER_DATA_STUDIO_CONNECT_URL is a value that is not shown from Secret/studios-secrets, which" in problem
    assert "hunter2" not in problem
    read = [path for _, path, _ in platform.asked if path.endswith("/secrets/studios-secrets")]
    assert read == ([] if listed else [f"{CORE}/secrets/studios-secrets"])


def test_a_secret_that_is_optional_and_missing_or_may_not_be_read_stops_nothing(platform: FakeApi) -> None:
    platform.lists[f"{CORE}/secrets"].append(named("studios-secrets"))
    platform.refusals[f"{CORE}/secrets/studios-secrets"] = (403, "forbidden")
    container(platform)["envFrom"] += [
        {"secretRef": {"name": "studios-secrets"}},
        {"secretRef": {"name": "nowhere", "optional": True}},
    ]
    survey(platform)


@pytest.mark.parametrize(
    ("origin", "says"),
    [
        ({"configMapKeyRef": {"name": "tower-extra", "key": "url"}}, '"https://old.example.com" from env of the'),
        ({"secretKeyRef": {"name": "s", "key": "url"}}, "a value that is not shown from env of the container, key url"),
        ({"fieldRef": {"fieldPath": "metadata.name"}}, "a value that is not shown from env of the container"),
    ],
)
def test_an_env_from_elsewhere_is_refused_with_its_source(platform: FakeApi, origin: dict[str, Any], says: str) -> None:
    config_map(platform, "tower-extra", url="https://old.example.com")
    container(platform)["env"] = [{"name": CONNECT_URL, "valueFrom": origin}]
    (problem,) = refused(platform)
    assert f"TOWER_DATA_STUDIO_CONNECT_URL is {says}" in problem


def test_an_optional_key_that_is_missing_leaves_the_variable_as_it_was(platform: FakeApi) -> None:
    reference = {"name": "nowhere", "key": "url", "optional": True}
    container(platform)["env"] = [{"name": CONNECT_URL, "valueFrom": {"configMapKeyRef": reference}}]
    survey(platform)


@pytest.mark.parametrize(
    "origin",
    [
        {"secretKeyRef": {"name": "nowhere", "key": "url", "optional": True}},
        {"secretKeyRef": {"name": "tower-secrets", "key": "url", "optional": True}},
        {"configMapKeyRef": {"name": "nowhere", "key": "url", "optional": True}},
    ],
)
def test_an_optional_source_that_is_missing_sets_nothing(platform: FakeApi, origin: dict[str, Any]) -> None:
    container(platform)["env"] = [{"name": name, "valueFrom": origin} for name in (CONNECT_URL, WORKSPACES)]
    survey(platform)
    survey(platform, platformVersion="26.1")


def test_an_optional_key_of_a_secret_that_is_there_or_may_not_be_read_counts(platform: FakeApi) -> None:
    platform.lists[f"{CORE}/secrets"] += [secret("known", "url"), named("unknown")]
    platform.refusals[f"{CORE}/secrets/unknown"] = (403, "forbidden")
    for name in ("known", "unknown"):
        reference = {"name": name, "key": "url", "optional": True}
        container(platform)["env"] = [{"name": CONNECT_URL, "valueFrom": {"secretKeyRef": reference}}]
        (problem,) = refused(platform)
        assert f"is a value that is not shown from env of the container, key url of Secret/{name}" in problem


def test_a_value_with_other_variables_in_it_is_read_as_kubernetes_does(platform: FakeApi) -> None:
    container(platform)["envFrom"].append(config_map(platform, "names", DOMAIN="example.com", PRICE="$$(DOMAIN)"))
    container(platform)["env"] = [{"name": CONNECT_URL, "value": "https://connect.$(DOMAIN)"}]
    survey(platform)
    container(platform)["env"].insert(0, {"name": "DOMAIN", "value": "old.com"})
    (problem,) = refused(platform)
    assert 'TOWER_DATA_STUDIO_CONNECT_URL is "https://connect.old.com" from env of the container' in problem
    container(platform)["env"] = [{"name": CONNECT_URL, "value": "$$(DOMAIN)"}]
    (problem,) = refused(platform)
    assert 'TOWER_DATA_STUDIO_CONNECT_URL is "$(DOMAIN)" from env' in problem
    container(platform)["env"] = [{"name": CONNECT_URL, "value": "https://$(REDIS_SERVICE_HOST)"}]
    (problem,) = refused(platform)
    assert "TOWER_DATA_STUDIO_CONNECT_URL is a value that is not shown" in problem


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"args": ["-Xmx1g", "-Dtower.data-studio.connect-url=https://old.example.com"]}, "args"),
        (
            {"command": ["sh", "-c", "java '-Dtower.data-studio.connect-url=https://old.example.com' -jar x.jar"]},
            "command",
        ),
        (
            {
                "env": [
                    {"name": "JAVA_OPTS", "value": '-Dtower.data-studio.connect-url="https://old.example.com" -Da=b'}
                ]
            },
            "JAVA_OPTS",
        ),
    ],
)
def test_an_option_of_java_wins_over_the_variable(platform: FakeApi, given: dict[str, Any], place: str) -> None:
    container(platform).update(given)
    assert refused(platform) == [
        (
            "connectUrl: Deployment/backend, container backend: TOWER_DATA_STUDIO_CONNECT_URL is "
            f'"https://old.example.com" from the option -Dtower.data-studio.connect-url in {place} of the container, '
            'which wins over "https://connect.example.com" in ConfigMap/tower-backend-cfg; remove it there, or write '
            "the same value in connectUrl"
        )
    ]


def test_a_config_map_that_is_read_with_a_prefix_only_is_refused(platform: FakeApi) -> None:
    for name, who in (("backend", "backendConfigMap"), ("cron", "cronConfigMap")):
        container(platform, name)["envFrom"][0]["prefix"] = "X_"
        assert refused(platform) == [
            (
                f'{who}: "tower-backend-cfg" is read by {name} with the prefix X_ only, so that no variable of Studios '
                f"would have its name there; add an envFrom without a prefix to the container backend of Deployment "
                f"{name}, and write its ConfigMap in {who}"
            )
        ]
        container(platform, name)["envFrom"].append({"configMapRef": {"name": "tower-backend-cfg"}})
        survey(platform)


def test_of_two_entries_of_one_name_the_last_counts(platform: FakeApi) -> None:
    old = {"name": CONNECT_URL, "value": "https://old.example.com"}
    container(platform)["env"] = [old, {"name": CONNECT_URL, "value": OURS}]
    survey(platform)


def test_from_26_1_workspaces_of_the_container_stand_against_all(platform: FakeApi) -> None:
    container(platform)["env"] = [{"name": WORKSPACES, "value": ""}]
    assert refused(platform, platformVersion="26.1") == [
        (
            'allowedWorkspaces: Deployment/backend, container backend: TOWER_DATA_STUDIO_ALLOWED_WORKSPACES is "" from '
            "env of the container, and it has to be absent for every workspace; remove it there, or write the same "
            "value in allowedWorkspaces"
        )
    ]
    survey(platform, platformVersion="26.1", allowedWorkspaces="none")


def test_a_variable_stands_against_the_entry_of_tower_yml_that_it_would_win_over(platform: FakeApi) -> None:
    variable = "TOWER_DATA_STUDIO_APPROACHING_EXPIRATION_THRESHOLD"
    container(platform)["env"] = [{"name": variable, "value": "15m"}]
    assert refused(platform, platformVersion="26.2", approachingExpirationThreshold="30m") == [
        (
            f'approachingExpirationThreshold: Deployment/backend, container backend: {variable} is "15m" from env of '
            'the container, which wins over "30m" in tower.yml; remove it there, or write the same value in '
            "approachingExpirationThreshold"
        )
    ]
    survey(platform, platformVersion="26.2", approachingExpirationThreshold="15m")
    survey(platform, platformVersion="26.2")


def test_a_value_that_looks_secret_is_not_shown(platform: FakeApi) -> None:
    container(platform)["env"] = [{"name": EXPLORER, "value": "$(OTHER)"}]
    (problem,) = refused(platform)
    assert "TOWER_DATA_EXPLORER_ENABLED is a value that is not shown from env of the container" in problem


class TestTheConfigMapOfCron:
    """cron may take its environment from another ConfigMap than backend."""

    def test_the_only_one_that_it_reads_is_edited_too(self, platform: FakeApi) -> None:
        container(platform, "cron")["envFrom"] = [config_map(platform, "cron-cfg")]
        found = survey(platform).settings
        assert (found.backend_config_map, found.cron_config_map) == ("tower-backend-cfg", "cron-cfg")

    def test_one_of_several_is_asked_for(self, platform: FakeApi) -> None:
        container(platform, "cron")["envFrom"] = [config_map(platform, "cron-cfg"), config_map(platform, "shared-cfg")]
        assert refused(platform) == [
            (
                'cronConfigMap: "tower-backend-cfg" is not the ConfigMap that cron reads: cron reads cron-cfg, '
                "shared-cfg; write: pulumi config set cronConfigMap cron-cfg"
            )
        ]
        assert survey(platform, cronConfigMap="shared-cfg").settings.cron_config_map == "shared-cfg"

    def test_the_one_of_backend_among_several_is_enough(self, platform: FakeApi) -> None:
        container(platform, "cron")["envFrom"].append(config_map(platform, "cron-cfg"))
        assert survey(platform).settings.cron_config_map == "tower-backend-cfg"

    def test_none_is_refused(self, platform: FakeApi) -> None:
        container(platform, "cron")["envFrom"] = []
        (problem,) = refused(platform)
        assert problem == (
            'cronConfigMap: "tower-backend-cfg" is not the ConfigMap that cron reads: the container backend of '
            "Deployment cron takes its environment from none, and needs an envFrom with one"
        )

    def test_a_value_of_another_owner_in_it_is_a_conflict(self, platform: FakeApi) -> None:
        reference = config_map(platform, "cron-cfg", **{CONNECT_URL: "https://old.example.com"})
        container(platform, "cron")["envFrom"] = [reference]
        (problem,) = refused(platform)
        assert problem.startswith('connectUrl: ConfigMap/cron-cfg has "https://old.example.com" for')
        survey(platform, takeOver=["ConfigMap/cron-cfg"])


class TestTheWorkspacesUpTo253:
    """Platform 25.3 reads its allowed workspaces from tower.yml, and the variable wins over that."""

    @pytest.mark.parametrize(("workspaces", "entry"), [("none", "[]"), ([7], "[7]")])
    def test_a_variable_that_would_win_over_the_entry_is_refused(
        self, platform: FakeApi, workspaces: object, entry: str
    ) -> None:
        platform.lists[f"{CORE}/configmaps"][0]["data"][WORKSPACES] = "1,2"
        assert refused(platform, allowedWorkspaces=workspaces) == [
            (
                f"allowedWorkspaces: Deployment/{name}, container backend: TOWER_DATA_STUDIO_ALLOWED_WORKSPACES is "
                f'"1,2" from ConfigMap/tower-backend-cfg, which wins over {entry} in tower.yml; remove it there, or '
                "write the same value in allowedWorkspaces"
            )
            for name in ("cron", "backend")
        ]
        survey(platform, allowedWorkspaces=[1, 2])

    def test_every_workspace_needs_its_absence(self, platform: FakeApi) -> None:
        container(platform)["env"] = [{"name": WORKSPACES, "value": ""}]
        assert refused(platform) == [
            (
                'allowedWorkspaces: Deployment/backend, container backend: TOWER_DATA_STUDIO_ALLOWED_WORKSPACES is "" '
                "from env of the container, and it has to be absent for every workspace; remove it there, or write the "
                "same value in allowedWorkspaces"
            )
        ]
        survey(platform, allowedWorkspaces="none")

    def test_a_stack_that_is_there_goes_on_beside_it(self, platform: FakeApi) -> None:
        container(platform)["env"] = [{"name": WORKSPACES, "value": "1,2"}]
        own = named("connect-proxy")
        own["metadata"]["labels"] = labels_of_stack("studios-local")
        platform.lists[f"{CORE}/services"].append(own)
        survey(platform)
