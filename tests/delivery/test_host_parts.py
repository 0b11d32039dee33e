"""The parts of the script that need no Docker: text, files, and what a container's state means."""

from __future__ import annotations

import errno
import itertools
import json
import os
import subprocess
import time
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from studios_host import install
from studios_host.bundle import Bundle, variables
from studios_host.checks import not_started
from studios_host.compose import Compose
from studios_host.docker import Container, Docker, Finished, listed_paths
from studios_host.errors import Problems, RefusedError, reason_of, shortened
from studios_host.files import DesiredFile, Placement, put_back
from studios_host.halfway import down, finish_replacing
from studios_host.place import MARKER, Place
from studios_host.places import place as place_of
from studios_host.project import Project, Source
from studios_host.services import Starter
from studios_host.state import State
from studios_host.survey import files_of
from studios_host.watch import NotRunningError, watch
from studios_host.wish import Wish

from delivery.env_file import env_file
from tests.compose_bundle import bundle_of

NOW = time.strftime("%Y-%m-%dT%H:%M:%S.5Z", time.gmtime())


@given(
    st.dictionaries(
        st.from_regex(r"[A-Z][A-Z_]{0,8}", fullmatch=True),
        st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], include_characters="\t\n\r")),
    )
)
def test_a_file_of_variables_is_read_back_as_it_was_written(values: dict[str, str]) -> None:
    assert variables(env_file(values).encode()) == values


def test_the_paths_of_a_label_may_hold_commas(tmp_path: Path) -> None:
    folder = tmp_path / "a,b"
    folder.mkdir()
    for name in ("x.yml", "y.yml"):
        (folder / name).touch()
    assert listed_paths(f"{folder}/x.yml,{folder}/y.yml") == (f"{folder}/x.yml", f"{folder}/y.yml")
    assert listed_paths("/gone/x.yml,/gone/y.yml") == ("/gone/x.yml", "/gone/y.yml")
    assert listed_paths("") == ()


class Daemon:
    """A daemon with one container, in one state after the other."""

    def __init__(self, *states: dict[str, Any]) -> None:
        self.states = list(states)

    def containers(self, _label: str) -> list[Container]:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        about = {"Status": "running", "ExitCode": 0, "StartedAt": NOW, **state}
        labels = {"com.docker.compose.service": "cron", "com.docker.compose.project": "seqera"}
        raw = {"Id": "1", "Name": "/seqera-cron-1", "Config": {"Labels": labels}, "State": about}
        return [Container({**raw, "RestartCount": state.get("restarts", 0)})]

    def logs(self, _container: Container, _lines: int) -> str:
        return "the last words"


def watched(*states: dict[str, Any], quiet: float = 1.0, seconds: float = 5.0) -> None:
    watch(Daemon(*states), "seqera", ["cron"], quiet, time.monotonic() + seconds)  # type: ignore[arg-type]


def health(status: str) -> dict[str, Any]:
    return {"Health": {"Status": status}}


def test_a_container_with_a_health_check_is_up_once_it_is_healthy() -> None:
    watched(health("starting"), health("starting"), health("healthy"), quiet=100)


