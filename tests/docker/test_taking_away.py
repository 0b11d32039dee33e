"""Taking Studios away comes to its end, whatever became of Platform, and starts nothing that was stopped."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable

import pytest

from testbed.docker.platform import ComposePlatform
from tests.docker.conftest import OURS, Studios, ok
from tests.docker.events import Events
from tests.docker.test_owners_way import edit, others, refused

pytestmark = pytest.mark.docker


def states(platform: ComposePlatform) -> dict[str, str]:
    return {name: container.status for name, container in platform.containers().items()}


def test_the_folder_is_gone(studios: Callable[..., Studios]) -> None:
    installed = studios()
    ok(installed.install())
    kept = {name: value for name, value in installed.platform.identities().items() if name not in OURS}
    aside = installed.platform.folder.rename(installed.platform.folder.parent / "aside")
    said = ok(installed.uninstall())
    assert "is gone; taken away: seqera-connect-proxy-1, seqera-connect-server-1" in said
    assert "nothing of this deployment runs" in ok(installed.uninstall())
    aside.rename(installed.platform.folder)
    assert installed.platform.identities() == kept
    shutil.rmtree(installed.platform.folder / ".studios")


@pytest.mark.slow
def test_the_owners_files_are_gone(studios: Callable[..., Studios]) -> None:
    installed = studios()
    ok(installed.install())
    kept = {name: value for name, value in installed.platform.identities().items() if name not in OURS}
    (installed.platform.folder / "docker-compose.yml").unlink()
    assert "run on as they are, since the files that they were started from are gone" in ok(installed.uninstall())
    assert installed.platform.identities() == kept
    assert sorted(path.name for path in installed.platform.folder.iterdir()) == ["tower.env", "tower.yml"]


@pytest.mark.slow
def test_platform_is_stopped(studios: Callable[..., Studios]) -> None:
    installed = studios()
    before = installed.platform.snapshot()
    ok(installed.install())
    installed.platform.compose("stop")
    kept = others(installed.platform)
    events = Events(installed.platform)
    ok(installed.uninstall())
    assert events.starts() == []
    assert others(installed.platform) == kept
    assert set(states(installed.platform).values()) <= {"exited", "created"}
    assert installed.platform.snapshot() == before
    installed.platform.up()
    assert "TOWER_OIDC_PEM_PATH" not in installed.platform.containers()["backend"].environment


@pytest.mark.slow
def test_only_cron_is_stopped(studios: Callable[..., Studios]) -> None:
    installed = studios()
    ok(installed.install())
    installed.platform.compose("stop", "cron")
    events = Events(installed.platform)
    ok(installed.uninstall())
    assert events.starts() == ["backend"]
    assert states(installed.platform)["cron"] in ("exited", "created")


@pytest.mark.slow
def test_a_service_that_is_paused_is_named(studios: Callable[..., Studios]) -> None:
    installed = studios()
    installed.platform.compose("pause", "cron")
    assert "cron does not run: it is paused; bring it up first (docker unpause seqera-cron-1)" in refused(installed)
    installed.platform.compose("unpause", "cron")
    installed.platform.wait_until_healthy("cron")
    ok(installed.install())
    installed.platform.compose("pause", "cron")
    said = installed.uninstall()
    assert said.returncode == 1
    assert "seqera-cron-1 is paused; docker unpause seqera-cron-1" in said.stderr
    installed.platform.compose("unpause", "cron")
    ok(installed.uninstall())


@pytest.mark.slow
def test_the_owner_took_platform_down(studios: Callable[..., Studios]) -> None:
    installed = studios()
    before = installed.platform.snapshot()
    ok(installed.install())
    installed.platform.compose("down")
    assert "Platform does not run, and was not started" in ok(installed.uninstall())
    assert installed.platform.containers() == {}
    assert installed.platform.snapshot() == before


@pytest.mark.slow
def test_an_edit_of_backend_that_was_not_started_is_not_started_by_taking_away(
    studios: Callable[..., Studios],
) -> None:
    installed = studios()
    ok(installed.install())
    edit(installed.platform, ("MICRONAUT_ENVIRONMENTS=prod,redis,ha", "MICRONAUT_ENVIRONMENTS=prod,redis"))
    running = installed.platform.identities()
    refused = installed.uninstall()
    assert refused.returncode == 1
    assert "backend in environment: MICRONAUT_ENVIRONMENTS" in refused.stderr
    assert installed.platform.identities() == running
    installed.platform.compose("up", "--detach", "backend")
    ok(installed.uninstall())


@pytest.mark.slow
def test_nothing_is_installed(studios: Callable[..., Studios]) -> None:
    installed = studios()
    before = installed.platform.snapshot(), installed.platform.identities()
    assert "nothing is installed" in ok(installed.uninstall())
    assert (installed.platform.snapshot(), installed.platform.identities()) == before


@pytest.mark.slow
def test_what_the_owner_changed_meanwhile_stays(studios: Callable[..., Studios]) -> None:
    installed = studios()
    path = installed.platform.folder / "tower.yml"
    before = path.read_text()
    ok(installed.install())
    path.write_text(path.read_text().replace("365d", "30d"))
    ok(installed.uninstall())
    assert path.read_text() == before.replace("365d", "30d")
    ok(installed.install())
    path.write_text(path.read_text().replace("allowed-workspaces: null", "allowed-workspaces: [9]"))
    theirs = path.read_text()
    ok(installed.uninstall())
    assert path.read_text() == theirs


def as_the_first_release_left_it(studios: Studios) -> None:
    """Turns an installation into that of release 1.0 of the script, with its files and its notes."""
    folder = studios.platform.folder
    own = folder / ".studios"
    for path in (own / "files").iterdir():
        path.rename(folder / path.name)
    override = folder / "docker-compose.override.yml"
    text = override.read_text().replace("./.studios/files/", "./")
    lines = [line for line in text.splitlines(keepends=True) if "labels:" not in line and "io.seqera" not in line]
    override.write_text("".join(lines))
    state = json.loads((own / "state.json").read_text())
    names = ["data-studios.env", "data-studios-rsa.pem", "tower-studios.env", "docker-compose.override.yml"]
    (own / "installed").write_text("".join(f"{name}\n" for name in [*names, "data-studios"]))
    (own / "parameters").write_text("".join(f"{key}={value}\n" for key, value in state["parameters"].items()))
    (own / "services").write_text(state["parameters"]["studios_services"] + "\n")
    (own / "override").write_text("docker-compose.override.yml\n")
    (own / "lock").write_text("")
    for name in ("state.json", "override.yml"):
        (own / name).unlink()
    (own / "files").rmdir()
    studios.platform.compose("up", "--detach")
    studios.platform.wait_until_healthy("backend", "cron", *OURS)


def test_an_installation_of_the_first_release_is_taken_over(studios: Callable[..., Studios]) -> None:
    installed = studios()
    before = installed.platform.snapshot()
    ok(installed.install())
    as_the_first_release_left_it(installed)
    kept = others(installed.platform)
    events = Events(installed.platform)
    ok(installed.install())
    assert events.starts() == ["cron", "backend", "connect-server", "connect-proxy"]
    assert ok(installed.install()) == "studios: nothing has changed\n"
    assert others(installed.platform) == kept
    assert sorted(path.name for path in (installed.platform.folder / ".studios").iterdir()) == [
        "backup", "files", "override.yml", "state.json", "tower.json",
    ]  # fmt: skip
    assert not (installed.platform.folder / "data-studios.env").exists()
    ok(installed.uninstall())
    assert installed.platform.snapshot() == before


@pytest.mark.slow
def test_an_installation_of_the_first_release_is_taken_away(studios: Callable[..., Studios]) -> None:
    installed = studios()
    before = installed.platform.snapshot()
    ok(installed.install())
    as_the_first_release_left_it(installed)
    ok(installed.uninstall())
    assert installed.platform.snapshot() == before
    assert OURS.isdisjoint(installed.platform.containers())
