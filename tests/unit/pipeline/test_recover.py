"""What `make recover` says: what it found of a killed update, what it does about it, and that there was nothing."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.locks import Lock, locks
from pipeline.recover import recover
from tests.unit.pipeline.fake_pulumi import fake_pulumi

URN = "urn:pulumi:prod::seqera-studios::kubernetes:core/v1:Service::studios-proxy-service"
#: The engine's answers: the state, a lock that `cancel` removes, and everything else ends well.
FAKE = """#!/bin/sh
echo "$*" >> "$HERE/calls"
case "$1 $2" in
  "stack export") cat "$HERE/state.json" ;;
  "stack import")
    if [ -e "$HERE/lock" ]; then
      echo "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or" >&2
      echo "  file:///s/.pulumi/locks/organization/p/prod/1.json: $(cat "$HERE/lock")" >&2
      exit 255
    fi
    cat > "$HERE/state.json" ;;
  "cancel "*) rm -f "$HERE/lock" ;;
esac
"""


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    fake_pulumi(monkeypatch, tmp_path, FAKE)
    monkeypatch.setenv("HERE", str(tmp_path))
    monkeypatch.setattr("pipeline.recover.processes", lambda: "")
    write_state(tmp_path)
    return tmp_path


def write_state(here: Path, *notes: dict[str, object]) -> None:
    deployment = {"resources": [], **({"pending_operations": list(notes)} if notes else {})}
    (here / "state.json").write_text(json.dumps({"version": 3, "deployment": deployment}))


def write_lock(here: Path, host: str = "runner-7", pid: int = 4711) -> None:
    (here / "lock").write_text(f"created by ci@{host} (pid {pid}) at 2026-11-26T03:00:00Z")


def calls(here: Path) -> list[str]:
    return [" ".join(line.split()[:2]) for line in (here / "calls").read_text().splitlines()]


def test_a_healthy_stack_has_nothing_to_recover(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert recover("prod", "up") == 0
    assert capsys.readouterr().out.splitlines() == [
        "nothing to recover: the stack has no lock and no interrupted step",
        "running pulumi up",
    ]
    assert calls(here) == ["stack export", "stack import", "up --stack"]


def test_the_lock_and_the_interrupted_steps_of_a_dead_run_are_told(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_lock(here)
    write_state(here, {"type": "updating", "resource": {"urn": URN, "type": "kubernetes:core/v1:Service"}})
    assert recover("prod", "destroy") == 0
    assert capsys.readouterr().out.splitlines() == [
        "the lock of ci@runner-7 (pid 4711), held since 2026-11-26T03:00:00Z is removed",
        "studios-proxy-service was interrupted while updating",
        "running pulumi destroy",
    ]
    assert calls(here)[-3:] == ["refresh --yes", "stack export", "destroy --stack"]
    assert "pending_operations" not in json.loads((here / "state.json").read_text())["deployment"]


def test_a_run_that_died_between_two_steps_has_a_lock_only(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_lock(here)
    assert recover("prod", "up") == 0
    assert "no step was interrupted" in capsys.readouterr().out


def test_plugins_of_a_dead_engine_are_ended_and_counted(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.recover.end_leftovers", lambda _: ["pulumi-resource-aws"] * 3)
    assert recover("prod", "up") == 0
    assert capsys.readouterr().out.splitlines() == [
        "ended what a dead engine had left running: pulumi-resource-aws (3)",
        "no step was interrupted",
        "running pulumi up",
    ]


def test_a_run_that_still_works_here_keeps_its_lock(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # A program of this name that runs.
    engine = here / "pulumi-engine"
    engine.symlink_to(sys.executable)
    with subprocess.Popen([engine, "-c", "input()"], stdin=subprocess.PIPE) as running:
        write_lock(here, socket.gethostname(), running.pid)
        assert recover("prod", "up") == 1
        running.communicate(b"\n")
    error = capsys.readouterr().err
    assert error.startswith(f"ci@{socket.gethostname()} (pid {running.pid}), held since")
    assert error.endswith(" still runs: wait until it has ended, or end it; then recover\n")
    assert (here / "lock").exists()
    assert calls(here) == ["stack export", "stack import"]


def test_a_lock_of_a_process_that_ended_is_held_by_none() -> None:
    with subprocess.Popen(["true"]) as ended:
        pass
    assert not Lock("ci", socket.gethostname(), ended.pid, "now").is_held_by_a_process()
    assert not Lock("ci", "another-machine", os.getpid(), "now").is_held_by_a_process()


def test_each_lock_that_a_message_names_is_read() -> None:
    said = "2 lock(s)\n  s3://b/1.json: created by a@h (pid 1) at t1\n  s3://b/2.json: created by b@i (pid 2) at t2"
    assert locks(said) == [Lock("a", "h", 1, "t1"), Lock("b", "i", 2, "t2")]
