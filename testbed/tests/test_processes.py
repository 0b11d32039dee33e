"""The testbed ends what it started, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from testbed import paths, processes
from testbed.errors import TestbedError

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(paths, "RECORDS", tmp_path / "processes")
    monkeypatch.setattr(paths, "LOGS", tmp_path / "logs")
    yield
    processes.stop_all()


def test_a_process_that_runs_is_not_started_again() -> None:
    processes.start("sleeper", SLEEP)
    (first,) = processes.records()
    processes.start("sleeper", SLEEP)
    assert processes.records() == [first]


def test_processes_are_ended_last_started_first() -> None:
    for name in ("etcd", "api", "controllers"):
        processes.start(name, SLEEP)
    assert processes.stop_all() == ["controllers", "api", "etcd"]
    assert processes.records() == []


def test_a_stranger_that_has_got_the_id_of_a_process_of_ours_is_left_alone() -> None:
    stranger = subprocess.Popen(SLEEP)
    try:
        paths.RECORDS.mkdir()
        ours = {
            "name": "old",
            "pid": stranger.pid,
            "began": psutil.Process(stranger.pid).create_time() - 60,
            "order": 1,
        }
        (paths.RECORDS / "old.json").write_text(json.dumps(ours))
        assert not processes.running("old")
        assert processes.stop_all() == []
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_process_that_dies_while_starting_is_reported_with_the_end_of_its_log() -> None:
    processes.start("broken", [sys.executable, "-c", "print('no such port'); raise SystemExit(3)"])
    with pytest.raises(TestbedError, match="broken ended while starting") as caught:
        processes.wait_until("broken", lambda: False, seconds=10)
    assert str(caught.value).endswith("no such port")


def test_free_ports_are_all_different() -> None:
    assert len(set(processes.free_ports(20))) == 20


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["/home/plugins/pulumi-resource-kubernetes"], "pulumi-resource-kubernetes"),
        (["sh", "/bin/pulumi-resource-pulumi-python"], "pulumi-resource-pulumi-python"),
        (["python", "-m", "pulumi.dynamic"], "pulumi.dynamic"),
    ],
)
def test_the_plugins_of_a_testbeds_engines_are_ended_whoever_started_them(
    tmp_path: Path, words: list[str], name: str
) -> None:
    def start(words: list[str], home: Path) -> subprocess.Popen[bytes]:
        command = [words[0], *SLEEP[1:], *words[1:]]
        return subprocess.Popen(command, executable=sys.executable, env={**os.environ, "PULUMI_HOME": str(home)})

    started, elsewhere, other = start(words, tmp_path), start(words, tmp_path / "other"), start(["pulumi"], tmp_path)
    try:
        assert processes.stop_plugins_of(tmp_path) == [name]
        assert not psutil.pid_exists(started.pid)
        assert (elsewhere.poll(), other.poll()) == (None, None)
    finally:
        for each in (started, elsewhere, other):
            each.kill()
            each.wait()


def test_a_process_is_ended_also_where_another_one_started_it_and_never_looks(tmp_path: Path) -> None:
    starter = (
        "import sys, time; from pathlib import Path; from testbed import paths, processes; "
        f"paths.RECORDS = Path({str(paths.RECORDS)!r}); paths.LOGS = Path({str(paths.LOGS)!r}); "
        f"processes.start('sleeper', {SLEEP!r}); print('started', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE, cwd=paths.CHECKOUT) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"started\n"
        began = time.monotonic()
        assert processes.stop_all() == ["sleeper"]
        assert time.monotonic() - began < processes.GRACE
        parent.kill()
