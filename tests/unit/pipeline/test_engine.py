"""What stands beside the engine's own words: what to do at a lock, and what a long wait is for."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from pipeline.__main__ import main
from pipeline.engine import AGAIN_SECONDS, FIRST_SECONDS, Waits, limit_of

LOCK = "created by ci@{host} (pid {pid}) at 2026-11-26T03:00:00Z"
LOCKED = """#!/bin/sh
case "$1 $2" in
  "stack export") echo '{{"deployment": {{"resources": []}}}}' ;;
  *)
    echo "what it does"
    echo "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or" >&2
    echo "delete the lock file with pulumi cancel." >&2
    echo "  file:///s/.pulumi/locks/organization/p/prod/1.json: {lock}" >&2
    exit 255 ;;
esac
"""


@pytest.fixture
def pulumi(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    path = tmp_path / "pulumi"
    path.touch(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    return path


@pytest.mark.parametrize("command", ["up", "destroy"])
def test_a_lock_comes_with_the_programs_own_command(
    command: str, pulumi: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pulumi.write_text(LOCKED.format(lock=LOCK.format(host="runner-7", pid=4711)))
    assert main([command, "prod"]) == 255
    out, error = capfd.readouterr()
    assert out.endswith("what it does\n")
    assert error.startswith("error: the stack is currently locked by 1 lock(s).")
    assert error.endswith(
        "the stack prod is locked by another run: ci@runner-7 (pid 4711), held since 2026-11-26T03:00:00Z\n"
        "If it still runs, wait until it has ended. If it is dead, this removes its lock and finishes what it\n"
        "began; `pulumi cancel` would only remove the lock:\n"
        "  make recover STACK=prod\n"
    )


def test_a_run_of_this_machine_that_still_works_is_to_be_waited_for(
    pulumi: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pulumi.write_text(LOCKED.format(lock=LOCK.format(host=socket.gethostname(), pid=4711)))
    monkeypatch.setattr("pipeline.locks.Lock.is_held_by_a_process", lambda _: True)
    assert main(["up", "prod"]) == 255
    error = capfd.readouterr().err
    assert error.splitlines()[-1] == "It still runs on this machine: wait until it has ended, and try again"
    assert "make recover" not in error


def test_any_other_failure_is_the_engines_to_tell(pulumi: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pulumi.write_text("#!/bin/sh\nprintf 'half a line'\necho 'error: no' >&2\nexit 3\n")
    assert main(["up", "prod"]) == 3
    assert capfd.readouterr() == ("half a line", "error: no\n")


def event(kind: str, op: str, of: str, name: str, *, planning: bool = False) -> dict[str, object]:
    urn = f"urn:pulumi:prod::seqera-studios::studios:index:Studios${of}::{name}"
    return {kind: {"metadata": {"op": op, "urn": urn, "type": of}, "planning": planning}}


def written(begun: int, *events: dict[str, object]) -> str:
    """The events as the engine writes them down."""
    prelude: dict[str, object] = {"timestamp": 1795677000 + begun, "preludeEvent": {"config": {}}}
    return "".join(json.dumps({"sequence": number, **each}) + "\n" for number, each in enumerate([prelude, *events]))


DEPLOYMENT = ("kubernetes:apps/v1:Deployment", "studios-proxy-deployment")
CERTIFICATE = ("aws:acm/certificateValidation:CertificateValidation", "studios-certificate-issued")


def no_limit(_: str) -> int | None:
    return None


def test_a_long_wait_is_told_with_its_limit_and_again_later(tmp_path: Path) -> None:
    log = tmp_path / "events.json"
    waits = Waits(log, {"readyTimeout": 600}.get)
    assert waits.due(99) == []
    begun = [
        event("resourcePreEvent", "create", "kubernetes:core/v1:Secret", "planned", planning=True),
        event("resourcePreEvent", "create", "studios:index:ConnectProxy", "studios-proxy"),
        event("resourcePreEvent", "same", "kubernetes:core/v1:Service", "studios-proxy-service"),
        event("resourcePreEvent", "create", *DEPLOYMENT),
        event("resourcePreEvent", "create", "kubernetes:core/v1:ConfigMap", "quick"),
        event("resOutputsEvent", "create", "kubernetes:core/v1:ConfigMap", "quick"),
        event("resourcePreEvent", "create", *CERTIFICATE),
    ]
    log.write_text(written(0, *begun)[:-30])
    assert waits.due(100) == []
    log.write_text(written(0, *begun))
    assert waits.due(101) == []
    assert waits.due(99 + FIRST_SECONDS) == []
    assert waits.due(101 + FIRST_SECONDS) == [
        "  waiting for Deployment studios-proxy-deployment: 21 s so far, 600 s at most (readyTimeout)",
        "  waiting for CertificateValidation studios-certificate-issued: 20 s so far",
    ]
    assert waits.due(102 + FIRST_SECONDS) == []
    log.write_text(written(0, *begun, event("resOpFailedEvent", "create", *CERTIFICATE)))
    told = [line.partition(":")[0] for line in waits.due(101 + FIRST_SECONDS + AGAIN_SECONDS)]
    assert told == ["  waiting for Deployment studios-proxy-deployment"]


def test_an_update_that_writes_over_the_events_of_its_preview_is_read_from_the_beginning(tmp_path: Path) -> None:
    log = tmp_path / "events.json"
    waits = Waits(log, no_limit)
    kind = "kubernetes:core/v1:Secret"
    planned = written(1, *(event("resourcePreEvent", "create", kind, f"s{n}", planning=True) for n in range(9)))
    log.write_text(planned)
    assert waits.due(50) == []
    first, second = (event("resourcePreEvent", "create", *each) for each in (CERTIFICATE, DEPLOYMENT))
    for now, events in ((100, [first]), (101, [first, second])):
        begun = written(7, *events)
        log.write_text(begun + planned[len(begun) :])
        assert waits.due(now) == []
    assert waits.due(101 + FIRST_SECONDS) == [
        "  waiting for CertificateValidation studios-certificate-issued: 21 s so far",
        "  waiting for Deployment studios-proxy-deployment: 20 s so far",
    ]


def test_a_limit_is_the_stacks_or_the_projects_default(pulumi: Path, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("config:\n  readyTimeout:\n    description: 'x'\n    default: 600\n")
    pulumi.write_text("#!/bin/sh\nexit 255\n")
    assert limit_of("readyTimeout", "prod") == 600
    assert limit_of("installTimeout", "prod") is None
    pulumi.write_text('#!/bin/sh\ntest "$*" = "config get readyTimeout --stack prod --non-interactive" && echo 900\n')
    assert limit_of("readyTimeout", "prod") == 900
