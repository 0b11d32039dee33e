"""What `make` and CI run, with programs that only write down how they were called."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from testbed import paths
from testbed.images.catalog import BUSYBOX

GROUPS = ("tests/unit", "tests/delivery", "testbed/tests", "tests/docker", "tests/real", "tests/engine")
ON_DEBIAN = ("dockerd", "runc", "iptables", "redis-server", "ssh-keyscan")
MAKE, BASH = shutil.which("make"), shutil.which("bash")


@dataclass
class Recorder:
    """Programs in a folder that write their command lines into one file."""

    folder: Path

    def add(self, *names: str, then: str = "") -> None:
        """Makes programs, which run a line of shell after they have written."""
        for name in names:
            program = self.folder / name
            program.write_text(f'#!{BASH}\necho "{name} $*" >>"{self.folder}/calls"\n{then}\n')
            program.chmod(0o755)

    def calls(self) -> list[str]:
        """What was called, and with which arguments, in order."""
        return (self.folder / "calls").read_text().splitlines()


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder(tmp_path)


def make(recorder: Recorder, *words: str, folder: Path = paths.CHECKOUT) -> subprocess.CompletedProcess[str]:
    """Runs the Makefile in a folder, with the virtualenv's programs replaced."""
    assert MAKE
    installed = recorder.folder / "installed"
    installed.touch()
    recorder.add("ruff", "mypy", "codespell")
    replaced = [f"RUN={recorder.folder}/python", f"BIN={recorder.folder}", f"INSTALLED={installed}", "JOBS=1"]
    # What a make that runs these tests tells its own jobs is not for this one.
    told = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "ALL", "STUDIOS_TESTBED")
    variables = {name: value for name, value in os.environ.items() if name not in told}
    return subprocess.run(
        [MAKE, "--no-print-directory", "--file", paths.CHECKOUT / "Makefile", *words, *replaced],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def groups_in(calls: list[str]) -> list[str]:
    return [
        group
        for call in calls
        for group in GROUPS
        if call.startswith(f"python -m pytest {group} ") or call == f"python -m pytest {group}"
    ]


def test_make_test_runs_every_group_and_ends_with_the_table_of_parts(recorder: Recorder) -> None:
    recorder.add("python")
    finished = make(recorder, "test")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert sorted(groups_in(recorder.calls())) == sorted(GROUPS)
    assert recorder.calls()[-1].split() == ["python", "-m", "testbed", "parts"]


def test_make_test_all_names_the_parts_of_the_long_tests_too(recorder: Recorder) -> None:
    recorder.add("python")
    finished = make(recorder, "test-all")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert recorder.calls()[-1] == "python -m testbed parts --all"


@pytest.mark.parametrize("group", ["tests/docker", "tests/real", "tests/engine"])
def test_a_failure_shows_the_table_of_parts_and_stays_a_failure(recorder: Recorder, group: str) -> None:
    recorder.add("python", then=f'case "$*" in *"pytest {group}"*) exit 1 ;; esac')
    finished = make(recorder, "test")
    assert finished.returncode == 2, finished.stdout + finished.stderr
    assert group in groups_in(recorder.calls())
    assert recorder.calls()[-1].split() == ["python", "-m", "testbed", "parts"]


def test_a_table_of_parts_that_fails_is_a_failure(recorder: Recorder) -> None:
    recorder.add("python", then='case "$*" in *"testbed parts"*) exit 1 ;; esac')
    assert make(recorder, "test").returncode == 2


def test_the_demo_is_brought_up_on_the_nodes_that_are_asked_for(recorder: Recorder) -> None:
    recorder.add("python")
    assert make(recorder, "demo", "NODE=real").returncode == 0
    assert recorder.calls() == ["python -m testbed up --node real", "python -m testbed demo --target kubernetes"]


def test_down_ends_the_testbed_of_the_demo_and_those_that_the_tests_made_beside_it(recorder: Recorder) -> None:
    checkout = recorder.folder / "checkout"
    for name in (".testbed", ".testbed-docker", ".testbed-real"):
        (checkout / name).mkdir(parents=True)
    for name in ("requirements.txt", "requirements-test.txt"):
        (checkout / name).touch()
    recorder.add("python", then=f'echo "in ${{STUDIOS_TESTBED:-.testbed}}" >>"{recorder.folder}/calls"')
    finished = make(recorder, "down", folder=checkout)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    ended = ["in .testbed-docker", "in .testbed-real", "in .testbed"]
    assert recorder.calls() == [line for each in ended for line in ("python -m testbed down", each)]


def ci(recorder: Recorder, *missing: str) -> subprocess.CompletedProcess[str]:
    """Runs CI's script where only these programs are, and of Debian's all but the missing ones."""
    assert BASH
    if not BUSYBOX.exists():
        pytest.skip(f"{BUSYBOX} is missing: install Debian's busybox-static")
    (recorder.folder / "dirname").symlink_to(shutil.which("dirname") or "")
    recorder.add(*(name for name in ON_DEBIAN if name not in missing))
    recorder.add("apt-get")
    if "busybox-static" in missing:
        recorder.add("ldd")
    return subprocess.run(
        [BASH, str(paths.CHECKOUT / ".ci" / "run")],
        env={"PATH": str(recorder.folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_ci_requires_docker_a_node_and_ssh_and_takes_everything_down_again(recorder: Recorder) -> None:
    recorder.add("make", then=f'echo "STUDIOS_REQUIRE=${{STUDIOS_REQUIRE-}}" >>"{recorder.folder}/calls"')
    finished = ci(recorder)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert recorder.calls() == [
        "make test",
        "STUDIOS_REQUIRE=docker,node,ssh",
        "make --no-print-directory down",
        "STUDIOS_REQUIRE=docker,node,ssh",
    ]


def test_ci_installs_what_is_missing_and_nothing_else(recorder: Recorder) -> None:
    recorder.add("make")
    finished = ci(recorder, "redis-server", "ssh-keyscan")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert recorder.calls() == [
        "apt-get update --quiet",
        "apt-get install --quiet --yes --no-install-recommends redis-server openssh-client",
        "make test",
        "make --no-print-directory down",
    ]


def test_ci_replaces_a_busybox_that_needs_libraries(recorder: Recorder) -> None:
    recorder.add("make")
    finished = ci(recorder, "busybox-static")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert recorder.calls()[1:3] == [
        "apt-get update --quiet",
        "apt-get install --quiet --yes --no-install-recommends busybox-static",
    ]


def test_ci_fails_as_make_test_does(recorder: Recorder) -> None:
    recorder.add("make", then='[ "$1" != test ] || exit 2')
    assert ci(recorder).returncode == 2
    assert recorder.calls() == ["make test", "make --no-print-directory down"]
