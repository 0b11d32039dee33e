"""Studios beside a Platform as its owner starts it, on a real engine: it works, and it goes away without a trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.docker.conftest import OURS, Studios, ok

pytestmark = pytest.mark.docker


@contextmanager
def session(studios: Studios, name: str) -> Iterator[None]:
    """Has a session's program run, in a container that reaches the proxy by its public name only."""
    machine = studios.platform.machine
    container = f"session-{name}"
    image = "cr.seqera.io/enterprise/studios/proxy:0.9.0"
    words = ["session", "-connect-url", "https://connect.example.com", "-id", name]
    machine.docker("run", "--detach", "--name", container, "--entrypoint", "/studios", image, *words)
    try:
        yield
    finally:
        machine.docker("rm", "--force", container)


def test_a_session_works_through_the_proxy_and_studios_goes_away_byte_for_byte(
    studios: Callable[..., Studios],
) -> None:
    installed = studios()
    before = installed.platform.snapshot()
    ok(installed.install())
    installed.platform.wait_until_healthy("backend", "cron", *OURS)
    with session(installed, "a1b2c3"):
        assert installed.visit("a1b2c3") == "session a1b2c3 at a1b2c3.example.com/\nWebSocket: echoed\n"
    ok(installed.uninstall())
    assert installed.platform.snapshot() == before
    assert OURS.isdisjoint(installed.platform.containers())
