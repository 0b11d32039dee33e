"""The script killed at one change or another: the next run finishes it, and taking away leaves nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from testbed.docker.platform import ComposePlatform
from tests.docker.conftest import OURS, Studios, ok
from tests.docker.test_owners_way import others

pytestmark = pytest.mark.docker

#: Runs the script's own program, and ends it by SIGKILL at its nth change; 0 only counts them.
KILLER = """
import os, signal, subprocess, sys
nth, count, tools = int(sys.argv[1]), 0, sys.argv[2]
sys.path.insert(0, tools)

def wrapped(module, name):
    real = getattr(module, name)
    def call(*words, **options):
        global count
        count += 1
        if count == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*words, **options)
    setattr(module, name, call)

for name in ("replace", "rename", "chown", "mkdir", "unlink", "rmdir", "fsync"):
    wrapped(os, name)
wrapped(subprocess, "run")
from studios_host.command import main
code = main(sys.argv[3:])
if nth == 0:
    sys.stdout.write(f"{count} changes\\n")
sys.exit(code)
"""
#: Parts of the way, in per cent. Each kill takes two runs on an engine.
PARTS = [60, *(pytest.param(part, marks=pytest.mark.slow) for part in (*range(5, 97, 7), 97))]


def killed(studios: Studios, part: int, *words: str) -> None:
    """Kills the script at this part of its changes; how many there are is counted by a run that ends."""
    killer = studios.tools / "killer.py"
    killer.write_text(KILLER)
    finished = studios.platform.machine.run(
        ["python3", "-S", "-B", killer, str(part), studios.tools, *words, "--folder", studios.platform.folder],
        check=False,
        timeout=300,
    )
    assert finished.returncode in (-9, 137), finished.stdout + finished.stderr


def changes(studios: Studios, *words: str) -> int:
    """How many changes a run makes that is not killed."""
    killer = studios.tools / "killer.py"
    killer.write_text(KILLER)
    finished = studios.platform.machine.run(
        ["python3", "-S", "-B", killer, "0", studios.tools, *words, "--folder", studios.platform.folder], timeout=300
    )
    return int(finished.stdout.splitlines()[-1].split()[0])


def bundle(studios: Studios) -> str:
    return str(studios.tools / "bundle")


@pytest.mark.parametrize("part", PARTS)
def test_an_installation_that_is_killed_is_finished_by_the_next_or_taken_away(
    studios: Callable[..., Studios], part: int
) -> None:
    installed = studios()
    platform = installed.platform
    before, kept = platform.snapshot(), others(platform)
    installed.write_bundle()
    count = changes(installed, "install", "--bundle", bundle(installed))
    assert count > 40
    ok(installed.uninstall())
    killed(installed, max(1, count * part // 100), "install", "--bundle", bundle(installed))
    if part % 2:
        ok(installed.install())
        platform.wait_until_healthy("backend", "cron", *OURS)
        assert ok(installed.install()) == "studios: nothing has changed\n"
    ok(installed.uninstall())
    assert clean(platform) == before
    assert others(platform) == kept
    assert OURS.isdisjoint(platform.containers())
    assert "TOWER_OIDC_PEM_PATH" not in platform.containers()["backend"].environment


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_taking_away_that_is_killed_is_finished_by_the_next(studios: Callable[..., Studios], part: int) -> None:
    installed = studios()
    platform = installed.platform
    before, kept = platform.snapshot(), others(platform)
    ok(installed.install())
    count = changes(installed, "uninstall")
    ok(installed.install())
    killed(installed, max(1, count * part // 100), "uninstall")
    ok(installed.uninstall())
    assert clean(platform) == before
    assert others(platform) == kept
    assert OURS.isdisjoint(platform.containers())


def clean(platform: ComposePlatform) -> dict[str, object]:
    """The folder as it is on the disk."""
    found: dict[str, object] = dict(platform.snapshot())
    return found
