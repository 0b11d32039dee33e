"""The owner goes on working by hand: as a user who is not root, and by a deployer that writes the folder anew."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable

import pytest

from testbed.compose.host import FILES
from tests.docker.conftest import OURS, Studios, ok
from tests.docker.test_owners_way import OWN, others
from tests.printed_commands import FILLED_IN, printed_commands

pytestmark = pytest.mark.docker


def test_every_command_works_as_before_for_a_user_who_is_not_root(studios: Callable[..., Studios]) -> None:
    installed = studios(owner="ec2-user")
    platform = installed.platform
    ok(installed.install())
    running = {name: value for name, value in platform.identities().items() if name != "migrate"}
    platform.compose("up", "--detach")
    assert {name: value for name, value in platform.identities().items() if name != "migrate"} == running
    assert "connect-proxy" in platform.compose("ps").stdout
    platform.compose("logs", "--tail", "1")
    platform.compose("stop")
    platform.compose("start")
    platform.compose("restart", "backend")
    platform.compose("down")
    assert platform.containers() == {}
    platform.compose("up", "--detach")
    platform.wait_until_healthy("backend", "cron", *OURS)
    assert ok(installed.install()) == "studios: nothing has changed\n"


def test_docker_knows_each_command_in_a_message_and_its_options(studios: Callable[..., Studios]) -> None:
    machine = studios().platform.machine
    printed = printed_commands("docker")
    assert len(printed) > 5
    for each in printed:
        words = shlex.split(FILLED_IN.sub("x", each.command))[1:]
        helped = machine.docker(*words, "--help")
        # An unknown command is answered with the help of the one above it.
        named = [word for word in words if word in ("compose", "config", "down", "login", "logs", "rm", "stop", "up")]
        assert f"docker {' '.join(named)}" in helped, each


def test_a_deployer_that_writes_the_folder_anew_leaves_a_platform_that_starts(studios: Callable[..., Studios]) -> None:
    installed = studios(owner="ec2-user")
    platform = installed.platform
    ok(installed.install())
    platform.run(
        ["rm", "-f", "tower.env", "tower.yml", "docker-compose.yml", "data-studios.env", "data-studios-rsa.pem"]
    )
    for name in ("tower.env", "tower.yml", "docker-compose.yml"):
        shutil.copy(FILES / name, platform.folder / name)
    platform.compose("down")
    platform.compose("up", "--detach")
    platform.wait_until_healthy("backend", "cron", *OURS)
    ok(installed.install())
    assert "allowed-workspaces: null" in (platform.folder / "tower.yml").read_text()
    ok(installed.uninstall())
    assert (platform.folder / "tower.yml").read_text() == (FILES / "tower.yml").read_text()


@pytest.mark.slow
def test_a_deployer_that_deletes_all_that_is_not_its_own(studios: Callable[..., Studios]) -> None:
    installed = studios()
    platform = installed.platform
    ok(installed.install())
    kept = {name: value for name, value in others(platform).items() if name != "migrate"}
    for path in platform.folder.iterdir():
        if path.name not in ("tower.env", "tower.yml", "docker-compose.yml"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copy(FILES / "tower.yml", platform.folder / "tower.yml")
    platform.compose("up", "--detach", "--remove-orphans")
    platform.wait_until_healthy("backend", "cron")
    assert OURS.isdisjoint(platform.containers())
    ok(installed.install())
    platform.wait_until_healthy("backend", "cron", *OURS)
    assert {name: value for name, value in others(platform).items() if name != "migrate"} == kept


@pytest.mark.slow
def test_a_deployer_that_deletes_only_what_our_compose_file_names(studios: Callable[..., Studios]) -> None:
    installed = studios()
    platform = installed.platform
    before = platform.snapshot()
    ok(installed.install())
    for name in (".studios", "data-studios"):
        shutil.rmtree(platform.folder / name)
    platform.compose("down")
    platform.compose("up", "--detach")
    platform.wait_until_healthy("backend", "cron")
    assert "TOWER_OIDC_PEM_PATH" not in platform.containers()["backend"].environment
    kept = others(platform)
    ok(installed.install())
    platform.wait_until_healthy("backend", "cron", *OURS)
    for name in (".studios", "data-studios"):
        shutil.rmtree(platform.folder / name)
    ok(installed.uninstall())
    assert others(platform) == kept
    assert set(platform.containers()) == {*kept, "backend", "cron"}
    assert "TOWER_OIDC_PEM_PATH" not in platform.containers()["backend"].environment
    assert set(platform.snapshot()) == set(before)


@pytest.mark.slow
def test_what_the_script_says_of_commands_by_hand_is_true(studios: Callable[..., Studios]) -> None:
    way: dict[str, object] = {
        "project": "tower",
        "folder": "my seqera",
        "compose_files": ("docker-compose.yml", "x.yml"),
    }
    installed = studios(owner="ec2-user", files={"x.yml": "services:\n  cron: {environment: [OWN=1]}\n"}, **way)
    platform = installed.platform
    said = ok(installed.install({"composeOverride": OWN}))
    folder, command = said.splitlines()[-1].partition("In ")[2].split(": ", 1)
    assert folder == str(platform.folder)
    running = {name: value for name, value in platform.identities().items() if name != "migrate"}
    platform.run(["sh", "-c", command])
    assert {name: value for name, value in platform.identities().items() if name != "migrate"} == running


@pytest.mark.slow
def test_taking_away_says_what_to_take_out_of_compose_file(studios: Callable[..., Studios]) -> None:
    installed = studios(files={".env": f"COMPOSE_FILE=docker-compose.yml:{OWN}\n", OWN: "services: {}\n"}, start=False)
    platform = installed.platform
    (platform.folder / OWN).unlink()
    platform.compose("-f", "docker-compose.yml", "up", "--detach")
    platform.wait_until_healthy("backend", "cron")
    assert ok(installed.install({"composeOverride": OWN})).count("studios: ") == 1
    said = ok(installed.uninstall())
    assert f"take {OWN} out of COMPOSE_FILE in {platform.folder}/.env" in said
