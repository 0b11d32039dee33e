"""The install script when something goes wrong: it fails loudly, and the next run has nothing to repair by hand."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from delivery.package import write_tools
from testbed.compose.host import ComposeHost
from tests.delivery.conftest import (
    OURS,
    OWNERS,
    TOWER_YML,
    WITH_ENTRY,
    Installer,
    bundle_of,
    ok,
    python_of_the_host,
    start_platform,
)


def nothing_changed(installer: Installer, before: dict[str, bytes]) -> None:
    after = {name: text for name, text in installer.host.files().items() if not name.startswith(".studios/")}
    assert after == before
    assert installer.host.starts()["backend"] == 1


def test_a_full_disk_changes_nothing(installer: Installer) -> None:
    before = installer.host.files()
    # No file of more than 512 bytes can be written: the bundle's are larger.
    refused = installer.install(bundle_of(), prefix="trap '' XFSZ; ulimit -f 1;")
    assert refused.returncode != 0
    assert "File too large" in refused.stderr
    nothing_changed(installer, before)
    ok(installer.install(bundle_of()))
    assert installer.host.starts()["connect-proxy"] == 1


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("docker-compose.yml", "there is no docker-compose.yml in"),
        ("tower.yml", "there is no tower.yml in"),
        ("tower.env", "nothing was changed"),
    ],
)
def test_a_missing_file_of_the_owner_is_named_and_nothing_changes(
    installer: Installer, missing: str, words: str
) -> None:
    (installer.host.folder / missing).unlink()
    before = installer.host.files()
    refused = installer.install(bundle_of())
    assert refused.returncode == 1
    assert words in refused.stderr
    assert missing in refused.stderr
    nothing_changed(installer, before)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tower:\n  a: 1\ntower:\n  b: 2\n", "tower.yml has the key tower twice"),
        ("tower: !x\n  a: 1\n", "tower.yml is not valid YAML in line 1"),
        ("tower: [1\n", "tower.yml is not valid YAML"),
    ],
)
def test_a_tower_yml_that_cannot_be_edited_safely_is_refused(installer: Installer, text: str, words: str) -> None:
    (installer.host.folder / "tower.yml").write_text(text)
    before = installer.host.files()
    refused = installer.install(bundle_of())
    assert refused.returncode == 1
    assert words in refused.stderr
    assert "nothing was changed" in refused.stderr
    nothing_changed(installer, before)


def test_a_compose_file_without_the_networks_is_refused_before_anything_changes(installer: Installer) -> None:
    path = installer.host.folder / "docker-compose.yml"
    path.write_text(path.read_text().replace("  frontend: {}\n", "").replace("      - frontend\n", ""))
    before = installer.host.files()
    refused = installer.install(bundle_of())
    assert refused.returncode == 1
    assert "frontend" in refused.stderr
    assert "nothing was changed" in refused.stderr
    nothing_changed(installer, before)


def test_a_file_of_ours_that_was_there_before_is_not_overwritten(installer: Installer) -> None:
    path = installer.host.folder / "data-studios.env"
    path.write_text("by hand\n")
    refused = installer.install(bundle_of())
    assert refused.returncode == 1
    assert "data-studios.env exists and is not of this deployment; move it away" in refused.stderr
    assert path.read_text() == "by hand\n"


def test_containers_that_do_not_start_are_tried_again_by_the_next_run(installer: Installer) -> None:
    installer.host.fail("up")
    refused = installer.install(bundle_of())
    assert refused.returncode == 1
    assert "no such image" in refused.stderr
    assert "docker compose could not start the services; the next run tries again" in refused.stderr
    installer.host.fail(None)
    assert "the last run did not finish" in ok(installer.install(bundle_of()))
    assert set(OURS) <= set(installer.host.starts())
    assert "nothing has changed" in ok(installer.install(bundle_of()))


def test_two_runs_do_not_meet(installer: Installer) -> None:
    state = installer.host.folder / ".studios"
    state.mkdir()
    holder = subprocess.Popen(["flock", str(state / "lock"), "sleep", "30"])
    try:
        for _ in range(50):
            probe = subprocess.run(["flock", "-n", str(state / "lock"), "true"], check=False)
            if probe.returncode:
                break
        refused = installer.install(bundle_of())
    finally:
        holder.terminate()
        holder.wait()
    assert refused.returncode == 1
    assert "another run is at work" in refused.stderr


#: What the script calls to change something; it is killed at its nth call of any of them, before that is done.
INSTALLING, UNINSTALLING = 41, 21
CHANGING = ("chmod", "chown", "cp", "docker", "mkdir", "mv", "python3", "rm", "sed", "sort")


def points(calls: int) -> list[object]:
    """Every call, most of them only where tests may take long."""
    return [pytest.param(nth, marks=[] if nth % 4 == 1 else pytest.mark.slow) for nth in range(1, calls + 1)]


def kill_at(installer: Installer, nth: int) -> None:
    """Lets the script and all that it has started be killed, as when the power fails."""
    calls = installer.host.root / "changes"
    calls.write_text("")
    for name in CHANGING:
        program = installer.host.bin / name
        kept = installer.host.bin / f"{name}.kept"
        if program.exists():
            program.rename(kept)
        installer.host._program(
            name,
            f'printf x >>"{calls}"; [ "$(wc -c <"{calls}")" -ne {nth} ] || kill -9 0; '
            f'exec "{kept if kept.exists() else _of_the_system(name)}" "$@"',
        )


def kill_no_more(installer: Installer) -> int:
    """Everything is as it was; returns how many changing calls there were."""
    for name in CHANGING:
        (installer.host.bin / name).unlink()
        kept = installer.host.bin / f"{name}.kept"
        if kept.exists():
            kept.rename(installer.host.bin / name)
    return len((installer.host.root / "changes").read_text())


def _of_the_system(name: str) -> Path:
    return next(path for folder in ("/usr/bin", "/bin") if (path := Path(folder, name)).exists())


def test_the_script_has_as_many_changing_calls_as_these_tests_kill_it_at(installer: Installer) -> None:
    kill_at(installer, 0)
    ok(installer.install(bundle_of()))
    assert kill_no_more(installer) == INSTALLING
    kill_at(installer, 0)
    ok(installer.uninstall())
    assert kill_no_more(installer) == UNINSTALLING


@pytest.mark.parametrize("nth", points(INSTALLING))
def test_a_run_that_is_killed_is_finished_by_the_next_or_taken_away(installer: Installer, nth: int) -> None:
    before = installer.host.files()
    kill_at(installer, nth)
    assert installer.install(bundle_of()).returncode == -9
    kill_no_more(installer)
    now = installer.host.files()
    assert {name: now[name] for name in OWNERS[:2]} == {name: before[name] for name in OWNERS[:2]}
    assert now["tower.yml"].decode() in (TOWER_YML, WITH_ENTRY)
    if nth % 2:
        ok(installer.install(bundle_of()))
        assert installer.host.files()["tower.yml"].decode() == WITH_ENTRY
        starts = installer.host.starts()
        assert {name: starts[name] for name in ("backend", "cron", *OURS)} == {
            "backend": 2,
            "cron": 2,
            **dict.fromkeys(OURS, 1),
        }
        assert "nothing has changed" in ok(installer.install(bundle_of()))
    ok(installer.uninstall())
    assert installer.host.files() == before
    assert not set(OURS) & set(installer.host.containers())


@pytest.mark.parametrize("nth", points(UNINSTALLING))
def test_an_uninstall_that_is_killed_is_finished_by_the_next(installer: Installer, nth: int) -> None:
    before = installer.host.files()
    ok(installer.install(bundle_of()))
    kill_at(installer, nth)
    assert installer.uninstall().returncode == -9
    kill_no_more(installer)
    ok(installer.uninstall())
    assert installer.host.files() == before
    assert not (installer.host.folder / ".studios").exists()
    running = installer.host.containers()
    assert not set(OURS) & set(running)
    assert "TOWER_OIDC_PEM_PATH" not in running["backend"]["config"]["environment"]


@dataclass
class FullDisk:
    """A host whose folder of Platform is a file system of its own, with so much room left."""

    installer: Installer

    def leave(self, pages: int) -> None:
        """Fills the disk but for this many pages of 4096 bytes."""
        folder = self.installer.host.folder
        filler = folder / "filler"
        filler.unlink(missing_ok=True)
        free = os.statvfs(folder).f_bavail
        with filler.open("wb") as stream:
            stream.write(bytes(4096 * (free - pages)))
        assert os.statvfs(folder).f_bavail == pages

    def empty(self) -> None:
        (self.installer.host.folder / "filler").unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[FullDisk]:
    host = ComposeHost.create(tmp_path / "host", python_of_the_host())
    kept = host.folder.rename(tmp_path / "kept")
    host.folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(host.folder)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("only who may mount a file system can fill one up")
    try:
        shutil.copytree(kept, host.folder, dirs_exist_ok=True)
        tools = tmp_path / "tools"
        write_tools(tools)
        environment = host.environment({})
        start_platform(host, environment)
        yield FullDisk(Installer(host, tools, environment))
    finally:
        subprocess.run(["umount", str(host.folder)], check=True)


#: As much as suffices, and as little as never does; in between it may go either way, but never half of it.
ROOM, NO_ROOM = 40, 3
#: The shell's own printf calls it an I/O error.
FULL = ("No space left on device", "I/O error")
PAGES = [0, NO_ROOM, 12, ROOM, *(pytest.param(n, marks=pytest.mark.slow) for n in range(20) if n not in (0, 3, 12))]


def did_not_fit(finished: subprocess.CompletedProcess[str], pages: int) -> bool:
    """Whether a run had too little room; it must have said so, and that nothing was changed."""
    if finished.returncode == 0:
        assert pages > NO_ROOM
        return False
    assert pages < ROOM, finished.stderr
    assert any(words in finished.stderr for words in FULL)
    assert finished.stderr.endswith("studios: nothing was changed\n")
    return True


@pytest.mark.parametrize("pages", PAGES)
def test_a_disk_without_room_changes_nothing_and_the_next_run_has_nothing_to_mend(disk: FullDisk, pages: int) -> None:
    installer = disk.installer
    before = installer.host.files()
    disk.leave(pages)
    finished = installer.install(bundle_of())
    disk.empty()
    if did_not_fit(finished, pages):
        nothing_changed(installer, before)
        ok(installer.install(bundle_of()))
    assert installer.host.starts()["backend"] == 2
    ok(installer.uninstall())
    assert installer.host.files() == before


@pytest.mark.parametrize("pages", PAGES)
def test_a_disk_without_room_leaves_what_was_installed(disk: FullDisk, pages: int) -> None:
    installer, another = disk.installer, {"composeOverride": "docker-compose.studios.yml"}
    owners = installer.host.files()
    ok(installer.install(bundle_of()))
    before, running = installer.host.files(), installer.host.containers()
    disk.leave(pages)
    finished = installer.install(bundle_of(another, token="another"))
    disk.empty()
    if did_not_fit(finished, pages):
        assert installer.host.files() == before
        assert installer.host.containers() == running
        ok(installer.install(bundle_of(another, token="another")))
    assert not (installer.host.folder / "docker-compose.override.yml").exists()
    ok(installer.uninstall())
    assert installer.host.files() == owners
