"""The oldest release of Docker Compose that the script accepts, for root and for Platform's owner."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from testbed import build
from testbed.docker.site import Site
from testbed.targets import OLDEST_COMPOSE_VERSION
from tests.docker.conftest import OURS, Studios, ok
from tests.docker.events import Events
from tests.docker.test_owners_way import OWN, edit, others, refused

pytestmark = [pytest.mark.docker, pytest.mark.slow]

PLUGIN = "/usr/local/lib/docker/cli-plugins/docker-compose"


@pytest.fixture
def oldest_compose(docker_site: Site) -> Iterator[str]:
    """Lays the oldest Docker Compose over the machine's; yields its release."""
    docker_site.machine.run(["mount", "--bind", build.oldest_docker_compose(), PLUGIN])
    yield docker_site.machine.docker("compose", "version", "--short")
    docker_site.machine.run(["umount", PLUGIN])


def test_the_oldest_release_installs_changes_and_takes_away(
    oldest_compose: str, studios: Callable[..., Studios]
) -> None:
    assert oldest_compose == OLDEST_COMPOSE_VERSION == "2.24.0"
    installed = studios(owner="ec2-user")
    platform = installed.platform
    before, kept = platform.snapshot(), others(platform)
    ok(installed.install())
    assert ok(installed.install()) == "studios: nothing has changed\n"
    assert others(platform) == kept
    # By hand it counts what a service depends on, which the script leaves out.
    platform.compose("up", "--detach")
    platform.wait_until_healthy("backend", "cron", *OURS)
    kept = others(platform)
    assert ok(installed.install()) == "studios: nothing has changed\n"
    events = Events(platform)
    ok(installed.install({"logLevel": "debug"}))
    assert events.starts() == ["connect-server", "connect-proxy"]
    edit(platform, ("MICRONAUT_ENVIRONMENTS=prod,redis,ha", "MICRONAUT_ENVIRONMENTS=prod,redis,other"))
    assert "backend in environment: MICRONAUT_ENVIRONMENTS;" in refused(installed, {"allowedWorkspaces": [7]})
    edit(platform, ("MICRONAUT_ENVIRONMENTS=prod,redis,other", "MICRONAUT_ENVIRONMENTS=prod,redis,ha"))
    ok(installed.uninstall())
    assert others(platform) == kept
    assert platform.snapshot() == before


def test_an_owner_with_another_release_than_root(
    studios: Callable[..., Studios], request: pytest.FixtureRequest
) -> None:
    keys = "{cap_add: [SYS_PTRACE], hostname: tower, mem_limit: 300m, tmpfs: [/scratch], restart: unless-stopped}"
    installed = studios(files={"docker-compose.override.yml": f"services: {{backend: {keys}}}\n"})
    # From here on the machine has the other one.
    request.getfixturevalue("oldest_compose")
    kept = others(installed.platform)
    override = installed.platform.folder / "docker-compose.override.yml"
    text = override.read_text()
    override.write_text(text.replace("300m", "310m"))
    assert "backend in mem_limit" in refused(installed, {"composeOverride": OWN})
    override.write_text(text.replace("restart: unless-stopped", "restart: on-failure"))
    assert "backend in restart;" in refused(installed, {"composeOverride": OWN})
    override.write_text(text)
    ok(installed.install({"composeOverride": OWN}))
    ok(installed.uninstall())
    assert others(installed.platform) == kept
