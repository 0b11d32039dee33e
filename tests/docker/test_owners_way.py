"""However the owner started Platform: Studios is put beside it in the same way, and nothing else is touched."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from testbed.docker.platform import ComposePlatform
from testbed.pki import rsa_key_pair
from tests.docker.conftest import OURS, Studios, ok
from tests.docker.events import Events

pytestmark = pytest.mark.docker

TOUCHED = {"backend", "cron", *OURS}
OWN = "docker-compose.studios.yml"
EXTRA = """\
services:
  backend:
    environment: [OWN=1]
  cron:
    environment: [OWN=1]
  frontend:
    environment: [OWN=1]
  wave:
    image: mysql:8.0
    environment: {MYSQL_ALLOW_EMPTY_PASSWORD: "yes"}
    networks: [backend]
"""


def others(platform: ComposePlatform) -> dict[str, tuple[str, str]]:
    """Id and start of every container that is not ours to touch."""
    return {name: value for name, value in platform.identities().items() if name not in TOUCHED}


def refused(studios: Studios, changes: Mapping[str, object] | None = None) -> str:
    """What the script said; it must have failed, with the folder and every container as they were."""
    files, containers = studios.platform.snapshot(), studios.platform.identities()
    finished = studios.install(changes)
    assert finished.returncode == 1, finished.stdout
    assert "nothing was changed" in finished.stderr
    assert studios.platform.snapshot() == files
    assert studios.platform.identities() == containers
    return finished.stderr


def edit(platform: ComposePlatform, *changes: tuple[str, str]) -> None:
    """Edits docker-compose.yml, without starting anything."""
    path = platform.folder / "docker-compose.yml"
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)


def projects(platform: ComposePlatform) -> set[str]:
    return {container.project for container in platform.containers(every_project=True).values()}


@pytest.mark.slow
def test_another_user_with_a_project_files_and_a_scaled_service_of_their_own(
    studios: Callable[..., Studios],
) -> None:
    installed = studios(
        owner="ec2-user",
        project="tower",
        files={"extra.yml": EXTRA},
        compose_files=("docker-compose.yml", "extra.yml"),
    )
    platform = installed.platform
    platform.compose("up", "--detach", "--scale", "wave=2")
    before, kept = platform.snapshot(), others(platform)
    assert {"db", "redis", "migrate", "frontend", "wave", "wave-2"} == set(kept)
    ok(installed.install({"composeOverride": OWN}))
    assert platform.containers()["backend"].environment["OWN"] == "1"
    ok(installed.install({"composeOverride": OWN, "allowedWorkspaces": [7]}))
    events = Events(platform)
    installed.token, installed.pem = "another", rsa_key_pair()
    ok(installed.install({"composeOverride": OWN, "allowedWorkspaces": [7]}))
    assert events.starts() == ["cron", "backend", "connect-server", "connect-proxy"]
    assert platform.containers()["connect-proxy"].environment["CONNECT_OIDC_CLIENT_REGISTRATION_TOKEN"] == "another"
    assert others(platform) == kept
    assert projects(platform) == {"tower"}
    ok(installed.uninstall())
    assert others(platform) == kept
    assert set(platform.containers()) == {*kept, "backend", "cron"}
    assert platform.snapshot() == before
    assert platform.containers()["db"].mounts["/var/lib/mysql"] == str(platform.database_folder)


@pytest.mark.slow
def test_a_home_that_only_the_mounts_tell_is_used_for_backend_too(studios: Callable[..., Studios]) -> None:
    installed = studios(
        owner="ec2-user",
        files={
            "docker-compose.override.yml": "services:\n  backend:\n    volumes: [$HOME/own:/own]\n"
            "  cron:\n    environment: [OWN=$HOME]\n"
        },
    )
    kept = others(installed.platform)
    ok(installed.install({"composeOverride": OWN}))
    assert installed.platform.containers()["backend"].mounts["/own"] == str(installed.platform.home / "own")
    assert installed.platform.containers()["cron"].environment["OWN"] == str(installed.platform.home)
    assert others(installed.platform) == kept


def test_edits_that_were_not_started_stay_so_and_one_of_backend_is_refused_with_its_keys(
    studios: Callable[..., Studios],
) -> None:
    installed = studios()
    kept = others(installed.platform)
    edit(installed.platform, ("8000:80", "8001:80"), ("MYSQL_DATABASE: tower", "MYSQL_DATABASE: tower2"))
    backend = ("MICRONAUT_ENVIRONMENTS=prod,redis,ha", "MICRONAUT_ENVIRONMENTS=prod,redis,other")
    edit(installed.platform, backend)
    said = refused(installed)
    assert "backend in environment: MICRONAUT_ENVIRONMENTS;" in said
    assert "cron in" not in said
    assert "prod,redis" not in said
    edit(installed.platform, backend[::-1])
    ok(installed.install())
    ok(installed.uninstall())
    assert others(installed.platform) == kept
    edit(installed.platform, backend)
    # The command does as its user would, whoever gives it: the database stays where it is.
    platform = installed.platform
    folder, command = refused(installed).partition("In ")[2].splitlines()[0].split(": ", 1)
    assert command == (
        f"HOME={platform.home} docker compose -p seqera -f docker-compose.yml up -d --no-deps cron backend"
    )
    assert folder == str(platform.folder)
    platform.machine.run(["sh", "-c", command], folder=platform.folder, env={"HOME": "/root"})
    platform.wait_until_healthy("backend", "cron")
    assert others(platform) == kept
    ok(installed.install())


@pytest.mark.slow
def test_a_stopped_service_and_one_that_has_ended_stay_so(studios: Callable[..., Studios]) -> None:
    installed = studios()
    installed.platform.compose("stop", "frontend")
    kept = others(installed.platform)
    ok(installed.install())
    ok(installed.uninstall())
    assert others(installed.platform) == kept
    assert installed.platform.containers()["frontend"].status == "exited"
    assert installed.platform.containers()["migrate"].status == "exited"


#: Keys of a service, and how a refusal names them.
KEYS = {
    "mem_limit: 300m": "mem_limit",
    "cpus: 0.5": "cpus",
    "extra_hosts: ['ldap:10.0.0.1']": "extra_hosts",
    "logging: {driver: json-file, options: {max-size: 1m}}": "logging",
    "cap_add: [SYS_PTRACE]": "cap_add",
    "dns: [10.0.0.2]": "dns",
    "ulimits: {nofile: 2048}": "ulimits",
    "tmpfs: [/scratch]": "tmpfs",
    "stop_grace_period: 20s": "stop_grace_period",
    "hostname: tower": "hostname",
    "working_dir: /tmp": "working_dir",
    "privileged: true": "privileged",
    "devices: ['/dev/null:/dev/other']": "devices",
    "healthcheck: {test: [CMD, 'true'], interval: 1s}": "healthcheck",
    "shm_size: 64k": "shm_size",
    "read_only: true": "read_only",
    "labels: {of: owner}": "labels: of",
    "ports: ['8001:8080']": "ports",
    "networks: {backend: {aliases: [tower]}}": "networks: seqera_backend",
    "volumes: [$HOME/own:/own]": "volumes: /own",
    "restart: on-failure:2": "restart",
    "container_name: tower": "container_name",
}


@pytest.mark.slow
def test_a_key_of_any_kind_that_was_edited_and_not_started_is_named(studios: Callable[..., Studios]) -> None:
    installed = studios(files={"docker-compose.override.yml": "services: {}\n"})
    path = installed.platform.folder / "docker-compose.override.yml"
    # A message names the first twelve.
    for first in range(0, len(KEYS), 7):
        keys = list(KEYS)[first : first + 7]
        path.write_text("".join(["services:\n  backend:\n", *(f"    {key}\n" for key in keys)]))
        said = refused(installed, {"composeOverride": OWN})
        named = said.partition("backend in ")[2].partition("; put the files back")[0].split(", ")
        assert {KEYS[key] for key in keys} <= set(named)
    listed = installed.platform.machine.docker("ps", "--all", "--format", "{{.Names}}")
    assert "compared" not in listed


@pytest.mark.slow
def test_an_edit_of_cron_is_refused_also_when_studios_is_installed(studios: Callable[..., Studios]) -> None:
    installed = studios()
    ok(installed.install())
    edit(installed.platform, ("MICRONAUT_ENVIRONMENTS=prod,redis,cron", "MICRONAUT_ENVIRONMENTS=prod,cron"))
    assert "cron in environment: MICRONAUT_ENVIRONMENTS" in refused(installed, {"allowedWorkspaces": [7]})


@pytest.mark.slow
def test_a_variable_that_only_the_owners_shell_has_is_named(studios: Callable[..., Studios]) -> None:
    override = "services:\n  backend:\n    environment:\n      - OWN=${OWN_SETTING}\n"
    way: dict[str, object] = {"files": {"docker-compose.override.yml": override}, "shell": {"OWN_SETTING": "x"}}
    installed = studios(**way)
    said = refused(installed, {"composeOverride": OWN})
    assert "backend in environment: OWN" in said
    assert "not set here, but perhaps in your shell: OWN_SETTING: write it into .env" in said
    (installed.platform.folder / ".env").write_text("OWN_SETTING=x\n")
    ok(installed.install({"composeOverride": OWN}))
    assert installed.platform.containers()["backend"].environment["OWN"] == "x"


@pytest.mark.slow
def test_variables_that_are_in_the_owners_home_folder(studios: Callable[..., Studios]) -> None:
    override = "services:\n  cron:\n    environment: [OWN=$USER]\n"
    way: dict[str, object] = {"owner": "ec2-user", "shell": {"USER": "ec2-user"}}
    installed = studios(files={"docker-compose.override.yml": override}, start=False, **way)
    platform = installed.platform
    shutil.copy2(platform.folder / "tower.env", platform.home / "tower.env")
    os.chown(platform.home / "tower.env", 1000, 1000)
    edit(platform, ("      - tower.env", "      - $HOME/tower.env"))
    platform.up()
    kept = others(platform)
    ok(installed.install({"composeOverride": OWN}))
    assert "nothing has changed" in ok(installed.install({"composeOverride": OWN}))
    ok(installed.uninstall())
    assert others(platform) == kept


@pytest.mark.slow
def test_a_service_with_a_profile_that_only_the_owners_shell_names(studios: Callable[..., Studios]) -> None:
    override = (
        "services:\n  backend: {depends_on: [wave]}\n  wave:\n    image: mysql:8.0\n    profiles: [wave]\n"
        "    environment: {MYSQL_ALLOW_EMPTY_PASSWORD: 'yes'}\n    networks: [backend]\n"
    )
    way: dict[str, object] = {"shell": {"COMPOSE_PROFILES": "wave"}}
    installed = studios(files={"docker-compose.override.yml": override}, **way)
    kept = others(installed.platform)
    assert "wave" in kept
    ok(installed.install({"composeOverride": OWN}))
    ok(installed.uninstall())
    assert others(installed.platform) == kept


#: Settings of a network, which Docker Compose can only give to a new one.
WITH_MTU = "{driver_opts: {com.docker.network.driver.mtu: '1400'}}"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["backend", "frontend"])
def test_an_edit_of_a_network_that_was_not_started_is_refused(studios: Callable[..., Studios], name: str) -> None:
    installed = studios(start=False)
    platform = installed.platform
    # Of Platform's services, only the proxy and frontend are on `frontend`.
    edit(
        platform,
        (
            "    command: -c '/tower.sh'\n    networks:\n      - frontend\n",
            "    command: -c '/tower.sh'\n    networks:\n",
        ),
    )
    platform.up()
    edit(platform, (f"  {name}: {{}}", f"  {name}: {WITH_MTU}"))
    said = refused(installed)
    assert (
        f"says something else of the network seqera_{name} than what runs; put the file back, or start Platform" in said
    )
    assert "up -d\n" in said


def test_a_service_that_lives_in_backends_network_is_not_cut_off(studios: Callable[..., Studios]) -> None:
    beside = "    image: mysql:8.0\n    environment: {MYSQL_ALLOW_EMPTY_PASSWORD: 'yes'}\n"
    theirs = (
        f"services:\n  sidecar:\n{beside}    network_mode: service:backend\n    pid: service:cron\n"
        f"  reader:\n{beside}    volumes_from: [backend]\n"
        "  frontend:\n    depends_on: {backend: {condition: service_healthy, restart: true}}\n"
    )
    installed = studios(files={"docker-compose.override.yml": theirs})
    platform = installed.platform
    said = refused(installed, {"composeOverride": OWN})
    assert "1. sidecar has network_mode: service:backend, and would be cut off when backend is replaced" in said
    assert "2. sidecar has pid: service:cron, and would be cut off when cron is replaced" in said
    assert "(docker stop seqera-sidecar-1)" in said
    platform.machine.docker("stop", "seqera-sidecar-1")
    kept = others(platform)
    ok(installed.install({"composeOverride": OWN}))
    assert others(platform) == kept
    words = ["-f", "docker-compose.yml", "-f", "docker-compose.override.yml", "-f", OWN]
    platform.compose(*words, "up", "--detach", "--no-deps", "sidecar")
    assert "nothing has changed" in ok(installed.install({"composeOverride": OWN}))
    assert "sidecar has network_mode" in refused(installed, {"composeOverride": OWN, "allowedWorkspaces": [7]})
    kept = others(platform)
    finished = installed.uninstall()
    assert finished.returncode == 1
    assert "sidecar has network_mode" in finished.stderr
    assert others(platform) == kept
    platform.machine.docker("stop", "seqera-sidecar-1")
    kept = others(platform)
    ok(installed.uninstall())
    assert others(platform) == kept


@pytest.mark.parametrize(
    "way", [pytest.param({"project": "tower"}, marks=pytest.mark.slow), {"shell": {"COMPOSE_PROJECT_NAME": "tower"}}]
)
def test_the_project_that_runs_is_changed_and_no_second_one_starts(
    studios: Callable[..., Studios], way: dict[str, object]
) -> None:
    installed = studios(**way)
    before, kept = installed.platform.snapshot(), others(installed.platform)
    ok(installed.install())
    assert projects(installed.platform) == {"tower"}
    assert set(installed.platform.containers()) == {*kept, *TOUCHED}
    ok(installed.uninstall())
    assert others(installed.platform) == kept
    assert installed.platform.snapshot() == before


@pytest.mark.slow
def test_a_folder_that_is_a_link(studios: Callable[..., Studios]) -> None:
    installed = studios(start=False)
    platform = installed.platform
    link = platform.folder.parent / "link"
    link.symlink_to(platform.folder)
    words = ["docker", "compose", "up", "--detach"]
    platform.machine.run(words, folder=link, env={"HOME": str(platform.home), "PWD": str(link)})
    platform.wait_until_healthy("backend", "cron")
    kept = others(platform)
    for folder in (link, platform.folder):
        installed.folder = folder
        ok(installed.install())
        assert projects(platform) == {"link"}
        assert others(platform) == kept
        ok(installed.uninstall())
    assert others(platform) == kept


@pytest.mark.slow
def test_two_projects_in_the_folder_are_refused(studios: Callable[..., Studios]) -> None:
    installed = studios()
    installed.platform.compose("-p", "second", "up", "--detach", "--no-deps", "cron")
    said = refused(installed)
    assert "runs as 2 projects of Docker Compose, second and seqera" in said
    installed.platform.compose("-p", "second", "down")
    ok(installed.install())


@pytest.mark.slow
def test_a_platform_in_another_folder_is_named(studios: Callable[..., Studios], tmp_path: Path) -> None:
    installed = studios()
    installed.folder = tmp_path
    finished = installed.install()
    assert finished.returncode == 1
    assert f"backend of project seqera in {installed.platform.folder}" in finished.stderr
    assert "write that folder in composeFolder" in finished.stderr
    assert not (tmp_path / ".studios").exists()


@pytest.mark.slow
def test_the_files_of_compose_file_stay_in_use(studios: Callable[..., Studios]) -> None:
    files = {".env": "COMPOSE_FILE=docker-compose.yml:extra.yml\n", "extra.yml": EXTRA}
    installed = studios(files=files)
    kept = others(installed.platform)
    said = refused(installed)
    assert "write composeOverride: docker-compose.studios.yml" in said
    assert f"in COMPOSE_FILE of {installed.platform.folder}/.env" in said
    said = ok(installed.install({"composeOverride": OWN}))
    assert f"add :{OWN} to COMPOSE_FILE in {installed.platform.folder}/.env" in said
    assert installed.platform.containers()["backend"].environment["OWN"] == "1"
    (installed.platform.folder / ".env").write_text(f"COMPOSE_FILE=docker-compose.yml:extra.yml:{OWN}\n")
    running = installed.platform.identities()
    installed.platform.compose("up", "--detach")
    assert {name: installed.platform.identities()[name] for name in (*kept, *TOUCHED) if name != "migrate"} == {
        name: running[name] for name in (*kept, *TOUCHED) if name != "migrate"
    }


@pytest.mark.parametrize(
    "name",
    [
        "docker-compose.override.yaml",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("compose.override.yml", "compose.override.yaml", "docker-compose.override.yml")
        ),
    ],
)
def test_each_name_of_the_owners_override_stays_in_effect(studios: Callable[..., Studios], name: str) -> None:
    installed = studios(files={name: "services:\n  backend:\n    environment: [OWN=1]\n"})
    before, kept = installed.platform.snapshot(), others(installed.platform)
    assert "write another name in composeOverride" in refused(installed)
    ok(installed.install({"composeOverride": OWN}))
    assert installed.platform.containers()["backend"].environment["OWN"] == "1"
    assert installed.platform.containers()["backend"].environment["TOWER_DATA_EXPLORER_ENABLED"] == "true"
    ok(installed.uninstall())
    assert others(installed.platform) == kept
    assert installed.platform.containers()["backend"].environment["OWN"] == "1"
    assert installed.platform.snapshot() == before


@pytest.mark.slow
def test_a_file_that_platform_was_started_from_and_that_is_gone_is_named(studios: Callable[..., Studios]) -> None:
    installed = studios(files={"extra.yml": EXTRA}, compose_files=("extra.yml", "docker-compose.yml"))
    (installed.platform.folder / "extra.yml").unlink()
    assert f"was started from {installed.platform.folder}/extra.yml, which is not there any more" in refused(installed)


@pytest.mark.slow
def test_any_character_may_be_in_the_folders_name(studios: Callable[..., Studios]) -> None:
    installed = studios(folder='it\'s, "$HOME" & ümlaut; 1,2', project="tower")
    before, kept = installed.platform.snapshot(), others(installed.platform)
    ok(installed.install())
    assert "nothing has changed" in ok(installed.install())
    ok(installed.uninstall())
    assert others(installed.platform) == kept
    assert installed.platform.snapshot() == before


@pytest.mark.slow
def test_the_model_holds_no_value_of_the_owners_in_a_message(studios: Callable[..., Studios]) -> None:
    installed = studios()
    path = installed.platform.folder / "tower.env"
    path.write_text(path.read_text().replace("0123456789abcdef", "fedcba9876543210"))
    said = refused(installed)
    assert "environment: TOWER_JWT_SECRET" in said
    assert "fedcba9876543210" not in said
    assert json.dumps(said)
