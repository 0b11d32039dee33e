"""The resources that edit a Platform install, against a real API server and an owner who goes on applying."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from live.platform import PlatformError
from tests.engine.platform_owner import BACKEND, CONFIG_MAP, CRON, TOKEN_VARIABLE, Edits, Owner, seconds_pass

URL = "TOWER_DATA_STUDIO_CONNECT_URL"
CONTAINER = 'spec.template.spec.containers.{"name":"backend"}'

NewOwner = Callable[[], Owner]


@pytest.fixture
def owner(environment: dict[str, str]) -> Iterator[Owner]:
    owner = Owner(environment)
    yield owner
    owner.remove()


@pytest.fixture
def running(environment: dict[str, str]) -> Iterator[Owner]:
    owner = Owner(environment, replicas=1)
    yield owner.apply().ready()
    owner.remove()


@pytest.fixture
def applied(owner: Owner) -> Owner:
    return owner.apply().ready()


def test_nothing_is_owned_but_the_added_fields(applied: Owner) -> None:
    Edits(applied, environment={URL: "https://c.example.com", "TOWER_DATA_EXPLORER_ENABLED": "true"}).up()

    assert applied.owned(CONFIG_MAP) == [("Apply", {f"data.{URL}", "data.TOWER_DATA_EXPLORER_ENABLED"})]
    assert applied.owned("ConfigMap/tower-yml") == []
    for target in (CRON, BACKEND):
        assert applied.owned(target) == [
            (
                "Apply",
                {
                    "spec.template.metadata.annotations.checksum/studios",
                    f"{CONTAINER}.name",
                    f'{CONTAINER}.env.{{"name":"TOWER_OIDC_PEM_PATH"}}.name',
                    f'{CONTAINER}.env.{{"name":"TOWER_OIDC_PEM_PATH"}}.value',
                    f'{CONTAINER}.env.{{"name":"{TOKEN_VARIABLE}"}}.name',
                    f'{CONTAINER}.env.{{"name":"{TOKEN_VARIABLE}"}}.valueFrom.secretKeyRef',
                    f'{CONTAINER}.volumeMounts.{{"mountPath":"/data/certs"}}.mountPath',
                    f'{CONTAINER}.volumeMounts.{{"mountPath":"/data/certs"}}.name',
                    f'{CONTAINER}.volumeMounts.{{"mountPath":"/data/certs"}}.readOnly',
                    'spec.template.spec.volumes.{"name":"cert-volume"}.name',
                    'spec.template.spec.volumes.{"name":"cert-volume"}.secret.secretName',
                },
            )
        ]


@pytest.mark.slow
def test_tower_yml_differs_in_its_entry_only_and_stays_its_owners(applied: Owner) -> None:
    Edits(applied).up()

    added = applied.tower_yml.replace("tower:\n", "tower:\n  data-studio:\n    allowed-workspaces: [1, 2]\n")
    assert applied.live_tower_yml() == added
    assert applied.owners("ConfigMap/tower-yml", "data.tower.yml") == [("kubectl-client-side-apply", "Update")]


@pytest.mark.slow
def test_a_second_run_finds_nothing_to_do_and_writes_nothing(applied: Owner) -> None:
    edits = Edits(applied)
    assert edits.up() == ["found: create", "edits: create"]
    versions = applied.versions()
    assert edits.up() == []
    assert applied.versions() == versions


def test_everything_is_given_back_before_the_pods_start_that_read_it(running: Owner) -> None:
    before = running.install.objects()
    edits = Edits(running)
    edits.up()
    edited = running.versions()
    seconds_pass()
    edits.destroy()

    assert running.install.objects() == before
    given_back = max(
        entry["time"]
        for target in (CONFIG_MAP, "ConfigMap/tower-yml")
        for entry in running.live(target)["metadata"]["managedFields"]
    )
    (cron,), (backend,) = running.started("cron"), running.started("backend")
    assert given_back <= cron <= backend
    # One restart each.
    assert {target: int(running.versions()[target]) - int(edited[target]) for target in (CRON, BACKEND)} == {
        CRON: 1,
        BACKEND: 1,
    }


def test_cron_restarts_before_backend_when_the_checksum_changes_and_nothing_else_is_written(running: Owner) -> None:
    edits = Edits(running)
    edits.up()
    before = running.versions()
    seconds_pass()
    edits.checksum = "second"
    assert edits.up() == ["edits: update"]

    after = running.versions()
    assert [target for target in before if before[target] != after[target]] == [CRON, BACKEND]
    (cron,), (backend,) = running.started("cron"), running.started("backend")
    assert cron <= backend


@pytest.mark.slow
def test_an_install_under_the_names_of_a_helm_chart_is_given_back_as_well(owner: Owner) -> None:
    names = {
        CONFIG_MAP: "prod-platform-backend",
        "ConfigMap/tower-yml": "prod-platform-tower-yml",
        CRON: "prod-platform-cron",
        BACKEND: "prod-platform-backend",
    }
    for target in (CRON, BACKEND):
        owner.container(target).update(name="platform", envFrom=[{"configMapRef": {"name": "prod-platform-backend"}}])
        (volume,) = owner.objects[target]["spec"]["template"]["spec"]["volumes"]
        volume["configMap"]["name"] = "prod-platform-tower-yml"
    owner.rename(names).apply("--field-manager=helm").ready()
    before = owner.install.objects()
    edits = Edits(owner, config_map="prod-platform-backend", tower_yml="prod-platform-tower-yml")
    edits.deployment_edit["container"] = "platform"
    edits.up()
    assert edits.up() == []
    assert owner.live("ConfigMap/prod-platform-backend")["data"][URL] == "https://c.example.com"
    edits.destroy()
    assert owner.install.objects() == before


def test_a_key_that_has_the_wanted_value_already_stays_its_owners_after_destroy(owner: Owner) -> None:
    owner.data[URL] = "https://c.example.com"
    owner.apply().ready()
    before = owner.install.objects()
    edits = Edits(owner)
    edits.up()
    assert ("kubectl-client-side-apply", "Update") in owner.owners(CONFIG_MAP, f"data.{URL}")
    edits.destroy()
    assert owner.install.objects() == before


def test_another_value_is_refused_with_the_ways_out_and_nothing_is_changed(owner: Owner) -> None:
    owner.data[URL] = "https://theirs.example.com"
    owner.apply().ready()
    before = owner.versions()
    edits = Edits(owner, take_over=[CRON])
    with pytest.raises(PlatformError) as refused:
        edits.up()
    assert str(refused.value) == (
        "nothing was changed, since ConfigMap/tower-backend-cfg has another value for "
        ".data.TOWER_DATA_STUDIO_CONNECT_URL, owned by kubectl-client-side-apply: change the setting, or let the stack "
        "replace it: pulumi config set --path 'takeOver[1]' ConfigMap/tower-backend-cfg"
    )
    assert owner.versions() == before
    edits.destroy()
    assert owner.versions() == before


@pytest.mark.slow
def test_the_commands_for_several_objects_can_be_run_one_after_the_other(owner: Owner) -> None:
    owner.data[URL] = "https://theirs.example.com"
    owner.container(CRON)["env"] = [{"name": "TOWER_OIDC_PEM_PATH", "value": "/theirs/oidc.pem"}]
    owner.apply().ready()
    with pytest.raises(PlatformError) as refused:
        Edits(owner).up()
    printed = re.findall(r"--path '(takeOver\[\d\])' (\S+?)(?:;|$)", str(refused.value))
    assert dict(printed) == {"takeOver[0]": CONFIG_MAP, "takeOver[1]": CRON}


@pytest.mark.parametrize(
    ("options", "manager"),
    [
        pytest.param((), ("kubectl-client-side-apply", "Update"), id="client-side"),
        pytest.param(("--server-side",), ("kubectl", "Apply"), id="server-side", marks=pytest.mark.slow),
    ],
)
def test_a_value_taken_over_goes_back_to_its_owner(
    owner: Owner, options: tuple[str, ...], manager: tuple[str, str]
) -> None:
    owner.data[URL] = "https://theirs.example.com"
    owner.apply(*options).ready()
    before = owner.install.objects()
    edits = Edits(owner, take_over=[CONFIG_MAP])
    edits.up()
    assert owner.live(CONFIG_MAP)["data"][URL] == "https://c.example.com"
    assert owner.owners(CONFIG_MAP, f"data.{URL}") == [("studios-test", "Apply")]
    assert edits.up() == []

    edits.destroy()
    assert owner.install.objects() == before
    assert owner.owners(CONFIG_MAP, f"data.{URL}") == [manager]
    assert owner.owned(CONFIG_MAP) == []


def test_a_literal_token_another_volume_and_mount_are_taken_over_and_given_back_with_one_restart(owner: Owner) -> None:
    container, pod = owner.container(CRON), owner.objects[CRON]["spec"]["template"]["spec"]
    container["env"].append({"name": TOKEN_VARIABLE, "value": "a-token-in-plain-text"})
    pod["volumes"] += [
        {"name": "cert-volume", "emptyDir": {"sizeLimit": "1Mi"}},
        {"name": "old-certs", "secret": {"secretName": "old", "items": [{"key": "a", "path": "oidc.pem"}]}},
    ]
    container["volumeMounts"].append({"name": "old-certs", "mountPath": "/data/certs", "subPath": "oidc.pem"})
    owner.apply().ready()
    before, generation = owner.install.objects(), int(owner.versions()[CRON])
    edits = Edits(owner, take_over=[CRON])
    edits.up()

    live = owner.live(CRON)["spec"]["template"]["spec"]
    token = {"name": TOKEN_VARIABLE, "valueFrom": {"secretKeyRef": {"name": "connect-token", "key": "token"}}}
    assert token in live["containers"][0]["env"]
    assert {"mountPath": "/data/certs", "name": "cert-volume", "readOnly": True} in live["containers"][0][
        "volumeMounts"
    ]
    assert {"name": "cert-volume", "secret": {"secretName": "platform-oidc-certs", "defaultMode": 420}} in live[
        "volumes"
    ]
    assert int(owner.versions()[CRON]) == generation + 1
    assert edits.up() == []

    edits.destroy()
    assert owner.install.objects() == before
    assert int(owner.versions()[CRON]) == generation + 2
    assert owner.owned(CRON) == []
    literal = f'{CONTAINER}.env.{{"name":"{TOKEN_VARIABLE}"}}.value'
    assert owner.owners(CRON, literal) == [("kubectl-client-side-apply", "Update")]


@pytest.mark.slow
def test_taking_over_one_object_takes_over_no_other(owner: Owner) -> None:
    owner.data[URL] = "https://theirs.example.com"
    for target in (CRON, BACKEND):
        owner.container(target)["env"].append({"name": "TOWER_OIDC_PEM_PATH", "value": "/elsewhere/oidc.pem"})
    owner.apply().ready()
    before = owner.versions()
    with pytest.raises(PlatformError) as refused:
        Edits(owner, take_over=[CRON]).up()
    assert "ConfigMap/tower-backend-cfg has another value" in str(refused.value)
    assert "Deployment/backend has another value" in str(refused.value)
    assert "Deployment/cron has another value" not in str(refused.value)
    assert owner.versions() == before


@pytest.mark.slow
def test_a_forced_value_that_is_wanted_no_longer_goes_back_at_once(owner: Owner) -> None:
    owner.data["TOWER_DATA_EXPLORER_ENABLED"] = "false"
    owner.apply().ready()
    before = owner.install.objects()[CONFIG_MAP]
    edits = Edits(owner, environment={"TOWER_DATA_EXPLORER_ENABLED": "true"}, take_over=[CONFIG_MAP])
    edits.up()
    edits.environment = {URL: "https://c.example.com"}
    edits.up()
    assert owner.live(CONFIG_MAP)["data"] == {**before["data"], URL: "https://c.example.com"}
    edits.destroy()
    assert owner.install.objects()[CONFIG_MAP] == before


@pytest.mark.parametrize(
    "options",
    [pytest.param((), id="client-side", marks=pytest.mark.slow), pytest.param(("--server-side",), id="server-side")],
)
def test_what_the_owner_applies_in_between_is_kept_and_is_what_destroy_leaves(
    owner: Owner, options: tuple[str, ...]
) -> None:
    owner.apply(*options).ready()
    edits = Edits(owner)
    edits.up()
    owner.edit_tower_yml(lambda text: text.replace("tower-app", "another-app") + "# reviewed\n")
    owner.data["TOWER_SMTP_PORT"] = "465"
    owner.container(CRON)["env"].append({"name": "THEIRS", "value": "1"})
    owner.apply(*options).ready()
    wanted = owner.install.objects()

    assert edits.up() == ["found: update", "edits: update"]
    assert "allowed-workspaces: [1, 2]" in owner.live_tower_yml()
    assert owner.live_tower_yml().endswith("# reviewed\n")
    edits.destroy()

    assert owner.live_tower_yml() == owner.tower_yml
    assert owner.live(CONFIG_MAP)["data"] == owner.data
    after = owner.install.objects()
    template = wanted[CRON]["spec"]["template"]
    assert [each["name"] for each in after[CRON]["spec"]["template"]["spec"]["containers"][0]["env"]] == [
        "MICRONAUT_ENVIRONMENTS",
        "THEIRS",
    ]
    assert after[CRON]["spec"]["template"]["metadata"]["labels"] == template["metadata"]["labels"]


@pytest.mark.slow
def test_an_owner_who_applies_server_side_meets_no_conflict(owner: Owner) -> None:
    owner.apply("--server-side").ready()
    edits = Edits(owner)
    edits.up()
    owner.apply("--server-side")
    assert owner.live_tower_yml() == owner.tower_yml
    edits.up()
    assert "allowed-workspaces: [1, 2]" in owner.live_tower_yml()


@pytest.mark.slow
def test_an_upgrade_by_helm_in_between_is_kept(applied: Owner) -> None:
    edits = Edits(applied)
    edits.up()
    applied.helm_upgrade(TOWER_SMTP_PORT="2525")
    assert edits.up() == []
    edits.destroy()
    assert applied.live(CONFIG_MAP)["data"] == applied.data


@pytest.mark.slow
def test_a_forced_value_that_its_owner_changes_is_forced_again_and_the_latest_comes_back(owner: Owner) -> None:
    owner.data[URL] = "https://first.example.com"
    owner.apply().ready()
    edits = Edits(owner, take_over=[CONFIG_MAP])
    edits.up()
    owner.data[URL] = "https://second.example.com"
    owner.apply()
    assert edits.up() == ["found: update", "edits: update"]
    assert owner.live(CONFIG_MAP)["data"][URL] == "https://c.example.com"
    edits.destroy()
    assert owner.live(CONFIG_MAP)["data"] == owner.data


TOWER_YML = "ConfigMap/tower-yml"
PILOT = "tower:\n  data-studio:\n    allowed-workspaces: [7]  # for the pilot\n"
OTHERS_ENTRY = (
    "ConfigMap/tower-yml has [7] for tower.data-studio.allowed-workspaces in tower.yml, owned by "
    "kubectl-client-side-apply, and this stack sets [1, 2]; change allowedWorkspaces, or let the stack replace it: "
    "pulumi config set --path 'takeOver[0]' ConfigMap/tower-yml"
)


def test_an_entry_that_is_there_already_is_taken_over_only_where_the_user_says_so(owner: Owner) -> None:
    owner.edit_tower_yml(lambda text: text.replace("tower:\n", PILOT))
    owner.apply()
    before, edits = owner.versions(), Edits(owner)
    with pytest.raises(PlatformError) as caught:
        edits.up()
    assert str(caught.value) == OTHERS_ENTRY
    assert owner.versions() == before
    edits.take_over = [TOWER_YML]
    edits.up()
    assert "allowed-workspaces: [1, 2]  # for the pilot" in owner.live_tower_yml()
    edits.destroy()
    assert owner.live_tower_yml() == owner.tower_yml


@pytest.mark.slow
def test_an_entry_that_the_owner_writes_in_between_is_refused_unless_it_may_be_taken_over(applied: Owner) -> None:
    edits = Edits(applied)
    edits.up()
    applied.edit_tower_yml(lambda text: text.replace("tower:\n", PILOT))
    applied.apply()
    with pytest.raises(PlatformError) as caught:
        edits.up()
    # By the record's diff, and so in a preview.
    assert str(caught.value) == OTHERS_ENTRY


def test_an_entry_that_the_owner_writes_in_between_is_what_destroy_goes_back_to(applied: Owner) -> None:
    edits = Edits(applied, take_over=[TOWER_YML])
    edits.up()
    applied.edit_tower_yml(lambda text: text.replace("tower:\n", PILOT))
    applied.apply()
    edits.up()
    assert "allowed-workspaces: [1, 2]  # for the pilot" in applied.live_tower_yml()
    edits.workspaces = "null"
    edits.up()
    assert "allowed-workspaces: null  # for the pilot" in applied.live_tower_yml()
    edits.destroy()
    assert applied.live_tower_yml() == applied.tower_yml


def test_an_entry_written_after_the_last_up_stays_on_destroy(applied: Owner) -> None:
    edits = Edits(applied)
    edits.up()
    applied.edit_tower_yml(
        lambda text: text.replace("tower:\n", "tower:\n  data-studio:\n    allowed-workspaces: [7]\n")
    )
    applied.apply()
    edits.destroy()
    assert applied.live_tower_yml() == applied.tower_yml


def test_objects_replaced_by_their_owner_are_edited_again_and_their_pods_restart(applied: Owner) -> None:
    edits = Edits(applied)
    edits.up()
    before = applied.versions()
    applied.replace(CONFIG_MAP)
    assert URL not in applied.live(CONFIG_MAP)["data"]
    assert edits.up() == ["found: update", "edits: update"]
    assert applied.live(CONFIG_MAP)["data"][URL] == "https://c.example.com"
    after = applied.versions()
    assert [target for target in (CRON, BACKEND) if after[target] != before[target]] == [CRON, BACKEND]


@pytest.mark.slow
def test_what_was_dropped_or_changed_is_shown_by_check_and_by_refresh_without_its_value(applied: Owner) -> None:
    edits = Edits(applied)
    edits.up()
    assert edits.checked().get("drift") is None
    assert edits.refreshed() == edits.made
    applied.replace(CRON)
    applied.container(BACKEND)["env"].append({"name": TOKEN_VARIABLE, "value": "in-plain-text"})
    applied.replace(BACKEND)
    applied.apply()

    everything = ["env TOWER_OIDC_PEM_PATH", f"env {TOKEN_VARIABLE}", "volume cert-volume", "mount /data/certs"]
    drift = {CRON: everything, BACKEND: everything, "ConfigMap/tower-yml": ["tower.yml allowed-workspaces"]}
    assert edits.checked()["drift"] == drift
    seen = edits.refreshed()
    assert seen["edits"][CRON] == {"container": "backend", "env": {}, "volume": {}, "mount": {}}
    assert seen["edits"][BACKEND]["env"] == {TOKEN_VARIABLE: "(changed by kubectl-replace)"}
    assert seen["tower_yml"]["allowed_workspaces"] == "absent"
    assert seen["checksum"] is None


@pytest.mark.slow
def test_a_volume_that_was_changed_is_shown_again_by_a_second_refresh(applied: Owner) -> None:
    edits = Edits(applied)
    edits.up()
    patch = '{"spec":{"template":{"spec":{"volumes":[{"name":"cert-volume","secret":{"secretName":"other"}}]}}}}'
    applied.install.kubectl("patch", "deployment/cron", "--field-manager=another-tool", "-p", patch)
    edits.made = edits.refreshed()
    assert edits.made["edits"][CRON]["volume"] == {"cert-volume": {"secret": "(changed by another-tool)"}}
    assert edits.refreshed() == edits.made


@pytest.mark.slow
def test_replicas_are_left_as_they_are(running: Owner) -> None:
    edits = Edits(running)
    edits.up()
    running.install.kubectl("scale", "deployment/backend", "--replicas=3")
    assert edits.up() == []
    edits.destroy()
    assert running.live(BACKEND)["spec"]["replicas"] == 3
    assert len(running.started("backend")) == 3


@pytest.mark.slow
def test_a_missing_object_is_named_and_never_made(applied: Owner) -> None:
    before = applied.versions()
    with pytest.raises(PlatformError, match="nothing was changed, since there is no ConfigMap/other-cfg in namespace"):
        Edits(applied, config_map="other-cfg").up()
    assert "configmap/other-cfg" not in applied.install.names()
    assert applied.versions() == before


def test_what_was_deleted_meanwhile_is_not_made_again_on_destroy(applied: Owner) -> None:
    edits = Edits(applied)
    edits.up()
    applied.install.kubectl("delete", "configmap/tower-backend-cfg", "configmap/tower-yml", "deployment/cron")
    edits.destroy()
    assert not {"configmap/tower-backend-cfg", "configmap/tower-yml", "deployment.apps/cron"} & applied.install.names()
    assert applied.owned(BACKEND) == []


def test_objects_made_anew_by_their_owner_are_left_alone_on_destroy(applied: Owner) -> None:
    edits = Edits(applied, take_over=[CONFIG_MAP])
    edits.up()
    applied.install.kubectl("delete", "configmap/tower-backend-cfg")
    applied.apply()
    version = applied.versions()[CONFIG_MAP]
    edits.destroy()
    assert applied.versions()[CONFIG_MAP] == version


def test_a_run_that_a_paused_rollout_stops_edits_nothing_and_the_next_does_it_all(running: Owner) -> None:
    before = running.versions()[CONFIG_MAP]
    running.install.kubectl("rollout", "pause", "deployment/cron")
    edits = Edits(running)
    with pytest.raises(PlatformError, match="Deployment/cron is paused"):
        edits.up()
    assert edits.made is None
    assert running.owned(BACKEND) == []
    assert running.versions()[CONFIG_MAP] == before

    running.install.kubectl("rollout", "resume", "deployment/cron")
    assert edits.up() == ["found: update", "edits: create"]
    assert edits.up() == []


def test_a_run_that_stops_half_way_is_given_back_whole(owner: Owner) -> None:
    owner.data[URL] = "https://theirs.example.com"
    owner.objects[BACKEND]["spec"]["replicas"] = 1
    owner.apply().ready()
    before = owner.install.objects()
    owner.install.kubectl("rollout", "pause", "deployment/backend")
    edits = Edits(owner, take_over=[CONFIG_MAP])
    with pytest.raises(PlatformError, match="Deployment/backend is paused"):
        edits.up()
    owner.install.kubectl("rollout", "resume", "deployment/backend")
    edits.destroy()
    assert owner.install.objects() == before


@pytest.mark.slow
def test_a_restart_that_does_not_succeed_is_explained(running: Owner) -> None:
    quota = '{"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"none"},"spec":{"hard":{"pods":"2"}}}'
    running.install.kubectl("apply", "-f", "-", stdin=quota)
    with pytest.raises(PlatformError) as failed:
        Edits(running, timeout_seconds=3).up()
    assert str(failed.value).startswith("Deployment/cron did not become ready in 3 seconds: pods ")
    assert "exceeded quota: none" in str(failed.value)
