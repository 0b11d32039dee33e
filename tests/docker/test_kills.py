"""The script killed at one change or another: the next run finishes it, and taking away leaves nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from testbed.docker.engine import SYSTEM_PATH
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
        # How often it asks, as it does while it waits, is another number in each run.
        asks = name == "run" and words[0][1:2] in (["ps"], ["inspect"])
        count += not asks
        if count == nth and not asks:
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
#: Of a Platform in a folder of this name.
PROJECT = "seqera"
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


@pytest.fixture(scope="module")
def counted() -> dict[str, int]:
    """How many changes a run of each command makes that is not killed: each Platform here is the same."""
    return {}


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
    studios: Callable[..., Studios], counted: dict[str, int], part: int
) -> None:
    installed = studios()
    platform = installed.platform
    before, kept = platform.snapshot(), others(platform)
    installed.write_bundle()
    if "install" not in counted:
        counted["install"] = changes(installed, "install", "--bundle", bundle(installed))
        assert counted["install"] > 40
        ok(installed.uninstall())
    killed(installed, max(1, counted["install"] * part // 100), "install", "--bundle", bundle(installed))
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
def test_taking_away_that_is_killed_is_finished_by_the_next(
    studios: Callable[..., Studios], counted: dict[str, int], part: int
) -> None:
    installed = studios()
    platform = installed.platform
    before, kept = platform.snapshot(), others(platform)
    ok(installed.install())
    if "uninstall" not in counted:
        counted["uninstall"] = changes(installed, "uninstall")
        ok(installed.install())
    killed(installed, max(1, counted["uninstall"] * part // 100), "uninstall")
    ok(installed.uninstall())
    assert clean(platform) == before
    assert others(platform) == kept
    assert OURS.isdisjoint(platform.containers())


def clean(platform: ComposePlatform) -> dict[str, object]:
    """The folder as it is on the disk."""
    found: dict[str, object] = dict(platform.snapshot())
    return found


def killed_with_compose(studios: Studios, event: str, service: str, *words: str) -> None:
    """Ends the script and its Docker Compose, as the end of their control group does, at an event of a container."""
    machine = studios.platform.machine
    form = '{{.Action}} {{index .Actor.Attributes "com.docker.compose.project"}}'
    filters = (f"event={event}", f"label=com.docker.compose.service={service}")
    listen = ["docker", "events", *(f"--filter={each}" for each in filters), "--format", form]
    events = subprocess.Popen(machine.command(listen), env={"PATH": SYSTEM_PATH}, stdout=subprocess.PIPE, text=True)
    script: list[str | Path] = ["sh", studios.tools / "install.sh", *words, "--folder", studios.platform.folder]
    # The engine must know of the listener before anything happens.
    time.sleep(1)
    run = subprocess.Popen(
        machine.command(script),
        env={"PATH": SYSTEM_PATH},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert events.stdout is not None
    # A container that is made to be compared goes, too.
    next(line for line in events.stdout if line.split() == [event, PROJECT])
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    events.terminate()
    events.wait()
    events.stdout.close()
    # What the engine has begun, it ends.
    time.sleep(3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("event", "service", "which", "then"),
    [
        ("destroy", "backend", "install", "uninstall"),
        ("destroy", "backend", "install", "install"),
        ("destroy", "cron", "install", "uninstall"),
        ("die", "backend", "install", "uninstall"),
        ("die", "cron", "install", "install"),
        ("destroy", "backend", "uninstall", "uninstall"),
        ("die", "cron", "uninstall", "uninstall"),
    ],
)
def test_a_service_that_was_being_replaced_runs_after_the_next_run(
    studios: Callable[..., Studios], event: str, service: str, which: str, then: str
) -> None:
    installed = studios()
    platform = installed.platform
    before, kept = platform.snapshot(), others(platform)
    installed.write_bundle()
    if which == "install":
        killed_with_compose(installed, event, service, "install", "--bundle", bundle(installed))
    else:
        ok(installed.install())
        killed_with_compose(installed, event, service, "uninstall")
    if then == "install":
        ok(installed.install())
        platform.wait_until_healthy("backend", "cron", *OURS)
        assert ok(installed.install()) == "studios: nothing has changed\n"
    ok(installed.uninstall())
    platform.wait_until_healthy("backend", "cron")
    assert clean(platform) == before
    assert others(platform) == kept
    names = platform.machine.docker("ps", "--all", "--format", "{{.Names}}").split()
    assert sorted(name for name in names if "backend" in name or "cron" in name) == [
        f"{PROJECT}-backend-1",
        f"{PROJECT}-cron-1",
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("event", "service"), [("destroy", "backend"), ("start", "backend"), ("start", "connect-proxy")]
)
def test_what_is_checked_after_a_kill_says_that_files_and_containers_were_put_back(
    studios: Callable[..., Studios], event: str, service: str
) -> None:
    installed = studios()
    platform = installed.platform
    before, kept = platform.snapshot(), others(platform)
    installed.write_bundle()
    killed_with_compose(installed, event, service, "install", "--bundle", bundle(installed))
    refused = installed.install({"composeFile": "other.yml"})
    assert refused.returncode == 1
    assert "write composeFile: docker-compose.yml" in refused.stderr
    assert "what the last run had begun was put back; nothing else was changed" in refused.stderr
    platform.wait_until_healthy("backend", "cron")
    containers = platform.containers()
    for each in ("backend", "cron"):
        assert "TOWER_OIDC_PEM_PATH" not in containers[each].environment
    assert OURS.isdisjoint(containers)
    assert others(platform) == kept
    ok(installed.uninstall())
    assert clean(platform) == before


@pytest.mark.slow
def test_a_change_that_was_killed_is_put_back_to_the_studios_before_it_when_the_next_is_refused(
    studios: Callable[..., Studios],
) -> None:
    installed = studios()
    platform = installed.platform
    before = platform.snapshot()
    ok(installed.install({"platformVersion": "26.1"}))
    installed.write_bundle({"platformVersion": "26.1", "listMaxAllowed": 9})
    killed_with_compose(installed, "start", "backend", "install", "--bundle", bundle(installed))
    refused = installed.install({"composeFile": "other.yml"})
    assert refused.returncode == 1
    assert "what the last run had begun was put back; nothing else was changed" in refused.stderr
    platform.wait_until_healthy("backend", "cron", *OURS)
    for each in ("backend", "cron"):
        environment = platform.containers()[each].environment
        assert "TOWER_OIDC_PEM_PATH" in environment
        assert "TOWER_DATA_STUDIO_LIST_MAX_ALLOWED" not in environment
    ok(installed.uninstall())
    assert clean(platform) == before


@pytest.mark.slow
def test_an_installation_that_is_refused_after_taking_away_was_killed_says_nothing_of_putting_back(
    studios: Callable[..., Studios],
) -> None:
    installed = studios()
    platform = installed.platform
    before = platform.snapshot()
    ok(installed.install())
    killed_with_compose(installed, "start", "backend", "uninstall")
    refused = installed.install({"composeFile": "other.yml"})
    assert refused.returncode == 1
    assert "write composeFile: docker-compose.yml" in refused.stderr
    assert "put back" not in refused.stderr
    platform.wait_until_healthy("backend", "cron")
    assert OURS.isdisjoint(platform.containers())
    ok(installed.uninstall())
    assert clean(platform) == before
