"""What `down` ends and removes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from testbed import lifecycle, paths, processes

SLEEP = ["-c", "import time; time.sleep(60)"]


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
