"""A run of adopt that is killed while the engine works leaves a lock, which the next run of the command removes."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline.adopt import on_kubernetes
from pipeline.adopt.stack import AdoptionError, pulumi
from tests.unit.pipeline.fake_pulumi import fake_pulumi

#: The engine's answers: a lock that `cancel` removes, and everything else ends well.
FAKE = """#!/bin/sh
echo "$1" >> "$HERE/calls"
case "$1" in
  cancel) rm -f "$HERE/lock" ;;
  *)
    if [ -e "$HERE/lock" ]; then
      echo "error: the stack is currently locked by 1 lock(s): $(cat "$HERE/lock")" >&2
      exit 255
    fi ;;
esac
"""


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    fake_pulumi(monkeypatch, tmp_path, FAKE)
    monkeypatch.setenv("HERE", str(tmp_path))
    return tmp_path


def write_lock(here: Path, host: str, pid: int) -> None:
    (here / "lock").write_text(f"created by me@{host} (pid {pid}) at 2026-11-26T03:00:00Z")


def test_the_lock_of_a_run_of_this_machine_that_has_ended_is_removed(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with subprocess.Popen(["true"]) as ended:
        pass
    write_lock(here, socket.gethostname(), ended.pid)
    pulumi("refresh", "prod")
    assert (here / "calls").read_text().split() == ["refresh", "cancel", "refresh"]
    lock = f"me@{socket.gethostname()} (pid {ended.pid}), held since 2026-11-26T03:00:00Z"
    assert capsys.readouterr().out == f"the lock of {lock} is removed\n"


def test_the_lock_of_another_machine_or_of_a_run_that_works_is_left(here: Path) -> None:
    engine = here / "pulumi-engine"
    engine.symlink_to(sys.executable)
    with subprocess.Popen([engine, "-c", "input()"], stdin=subprocess.PIPE) as running:
        for host, pid in (("runner-7", 4711), (socket.gethostname(), running.pid)):
            write_lock(here, host, pid)
            with pytest.raises(AdoptionError, match="is currently locked by 1 lock"):
                pulumi("refresh", "prod")
        running.communicate(b"\n")
    assert (here / "calls").read_text().split() == ["refresh", "refresh"]


def test_objects_are_the_stacks_before_the_state_tells_how_they_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    # A refresh that is killed may leave their differences in the state: a preview then tries fields of theirs.
    done: list[str] = []
    for name in ("write", "previewed", "take_into_state", "hand_over", "read_what_exists", "say"):
        monkeypatch.setattr(on_kubernetes, name, lambda *_, name=name: done.append(name))
    plan = SimpleNamespace(settings={}, redis_password=None, remade=None, objects=["Service/x"], keeps_token=False)
    deployment = SimpleNamespace(settings=SimpleNamespace(namespace="n"), cluster=None)
    on_kubernetes._adopt(deployment, None, plan, "prod")  # type: ignore[arg-type]
    assert done == ["write", "previewed", "take_into_state", "hand_over", "say", "read_what_exists"]
