"""What is the owner's stays the owner's, whatever their deployer has made of the folder: on a docker in memory."""

from __future__ import annotations

import json
import re
import shutil
import socket
import time
from pathlib import Path

import pytest
from studios_host.bundle import Bundle, variables
from studios_host.errors import RefusedError
from studios_host.install import _gone
from studios_host.owner import owner_of
from studios_host.place import Place
from studios_host.project import find_project
from studios_host.state import State
from studios_host.survey import survey
from studios_host.uninstall import uninstall
from studios_host.wish import Wish

from settings.fields import variables as declared
from settings.host_names import PLATFORM_ENV, PLATFORM_PREFIXES
from tests.compose_bundle import bundle_of
from tests.delivery.fake_docker import FakeDocker

MAIN, OVERRIDE = "docker-compose.yml", "docker-compose.override.yml"
PLATFORM = "services:\n  db: {image: mysql}\n  cron: {image: v25}\n  backend: {image: v25}\n"
THEIRS = f"{PLATFORM}  connect-proxy: {{image: theirs, volumes: ['./data-studios:/data']}}\n"
TEXT = json.loads(bundle_of())["files"][OVERRIDE]
CONNECT = {"connect-proxy", "connect-server"}


@pytest.fixture(autouse=True)
def _without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIOS_QUIET", "0")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / MAIN).write_text(PLATFORM)
    return tmp_path


