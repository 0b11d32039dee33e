"""What `up` lays out anew, and what `down` ends and removes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from testbed import lifecycle, paths, processes

SLEEP = ["-c", "import time; time.sleep(60)"]


def test_an_engine_of_the_same_size_as_the_one_before_takes_its_place(tmp_path: Path) -> None:
    built, laid, copied = (tmp_path / name for name in ("built", "laid", "copied"))
    built.write_text("3.274.1")
    laid.hardlink_to(built)
    shutil.copy2(built, copied)
    assert lifecycle._same_file(laid, built)
    assert lifecycle._same_file(copied, built)
    assert not lifecycle._same_file(tmp_path / "none", built)
    built.unlink()
    built.write_text("3.274.2")
    os.utime(built, (1, 1))
    assert not lifecycle._same_file(laid, built)
    assert not lifecycle._same_file(copied, built)


def test_down_ends_what_up_started_and_the_plugins_of_dead_engines_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "testbed"
    for name, place in (("STATE", "."), ("LOGS", "logs"), ("RECORDS", "processes"), ("PULUMI_HOME", "pulumi-home")):
        monkeypatch.setattr(paths, name, state / place)
    processes.start("etcd", [sys.executable, *SLEEP])
    (record,) = processes.records()
    started = record.process
    assert started is not None
    left, elsewhere = (
        subprocess.Popen(
            ["/plugins/pulumi-resource-kubernetes", *SLEEP],
            executable=sys.executable,
            env={**os.environ, "PULUMI_HOME": str(home)},
        )
        for home in (paths.PULUMI_HOME, tmp_path / "of-another-testbed")
    )
    try:
        assert lifecycle.down() == ["pulumi-resource-kubernetes", "etcd"]
        assert left.poll() is not None
        assert not started.is_running()
        assert elsewhere.poll() is None
        assert not state.exists()
        assert lifecycle.down() == []
    finally:
        for each in (left, elsewhere):
            each.kill()
            each.wait()
        processes.stop_all()
