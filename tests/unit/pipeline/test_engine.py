"""What stands beside the engine's own words: what to do at a lock, and what a long wait is for."""

from __future__ import annotations

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


STARTED = b""" +  pulumi:pulumi:Stack seqera-studios-prod creating (0s)
@ updating....
 +  studios:index:ConnectProxy studios-proxy creating (0s)
 +  kubernetes:apps/v1:Deployment studios-proxy-deployment creating (0s)
 +  aws:acm/certificateValidation:CertificateValidation studios-certificate-issued creating (0s)
 ++ tls:index/privateKey:PrivateKey studios-oidc-key creating replacement (0s)
"""


def test_a_long_wait_is_told_with_its_limit_and_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.engine.time.monotonic", lambda: 100.0)
    waits = Waits({"readyTimeout": 600}.get)
    waits.read(STARTED[:120])
    waits.read(STARTED[120:])
    waits.read(b" ++ tls:index/privateKey:PrivateKey studios-oidc-key created replacement (1s)\n")
    assert waits.due(100 + FIRST_SECONDS - 1) == []
    lines = waits.due(100 + FIRST_SECONDS)
    assert lines == [
        "  waiting for Deployment studios-proxy-deployment: 20 s so far, 600 s at most (readyTimeout)",
        "  waiting for CertificateValidation studios-certificate-issued: 20 s so far",
    ]
    assert waits.due(100 + FIRST_SECONDS + 1) == []
    waits.read(b"    kubernetes:apps/v1:Deployment studios-proxy-deployment created (30s)\n")
    waits.read(b" +  kubernetes:apps/v1:Deployment studios-proxy-deployment created (30s)\n")
    waits.read(
        b" +  aws:acm/certificateValidation:CertificateValidation studios-certificate-issued **creating failed** "
        b"error: no\n"
    )
    later = 100 + FIRST_SECONDS + AGAIN_SECONDS
    assert waits.due(later) == []


def test_a_limit_is_the_stacks_or_the_projects_default(pulumi: Path, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("config:\n  readyTimeout:\n    description: 'x'\n    default: 600\n")
    pulumi.write_text("#!/bin/sh\nexit 255\n")
    assert limit_of("readyTimeout", "prod") == 600
    assert limit_of("installTimeout", "prod") is None
    pulumi.write_text('#!/bin/sh\ntest "$*" = "config get readyTimeout --stack prod --non-interactive" && echo 900\n')
    assert limit_of("readyTimeout", "prod") == 900