def bundle(**changes: object) -> Bundle:
    """That of a Platform without an entry in tower.yml, on a port that is free."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        port = probe.getsockname()[1]
    found = json.loads(bundle_of({"platformVersion": "26.1", "proxyPort": port, **changes}))
    return Bundle({name: text.encode() for name, text in found["files"].items()}, found["parameters"])


def install(folder: Path, **state: object) -> FakeDocker:
    """Puts files, notes and containers where an installation puts them."""
    found, place = bundle(), Place(folder)
    place.files.mkdir(parents=True)
    (folder / "data-studios").mkdir()
    for name, text in found.files.items():
        paths = [folder / name, place.override_copy] if name == OVERRIDE else [place.files / name]
        for path in paths:
            path.write_bytes(text)
    place.remember(State([OVERRIDE, "data-studios"], dict(found.parameters), **state))  # type: ignore[arg-type]
    return FakeDocker(folder).started(MAIN, OVERRIDE)


def without_its_files(text: str) -> str:
    """Our compose file in the form in which it may lack them."""
    return re.sub(r"- (\S+\.env)\n", r"- {path: \1, required: false}\n", text)


def taken_away(docker: FakeDocker) -> str:
    place = Place(docker.folder)
    with place.locked():
        return uninstall(docker, place, time.monotonic() + 5)


def refused_to_take_away(docker: FakeDocker) -> str:
    containers = json.dumps(docker.raw)
    files = sorted(path for path in docker.folder.rglob("*"))
    with pytest.raises(RefusedError) as refused:
        taken_away(docker)
    assert json.dumps(docker.raw) == containers
    assert sorted(path for path in docker.folder.rglob("*")) == files
    return str(refused.value)


def looked_at(docker: FakeDocker, **changes: object) -> None:
    """Looks at everything as an installation does before it changes anything."""
    found, place = bundle(**changes), Place(docker.folder)
    wish = Wish.of(found.parameters)
    place.look(docker.containers(), wish.override)
    project = find_project(docker.containers(), str(docker.folder), wish.platform)
    assert project is not None
    with place.locked():
        survey(docker, place, found, wish, place.state(), project, time.monotonic() + 5)


def test_what_was_installed_is_taken_away_whole(folder: Path) -> None:
    docker = install(folder)
    assert taken_away(docker) == "taken away"
    assert docker.services() == {"db", "cron", "backend"}
    assert [path.name for path in folder.iterdir()] == [MAIN]
    assert docker.of("backend")["Config"]["Env"] == []


def test_a_proxy_that_the_owner_has_written_and_started_themselves_is_left_with_its_data(folder: Path) -> None:
    docker = install(folder)
    (folder / MAIN).write_text(THEIRS)
    (folder / OVERRIDE).unlink()
    docker.started(MAIN)
    kept = docker.of("connect-proxy")
    data = folder / "data-studios"
    assert taken_away(docker) == f"taken away; left there, since it may be the owner's: seqera-connect-proxy-1, {data}"
    assert docker.of("connect-proxy") == kept
    assert docker.services() == {"db", "cron", "backend", "connect-proxy"}
    assert data.exists()


def test_a_proxy_that_is_of_the_owners_file_and_of_ours_is_named_with_both_ways_on(folder: Path) -> None:
    docker = install(folder)
    (folder / MAIN).write_text(THEIRS)
    docker.started(MAIN, OVERRIDE)
    assert refused_to_take_away(docker) == (
        "Platform's compose file has a service connect-proxy, too; take it out there, and it is taken away; or, to "
        f"keep it, start it as that file says. In {folder}: docker compose -p seqera -f {MAIN} up -d --no-deps "
        "connect-proxy"
    )
    (folder / MAIN).write_text(PLATFORM)
    assert taken_away(docker) == "taken away"


@pytest.mark.parametrize("theirs", [THEIRS, PLATFORM])
def test_a_service_by_an_earlier_name_is_taken_away_unless_the_owner_has_it_by_now(folder: Path, theirs: str) -> None:
    docker = install(folder)
    (folder / MAIN).write_text(theirs)
    place, wish = Place(folder), Wish.of(bundle(proxyName="studios-proxy").parameters)
    project = find_project(docker.containers(), str(folder), wish.platform)
    assert project is not None
    owner = owner_of(docker, place, project, wish.platform, place.state())
    assert _gone(place, owner, wish, place.state()) == (() if theirs == THEIRS else ("connect-proxy",))
    docker.started(MAIN)
    (folder / MAIN).write_text(PLATFORM)
    project = find_project(docker.containers(), str(folder), wish.platform)
    assert project is not None
    owner = owner_of(docker, place, project, wish.platform, place.state())
    # What was started from the owner's file only stays theirs when it is taken out there.
    assert _gone(place, owner, wish, place.state()) == (() if theirs == THEIRS else ("connect-proxy",))


@pytest.mark.parametrize("name", ["studios-before-destroy.yml", "docker-compose.studios.yml"])
def test_a_copy_of_our_compose_file_that_nothing_uses_makes_nothing_ours(folder: Path, name: str) -> None:
    (folder / name).write_text(TEXT)
    (folder / "data-studios").mkdir()
    (folder / "data-studios" / "own.txt").write_text("theirs")
    docker = FakeDocker(folder).started(MAIN)
    with pytest.raises(RefusedError) as refused:
        looked_at(docker)
    assert str(refused.value) == f"{folder}/data-studios exists and is not of this deployment; move it away"
    assert taken_away(docker) == f"nothing is installed in {folder}"
    assert {path.name for path in folder.iterdir()} == {MAIN, name, "data-studios"}
    assert (folder / "data-studios" / "own.txt").read_text() == "theirs"
    assert docker.done == []


def test_a_compose_file_of_ours_is_known_by_the_containers_that_were_started_from_it(folder: Path) -> None:
    (folder / "data-studios").mkdir()
    (folder / "studios.yml").write_text(without_its_files(TEXT))
    docker = FakeDocker(folder).started(MAIN, "studios.yml")
    assert taken_away(docker) == "taken away"
    assert docker.services() == {"db", "cron", "backend"}
    assert not (folder / "data-studios").exists()
    assert not (folder / "studios.yml").exists()


def test_our_compose_file_alone_does_not_make_a_folder_of_data_ours(folder: Path) -> None:
    (folder / OVERRIDE).write_text(TEXT)
    (folder / "data-studios").mkdir()
    docker = FakeDocker(folder).started(MAIN)
    data = folder / "data-studios"
    assert taken_away(docker) == f"taken away; left there, since it may be the owner's: {data}"
    assert not (folder / OVERRIDE).exists()


@pytest.mark.parametrize("left", ["override", "state"])
def test_an_edit_of_backend_that_was_not_started_is_refused_whatever_became_of_the_last_run(
    folder: Path, left: str
) -> None:
    """The owner's deployer has deleted `.studios`, or a run was killed before it started anything."""
    docker = install(folder, interrupted=left == "state")
    if left == "override":
        shutil.rmtree(folder / ".studios")
        (folder / OVERRIDE).write_text(without_its_files(TEXT))
    (folder / MAIN).write_text(PLATFORM.replace("backend: {image: v25}", "backend: {image: v26}"))
    ours = ".studios/override.yml" if left == "state" else OVERRIDE
    said = (
        f"what runs differs from what {folder}/{MAIN}, {folder}/{ours} says: backend in image; put the files back, "
        f"or start it as they say. In {folder}: docker compose -p seqera -f {MAIN} -f {OVERRIDE} "
        "up -d --no-deps cron backend"
    )
    assert refused_to_take_away(docker) == said
    with pytest.raises(RefusedError) as refused:
        looked_at(docker)
    assert said in str(refused.value)
    (folder / MAIN).write_text(PLATFORM)
    assert taken_away(docker) == "taken away"
    assert docker.of("backend")["Config"]["Env"] == []
    assert [path.name for path in folder.iterdir()] == [MAIN]


