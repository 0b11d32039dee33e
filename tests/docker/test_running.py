"""Done means running: what was started is watched, and put back with a reason if it does not stay up."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import pytest

from testbed.pki import rsa_key_pair
from tests.compose_bundle import TOKEN
from tests.docker.conftest import OURS, Studios, ok
from tests.docker.events import Events
from tests.docker.test_owners_way import OWN, others, refused

pytestmark = pytest.mark.docker

SEEN_BY_AWS = 8000


def put_back(studios: Studios, changes: Mapping[str, object] | None = None) -> str:
    """What the script said of an installation that fails: files and containers are as they were."""
    platform = studios.platform
    files, kept = platform.snapshot(), others(platform)
    environments = {name: each.environment for name, each in platform.containers().items()}
    mounts = {name: each.mounts for name, each in platform.containers().items()}
    finished = studios.install(changes)
    assert finished.returncode == 1, finished.stdout
    after = {name: entry for name, entry in platform.snapshot().items() if not name.startswith(".studios/backup")}
    assert after == {name: entry for name, entry in files.items() if not name.startswith(".studios/backup")}
    assert others(platform) == kept
    assert {name: each.environment for name, each in platform.containers().items()} == environments
    assert {name: each.mounts for name, each in platform.containers().items()} == mounts
    platform.wait_until_healthy("backend", "cron")
    assert "files and containers were put back as they were" in finished.stderr[:SEEN_BY_AWS]
    assert "putting it back failed" not in finished.stderr
    return finished.stderr[:SEEN_BY_AWS]


def test_each_restarts_once_per_change_also_when_token_and_key_rotate_together(
    studios: Callable[..., Studios],
) -> None:
    installed = studios()
    once = ["cron", "backend", "connect-server", "connect-proxy"]
    events = Events(installed.platform)
    ok(installed.install())
    assert events.starts() == once
    files, running = installed.platform.snapshot(), installed.platform.identities()
    stamps = {path: path.stat().st_mtime_ns for path in installed.platform.folder.rglob("*") if path.is_file()}
    assert ok(installed.install()) == "studios: nothing has changed\n"
    assert installed.platform.identities() == running
    assert installed.platform.snapshot() == files
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    events = Events(installed.platform)
    installed.token, installed.pem = "another", rsa_key_pair()
    ok(installed.install())
    assert events.starts() == once
    path = installed.platform.folder / ".studios/files/data-studios-rsa.pem"
    assert path.read_text() == installed.pem


@pytest.mark.slow
def test_a_key_or_workspaces_reach_backend_and_cron_only(studios: Callable[..., Studios]) -> None:
    installed = studios()
    ok(installed.install())
    events = Events(installed.platform)
    installed.pem = rsa_key_pair()
    ok(installed.install())
    assert events.starts() == ["cron", "backend"]
    events = Events(installed.platform)
    ok(installed.install({"allowedWorkspaces": [7, 12]}))
    assert events.starts() == ["cron", "backend"]
    assert "7" in installed.platform.logs("backend")


@pytest.mark.slow
def test_a_crash_of_cron_leaves_backend_alone(studios: Callable[..., Studios]) -> None:
    installed = studios()
    backend = installed.platform.identities()["backend"]
    installed.pem = "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n"
    said = put_back(installed)
    assert "cron restarts again and again" in said
    assert "TOWER_OIDC_PEM_PATH" in said
    assert installed.platform.identities()["backend"] == backend
    assert not (installed.platform.folder / ".studios").exists()


def test_a_crash_of_the_proxy_puts_platform_back_too(studios: Callable[..., Studios]) -> None:
    installed = studios()
    said = put_back(installed, {"redisDatabase": 99})
    assert "restarts again and again" in said
    assert "connect-" in said
    assert OURS.isdisjoint(installed.platform.containers())


@pytest.mark.slow
def test_a_health_check_that_fails_puts_files_and_containers_back(studios: Callable[..., Studios]) -> None:
    # It asks at the port that the variable names, once Studios sets it.
    check = '["CMD", "/studios", "health", "-port", "8080", "-variable", "TOWER_DATA_STUDIO_LIST_MAX_ALLOWED"]'
    health = f"healthcheck: {{interval: 1s, timeout: 1s, retries: 2, start_period: 2s, test: {check}}}"
    installed = studios(files={"docker-compose.override.yml": f"services:\n  backend: {{{health}}}\n"})
    said = put_back(installed, {"composeOverride": OWN, "platformVersion": "26.1", "listMaxAllowed": 9})
    assert "backend is unhealthy, says its health check. Its last lines:\n" in said


@pytest.mark.slow
def test_a_change_that_crashes_leaves_what_was_installed(studios: Callable[..., Studios]) -> None:
    installed = studios()
    ok(installed.install())
    put_back(installed, {"redisDatabase": 99, "allowedWorkspaces": [7]})
    installed.platform.wait_until_healthy("backend", "cron", *OURS)
    assert ok(installed.install()) == "studios: nothing has changed\n"
    ok(installed.install({"allowedWorkspaces": [7]}))


@pytest.mark.slow
def test_a_platform_that_is_unhealthy_before_is_not_touched(studios: Callable[..., Studios]) -> None:
    override = (
        "services:\n  cron:\n    healthcheck:\n      interval: 1s\n      retries: 1\n      timeout: 1s\n"
        '      test: ["CMD", "/studios", "health", "-port", "9999"]\n'
    )
    installed = studios(files={"docker-compose.override.yml": override}, start=False)
    installed.platform.compose("up", "--detach")
    deadline = time.monotonic() + 60
    while installed.platform.containers()["cron"].health != "unhealthy":
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert (
        "cron does not run: it is unhealthy; bring it up first (docker logs seqera-cron-1 shows its last lines)"
        in refused(installed, {"composeOverride": OWN})
    )


@pytest.mark.slow
def test_a_secret_is_in_no_message(studios: Callable[..., Studios]) -> None:
    installed = studios()
    said = put_back(installed, {"redisDatabase": 99})
    assert TOKEN not in said
    assert "PRIVATE KEY" not in said


@pytest.mark.slow
def test_the_downtime_is_that_of_one_restart(studios: Callable[..., Studios]) -> None:
    installed = studios()
    ok(installed.install())
    machine = installed.platform.machine
    script = (
        "import time,urllib.request\n"
        "down=0.0; last=time.time(); end=open('/run/stop-measuring','w').close()\n"
        "import os\n"
        "while os.path.exists('/run/stop-measuring'):\n"
        "  t=time.time()\n"
        "  try: urllib.request.urlopen('http://127.0.0.1:8000/service-info',timeout=2).read()\n"
        "  except Exception: down+=time.time()-t+0.05\n"
        "  time.sleep(0.05)\n"
        "open('/run/downtime','w').write(str(down))\n"
    )
    machine.run(["sh", "-c", f'python3 -c "{script}" >/dev/null 2>&1 & sleep 1'])
    installed.token, installed.pem = "another", rsa_key_pair()
    ok(installed.install())
    machine.run(["sh", "-c", "rm /run/stop-measuring; sleep 3"])
    down = float(machine.run(["cat", "/run/downtime"]).stdout)
    assert 0 < down < 15