def test_one_without_a_health_check_is_up_when_it_has_run_for_a_while() -> None:
    began = time.monotonic()
    watched({"StartedAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}, quiet=2)
    assert time.monotonic() - began >= 1


def test_a_restart_begins_the_while_anew_and_is_no_failure_yet() -> None:
    early = "2020-01-01T00:00:00Z"
    watched({"Status": "restarting", "restarts": 1}, {"restarts": 1, "StartedAt": early})


@pytest.mark.parametrize(
    ("states", "words"),
    [
        ([{"Status": "exited", "ExitCode": 7}], "cron ended with exit code 7. Its last lines:\nthe last words"),
        ([{"Status": "restarting", "restarts": 3}], "cron restarts again and again. Its last lines:"),
        ([health("starting"), health("unhealthy")], "cron is unhealthy, says its health check. Its last lines:"),
        ([health("starting")], "cron is not up in time, and starting. Its last lines:"),
    ],
)
def test_what_does_not_stay_up_is_told_with_its_last_lines(states: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(NotRunningError, match=words.partition("\n")[0].replace(".", r"\.")) as failed:
        watched(*states, seconds=1)
    assert str(failed.value).startswith(words)


def test_a_service_without_a_container_is_not_up() -> None:
    with pytest.raises(NotRunningError, match="backend is not up in time, and has no container"):
        watch(Daemon(health("healthy")), "seqera", ["backend"], 1, time.monotonic())  # type: ignore[arg-type]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "kept").write_text("theirs\n")
    (tmp_path / "kept").chmod(0o640)
    made = Place(tmp_path)
    made.begin()
    return made


def test_files_are_put_in_place_and_back(place: Place) -> None:
    wanted = [
        DesiredFile(place.folder / "new.env", b"a\n", mode=0o600),
        DesiredFile(place.folder / "kept", b"ours\n"),
        DesiredFile(place.folder / "gone", None),
    ]
    (place.folder / "gone").write_text("away\n")
    placement = Placement(place, wanted)
    placement.prepare()
    assert not (place.folder / "new.env").exists()
    placement.put()
    assert (place.folder / "kept").read_text() == "ours\n"
    assert (place.folder / "kept").stat().st_mode & 0o777 == 0o640
    assert not (place.folder / "gone").exists()
    assert Placement(place, wanted).changes == []
    put_back(place, placement.backup)
    assert (place.folder / "kept").read_text() == "theirs\n"
    assert (place.folder / "gone").read_text() == "away\n"
    assert not (place.folder / "new.env").exists()


class Back(Starter):
    """Puts no container back, and says `failed_back`."""

    def __init__(self, failed_back: str) -> None:
        compose = Compose(NoDocker({}), Project("x", "/", ()), Source((), ()), {})
        super().__init__(NoDocker({}), compose, compose, (), (), 0)
        self.failed_back, self.touched = failed_back, ["cron"]

    def back(self) -> None:
        pass


def test_what_became_of_files_and_containers_is_told_as_it_is(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    placement = Placement(place, [DesiredFile(place.folder / "kept", b"ours\n")])
    placement.prepare()
    placement.put()
    known = State(["x.yml"], {"override": "x.yml"})

    def back(failed: str = "") -> str:
        return install._back(place, placement, Back(failed), known, known, None)

    assert back("Docker is gone") == (
        "the files were put back as they were, the containers were not: Docker is gone; the next run tries again"
    )
    assert (place.folder / "kept").read_text() == "theirs\n"
    assert place.state().interrupted
    assert back() == "files and containers were put back as they were"
    assert not place.state().interrupted

    def full(_place: Place, _backup: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "kept")

    monkeypatch.setattr(install, "put_back", full)
    assert back() == (
        "the files could not be put back: kept: No space left on device; free some on its file system; "
        "the next run tries again"
    )


def test_what_somebody_changed_meanwhile_is_not_put_back(place: Place) -> None:
    placement = Placement(place, [DesiredFile(place.folder / "kept", b"ours\n")])
    placement.prepare()
    placement.put()
    (place.folder / "kept").write_text("newer\n")
    put_back(place, placement.backup)
    assert (place.folder / "kept").read_text() == "newer\n"


def test_the_newest_five_copies_are_kept_also_where_the_clock_is_set_back(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        monkeypatch.setattr(time, "gmtime", lambda now=number: time.struct_time((2026, 1, 1, 0, 0, 59 - now, 0, 0, 0)))
        placement = Placement(place, [DesiredFile(place.folder / "kept", f"{number}\n".encode())])
        placement.prepare()
        placement.put()
        placement.keep_newest_backups()
    kept = sorted(path.name.partition("-")[0] for path in place.backups.iterdir())
    assert kept == ["10", "11", "12", "8", "9"]
    assert {path.stat().st_mode & 0o777 for path in place.backups.iterdir()} == {0o700}


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("only who may mount a file system can fill one up")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)], check=True)
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_full_disk_is_met_before_a_file_is_replaced(full_disk: Path) -> None:
    place = Place(full_disk)
    (full_disk / "kept").write_text("theirs\n")
    with place.locked():
        place.begin()
        placement = Placement(
            place, [DesiredFile(full_disk / "kept", b"ours\n"), DesiredFile(full_disk / "new", bytes(100_000))]
        )
        with pytest.raises(OSError, match="No space left") as failed:
            placement.prepare()
        placement.discard()
    assert failed.value.errno == errno.ENOSPC
    assert [path.name for path in full_disk.iterdir()] == ["kept"]
    assert (full_disk / "kept").read_text() == "theirs\n"


def test_two_runs_do_not_meet(tmp_path: Path) -> None:
    with (
        Place(tmp_path).locked(),
        pytest.raises(RefusedError, match="another run is at work"),
        Place(tmp_path).locked(),
    ):
        pass


def test_a_run_begins_when_the_one_before_it_has_ended(tmp_path: Path) -> None:
    order: list[str] = []
    with futures.ThreadPoolExecutor() as executor:
        with Place(tmp_path).locked():
            next_one = executor.submit(_begin_next, tmp_path, order)
            with pytest.raises(futures.TimeoutError):
                next_one.result(timeout=1)
            order.append("first")
        next_one.result()
    assert order == ["first", "next"]


def _begin_next(folder: Path, order: list[str]) -> None:
    with Place(folder).locked(until=time.monotonic() + 60):
        order.append("next")


def test_a_run_that_installs_nothing_leaves_nothing(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with place.locked():
        place.begin()
        (place.new / "secret").write_text("x")
    assert list(tmp_path.iterdir()) == []


def test_what_is_remembered_is_read_back_and_forgotten(place: Place) -> None:
    state = State(files=["a.yml"], parameters={"uid": "101"}, tower_yml="/x/tower.yml")
    place.remember(state)
    assert place.state() == state
    place.forget()
    assert place.state() == State()
    assert not place.own.exists()


@pytest.mark.parametrize(
    ("releases", "form"), [(("2.40.3", "2.17.3"), str), (("2.40.3", "2.24.0"), dict), (("",), str)]
)
def test_variables_may_be_missing_for_an_owner_whose_docker_compose_knows_it(
    releases: tuple[str, ...], form: type
) -> None:
    found = json.loads(bundle_of())
    bundle = Bundle({name: text.encode() for name, text in found["files"].items()}, found["parameters"])
    labels = [{"Config": {"Labels": {"com.docker.compose.version": each}}} for each in releases]
    project = Project("seqera", "/seqera", tuple(Container(raw) for raw in labels))
    files = files_of(bundle, Wish.of(bundle.parameters), project)
    services = YAML(typ="safe").load(files["docker-compose.override.yml"])["services"]
    assert {type(each) for about in services.values() for each in about["env_file"]} == {form}
    path = "./.studios/files/tower-studios.env"
    assert services["cron"]["env_file"] == [path if form is str else {"path": path, "required": False}]


def test_a_variable_is_found_in_the_lines_of_its_service(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(
        "x: &x\n  ANCHORED: 1\nservices:\n  cron:\n    environment: [MINE=1]\n  backend:\n"
        "    environment:\n      - MINE=2\n      # - BARE\n      - BARE\n  # MINE\n  db: {environment: {MINE: 3}}\n"
    )
    (tmp_path / "b.yml").write_text("services:\n  backend: {environment: {FLOW: 1, OTHER_FLOW: 1}}\n")
    (tmp_path / "tower.env").write_text("MINE=4\nexport IN_FILE=1\n")
    source = Source((str(tmp_path / "a.yml"), str(tmp_path / "b.yml")), ())
    compose = Compose(NoDocker({}), Project("x", str(tmp_path), ()), source, {})
    for service, name, line, file in (
        ("cron", "MINE", 5, "a.yml"),
        ("backend", "MINE", 8, "a.yml"),
        ("backend", "BARE", 10, "a.yml"),
        ("backend", "FLOW", 2, "b.yml"),
        ("backend", "ANCHORED", 2, "a.yml"),
        ("backend", "IN_FILE", 2, "tower.env"),
    ):
        assert place_of(compose, service, name) == f" (line {line} of {tmp_path / file})"
    assert place_of(compose, "backend", "NOWHERE") == ""


class NoDocker(Docker):
    """Docker with a release of Docker Compose that can't tell the files of variables."""

    def run(self, *_words: object, **_options: object) -> Finished:
        return Finished(1, "", "unknown flag: --no-env-resolution")


@pytest.mark.parametrize(
    ("messages", "said"),
    [(["a"], "a"), (["a", "b"], "2 problems:\n1. a\n2. b")],
)
def test_problems_are_told_together(messages: list[str], said: str) -> None:
    problems = Problems()
    problems.add(messages[:1])
    for message in messages[1:]:
        with problems.collected():
            raise RefusedError(message)
    with pytest.raises(RefusedError) as caught:
        problems.unless_any("found")
    assert str(caught.value) == said
    assert Problems().unless_any("found") == "found"


def test_long_lists_of_names_are_shortened() -> None:
    assert shortened(["a", "b"]) == "a, b"
    assert shortened([f"n{number}" for number in range(12)]).endswith("n10, n11")
    assert shortened([f"n{number}" for number in range(30)]).endswith("n10, n11, and 18 more")


@pytest.mark.parametrize("name", ["new/draft.txt", "new", "files/kept", "backup/kept", "state"])
def test_what_the_owner_has_by_our_names_is_told_and_stays(tmp_path: Path, name: str) -> None:
    theirs = tmp_path / ".studios" / name
    if "/" in name or name == "state":
        theirs.parent.mkdir(parents=True)
        theirs.write_text("by hand")
    else:
        theirs.mkdir(parents=True)
    place = Place(tmp_path)
    with place.locked(), pytest.raises(RefusedError, match=f"has {name.partition('/')[0]}, which is not of this"):
        place.begin()
    place.forget()
    assert theirs.exists()


def test_what_a_run_left_that_was_killed_is_removed_by_the_next(tmp_path: Path) -> None:
    killed = Place(tmp_path)
    killed.begin()
    (killed.new / "secret").write_text("x")
    (killed.files / "key.pem").parent.mkdir()
    (killed.files / "key.pem").write_text("x")
    place = Place(tmp_path)
    with place.locked():
        place.begin()
        assert [path.name for path in place.new.iterdir()] == [".studios-new"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("installed", [False, True])
def test_a_run_that_is_killed_while_it_tidies_up_is_no_obstacle_to_the_next(tmp_path: Path, installed: bool) -> None:
    """Each removal in turn is the last thing that a run does."""

    def run(place: Place) -> None:
        with place.locked():
            place.begin()
            (place.new / "secret").write_text("x")
            place.files.mkdir(exist_ok=True)
            (place.files / "key.pem").write_text("x")
            if installed:
                place.remember(State(files=[], parameters={"uid": "101"}))

    def killed(folder: Path, last: int) -> bool:
        child = os.fork()
        if not child:
            calls = itertools.count(1)
            for name in ("mkdir", "rename", "rmdir", "unlink"):
                call = getattr(os, name)
                setattr(os, name, lambda *a, c=call, **k: os._exit(1) if next(calls) > last else c(*a, **k))
            run(Place(folder))
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0

    for last in itertools.count(0):
        folder = tmp_path / str(last)
        folder.mkdir()
        was_killed = killed(folder, last)
        run(Place(folder))
        left = {path.name for path in (folder / ".studios").iterdir()} if installed else set(folder.iterdir())
        assert left == ({"state.json", "files"} if installed else set())
        if not was_killed:
            break
    assert last > 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"files": [], "later": 1}', "was written by a newer release of this program; run that release"),
        ("{", "is damaged, and is not JSON"),
    ],
)
def test_a_state_that_this_script_cannot_read_is_told(place: Place, text: str, words: str) -> None:
    (place.own / "state.json").write_text(text)
    with pytest.raises(RefusedError, match=words):
        place.state()


def test_what_the_owner_keeps_beside_our_files_is_never_removed(place: Place) -> None:
    place.remember(State(files=["a.yml"], parameters={"uid": "101"}))
    (place.own / "notes.txt").write_text("the owner's")
    place.forget()
    assert [path.name for path in place.own.iterdir()] == ["notes.txt"]
    # Nothing was installed here: the folder is wholly the owner's.
    place.forget()
    assert (place.own / "notes.txt").read_text() == "the owner's"


def test_a_compose_file_that_the_owner_has_written_over_ours_is_the_owners(place: Place) -> None:
    (place.folder / "ours.yml").write_text(f"{MARKER}\nservices: {{}}\n")
    (place.folder / "theirs.yml").write_text("services: {frontend: {}}\n")
    place.remember(State(files=["ours.yml", "theirs.yml"], parameters={"uid": "101"}))
    assert place.state().files == ["ours.yml"]
    assert (place.is_foreign("ours.yml"), place.is_foreign("theirs.yml"), place.is_foreign("gone.yml")) == (
        False,
        True,
        False,
    )


def test_a_link_to_nowhere_and_a_folder_with_the_name_of_a_compose_file_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "compose.override.yml").symlink_to("owner@host:1")
    (tmp_path / "docker-compose.override.yml").mkdir()
    assert Place(tmp_path).state() == State()


class Recording(Docker):
    """A `docker` that notes the variables of its calls."""

    given: dict[str, str]

    def run(
        self, words: Any, folder: Any = None, environment: Any = None, seconds: Any = None, stdin: str = ""
    ) -> Finished:
        self.given = dict(environment or {})
        return Finished(0, "", "")


def test_docker_compose_removes_no_service_that_the_owner_took_out_of_the_files(tmp_path: Path) -> None:
    docker = Recording({"COMPOSE_REMOVE_ORPHANS": "true"})
    Compose(docker, Project("x", str(tmp_path), ()), Source((), ()), {"COMPOSE_REMOVE_ORPHANS": "true"}).run("ps")
    assert docker.given["COMPOSE_REMOVE_ORPHANS"] == "false"


def test_a_variable_passed_through_from_a_shell_that_is_gone_counts_as_different() -> None:
    container = Container({"Config": {"Env": ["SHELLS=1", "PASSED_ON"]}})
    assert dict(container.environment) == {"SHELLS": "1"}


class Daemons(Docker):
    """A `docker` that notes what is removed and renamed."""

    def __init__(self) -> None:
        super().__init__({})
        self.done: list[tuple[str, ...]] = []

    def run(
        self, words: Any, folder: Any = None, environment: Any = None, seconds: Any = None, stdin: str = ""
    ) -> Finished:
        self.done.append(tuple(words))
        return Finished(0, "", "")


def of_backend(name: str, status: str, number: int = 1, **labels: str) -> Container:
    compose = {"service": "backend", "project": "x", "container-number": str(number), **labels}
    return Container(
        {
            "Id": name,
            "Name": f"/{name}",
            "Created": "1",
            "State": {"Status": status},
            "Config": {"Labels": {f"com.docker.compose.{key}": value for key, value in compose.items()}},
        }
    )


TEMPORARY = "0123456789ab_x-backend-1"


@pytest.mark.parametrize(
    ("containers", "done", "services"),
    [
        # Beside the old one, ended or not, the new one goes.
        (
            [of_backend(TEMPORARY, "created"), of_backend("x-backend-1", "exited")],
            [("stop", TEMPORARY), ("rm", "--force", TEMPORARY)],
            {"backend"},
        ),
        # Without an old one it gets its name; that of another number is none.
        (
            [of_backend(TEMPORARY, "created"), of_backend("x-backend-2", "running", 2)],
            [("rename", TEMPORARY, "x-backend-1")],
            {"backend"},
        ),
        ([of_backend("x-backend-1", "created")], [], {"backend"}),
        # What the owner stopped, or has by such a name, stays as it is.
        ([of_backend("x-backend-1", "exited")], [], set()),
        ([of_backend(TEMPORARY, "exited")], [], set()),
        ([of_backend(TEMPORARY, "created", service="frontend")], [], set()),
        ([of_backend(TEMPORARY, "created", oneoff="True")], [], set()),
    ],
)
def test_a_container_that_was_being_replaced_is_told_from_one_that_was_stopped(
    containers: list[Container], done: list[tuple[str, ...]], services: set[str]
) -> None:
    docker = Daemons()
    assert finish_replacing(docker, containers, ["cron", "backend"]) == services
    assert docker.done == done


def test_a_service_is_down_if_none_of_its_containers_runs() -> None:
    found = [of_backend("x-backend-1", "created"), of_backend("x-cron-1", "restarting", service="cron")]
    assert list(down(found, ["cron", "backend", "gone"])) == ["backend"]
    assert list(down([*found, of_backend("x-backend-2", "running")], ["backend"])) == []


def test_what_has_come_to_its_end_is_remembered_as_an_earlier_release_reads_it(place: Place) -> None:
    place.remember(State(files=["a.yml"], parameters={"uid": "101"}, running=["cron"]))
    assert place.state().running == ["cron"]
    place.remember(State(files=["a.yml"], parameters={"uid": "101"}))
    assert set(json.loads((place.own / "state.json").read_text())) == {
        "files",
        "parameters",
        "backup",
        "interrupted",
        "tower_yml",
    }


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.EACCES, "Permission denied", "/x/a"), "/x/a: Permission denied"),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "/seqera: No space left on device; free some on its file system",
        ),
        (
            OSError(errno.EBUSY, "Device or resource busy", "/x/new", None, "/x/tower.yml"),
            (
                "/x/tower.yml is mounted by itself on this host, so that no file can be moved there; "
                "mount its folder instead"
            ),
        ),
    ],
)
def test_what_the_system_refuses_is_told_with_the_path_that_the_owner_knows(error: OSError, said: str) -> None:
    assert reason_of(error, "/seqera") == said


def test_containers_on_the_folders_files_that_docker_compose_did_not_start_are_named() -> None:
    class Running(Docker):
        def running(self) -> list[Container]:
            mount = {"Type": "bind", "Source": "/seqera/tower.yml", "Destination": "/tower.yml"}
            other = {"Type": "bind", "Source": "/seqera2/x", "Destination": "/x"}
            about = {"Config": {}, "State": {"Status": "running"}}
            return [
                Container({**about, "Name": "/backend", "Mounts": [mount]}),
                Container({**about, "Name": "/other", "Mounts": [other]}),
            ]

    said = list(not_started(Running({}), Path("/seqera"), ["cron", "backend"]))
    assert len(said) == 1
    assert said[0].startswith("backend runs on files of /seqera, and was not started by Docker Compose; end it before")