def test_what_a_killed_run_has_started_of_backend_and_cron_is_no_edit_of_the_owners(folder: Path) -> None:
    docker = install(folder, interrupted=True)
    env = Place(folder).files / PLATFORM_ENV
    env.write_text(f"{env.read_text()}EXTRA=1\n")
    plain = FakeDocker(folder).started(MAIN)
    # Cron was not replaced yet, and backend was, with more variables.
    docker.started(MAIN, OVERRIDE)
    docker.raw["seqera-cron-1"] = plain.of("cron")
    assert "EXTRA=1" in docker.of("backend")["Config"]["Env"]
    assert taken_away(docker) == "taken away"
    assert docker.of("backend")["Config"]["Env"] == []


def test_a_change_in_our_compose_file_that_the_owner_has_started_is_no_obstacle(folder: Path) -> None:
    docker = install(folder)
    text = (folder / OVERRIDE).read_text()
    (folder / OVERRIDE).write_text(text.replace("  backend:\n", "  backend:\n    mem_limit: 4096\n"))
    docker.started(MAIN, OVERRIDE)
    assert docker.of("backend")["HostConfig"] == {"Memory": 4096}
    looked_at(docker)
    assert taken_away(docker) == "taken away"
    assert docker.of("backend")["HostConfig"] == {"Memory": 0}


def test_containers_of_ours_are_known_though_every_file_of_ours_was_deleted(folder: Path) -> None:
    docker = install(folder)
    for path in folder.iterdir():
        if path.name != MAIN:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    docker.started(MAIN)
    assert docker.services() > CONNECT
    looked_at(docker)
    (folder / "data-studios").mkdir()
    looked_at(docker)
    assert "; taken away: seqera-connect-proxy-1, seqera-connect-server-1" in taken_away(docker)
    assert [path.name for path in folder.iterdir()] == [MAIN]


def test_a_container_of_our_name_that_the_owner_has_started_from_a_copy_is_not_ours(folder: Path) -> None:
    docker = install(folder)
    (folder / MAIN).write_text(f"{PLATFORM}  connect-proxy: {{labels: {{io.seqera.studios.deployment: 'yes'}}}}\n")
    for path in folder.iterdir():
        if path.name != MAIN:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    docker.started(MAIN)
    assert taken_away(docker).endswith("taken away: seqera-connect-server-1")
    assert docker.services() == {"db", "cron", "backend", "connect-proxy"}


def test_each_variable_of_platform_is_known_where_no_file_tells_it() -> None:
    names = {variable.name for _, variable in declared() if "platform" in variable.places}
    names |= set(variables(bundle(ssh=True, platformVersion="26.2").files[PLATFORM_ENV]))
    assert {name for name in names if not name.startswith(PLATFORM_PREFIXES)} == set()
