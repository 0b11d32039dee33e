"""What tests on a real Docker engine share; they carry the mark ``docker``.

Where there is no engine to start, they are skipped, with one line that says why; with ``STUDIOS_REQUIRE=docker`` that
is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from testbed import required
from testbed.docker.engine import why_not

if TYPE_CHECKING:
    from testbed.docker.platform import ComposePlatform
    from testbed.docker.site import Site


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skips the tests that need Docker where there is none."""
    on_docker = [item for item in items if item.get_closest_marker("docker")]
    reason = why_not() if on_docker else None
    if reason is not None:
        required.leave_out(config, on_docker, "docker", "Docker", reason)


@pytest.fixture(scope="session")
def docker_site(worker_id: str) -> Iterator[Site]:
    """A machine with Docker for these tests only, with images, a registry and HTTPS for ``example.com``."""
    from testbed.docker.engine import Machine
    from testbed.docker.platform import remove_leftovers
    from testbed.docker.site import Site

    site = Site(Machine(f"docker-{worker_id}"))
    # What a run left that was killed may be in any state.
    site.stop()
    site.start()
    remove_leftovers()
    try:
        yield site
    finally:
        site.stop()


@pytest.fixture
def compose_platform(docker_site: Site) -> Iterator[Callable[..., ComposePlatform]]:
    """Lays out Platforms, and starts them unless ``start=False``; see :meth:`ComposePlatform.create`.

    All publish the same ports: a test has one running at a time.
    """
    from testbed.docker.platform import ComposePlatform

    made: list[ComposePlatform] = []

    def create(*, start: bool = True, **about: object) -> ComposePlatform:
        platform = ComposePlatform.create(docker_site.machine, **about)  # type: ignore[arg-type]
        made.append(platform)
        if start:
            platform.up()
        return platform

    yield create
    gone = [platform.remove() for platform in made]
    if not all(gone):
        # A network that is left would be in the way of `docker compose down` in the tests that follow.
        docker_site.stop()
        docker_site.start()
