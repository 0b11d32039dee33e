"""One testbed for all tests of the engine; each module of tests has a stack and a Platform install of its own."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

from testbed import lifecycle, parts, paths
from testbed.errors import TestbedError
from tests.engine.deployer import Deployer
from tests.engine.install import ZONE, Install
from tests.engine.shapes import usual_shape
from tests.engine.stack import Stack

NewInstall = Callable[..., Install]
NewStack = Callable[..., Stack]


_WAS_UP = pytest.StashKey[bool]()
_COMPOSE = "compose"
#: Modules that take long and that the alphabet puts late: begun last, one of them keeps one worker busy to the end.
_BEGUN_FIRST = ("test_kills.py", "test_right_by_right.py", "test_surroundings.py", "test_waits.py", "test_verify.py")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Brings the testbed up, once for all workers."""
    # `make test` runs the groups side by side: a make that a test starts is not part of that job.
    for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
        os.environ.pop(name, None)
    if not _is_worker(session) and not session.config.option.collectonly:
        try:
            # What is said of three zones, and of containers that only seem to run, holds on kwok's nodes only.
            lifecycle.check_nodes(lifecycle.KWOK)
        except TestbedError as error:
            raise pytest.UsageError(f"tests/engine: {error}") from None
        session.config.stash[_WAS_UP] = all(lifecycle.status().values())
        lifecycle.up(lifecycle.KWOK)


class Scheduling(LoadFileScheduling):  # type: ignore[misc]
    """Gives each module to one worker, and all that wait for each other to the same one."""

    def _split_scope(self, nodeid: str) -> str:
        return _COMPOSE if _COMPOSE in nodeid else str(super()._split_scope(nodeid))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the modules that take long first, and keeps the order of all else."""
    items.sort(key=lambda item: item.path.name not in _BEGUN_FIRST)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    """How tests are distributed to workers."""
    return Scheduling(config, log)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips what the Kubernetes provider that serves here can't do yet; testbed/README.md lists it."""
    if "one_compose_stack" in getattr(item, "fixturenames", ()):
        assert _COMPOSE in item.nodeid, f"{item.nodeid} needs the word compose in its name"
    served = parts.plugin_version("kubernetes")
    for mark in item.iter_markers("kubernetes_provider"):
        (needed,) = mark.args
        if _numbers(served) < _numbers(needed):
            pytest.skip(f"needs Pulumi's Kubernetes provider {needed} or newer; {served} serves here")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Takes the testbed away again if these tests brought it up."""
    if not session.config.stash.get(_WAS_UP, True):
        lifecycle.down()


def _is_worker(session: pytest.Session) -> bool:
    return hasattr(session.config, "workerinput")


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """The variables of a shell against the testbed."""
    return lifecycle.environment()


@pytest.fixture(scope="module")
def one_compose_stack() -> Iterator[None]:
    """Lets one module at a time have a Docker Compose stack: secrets and documents of all of them look alike in AWS.

    The names of their tests, or of the modules, have "compose", so that they are given to one worker.
    """
    with (paths.STATE / "one-compose-stack").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="module")
def new_install(environment: dict[str, str]) -> Iterator[NewInstall]:
    """Makes Platform installs, each in a namespace and under a host of its own."""
    made: list[Install] = []

    def make(label: str, zone: str = ZONE, shape: str | None = None) -> Install:
        # A run that was cut short may have left a namespace of the same label behind.
        install = Install(f"{label}-{secrets.token_hex(2)}", environment, zone, shape or usual_shape(label))
        made.append(install)
        lifecycle.platform(install.namespace, install.host, install.shape_name)
        return install

    yield make
    for install in made:
        install.remove()


@pytest.fixture(scope="module")
def new_stack(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewStack]:
    """Makes stacks for Platform installs, and destroys what they still hold at the end.

    They work with the documented rights, and no others, unless ``variables`` lead to another KUBECONFIG.
    """
    made: list[Stack] = []
    deployers: dict[str, Deployer] = {}

    def deployer_of(install: Install) -> Deployer:
        if install.namespace not in deployers:
            cluster = json.loads(paths.KUBECONFIG.read_text())["clusters"][0]["cluster"]
            deployer = Deployer(install.namespace, tmp_path_factory.mktemp("deployer") / "kubeconfig")
            deployers[install.namespace] = deployer.create(cluster["server"], cluster["certificate-authority"])
        return deployers[install.namespace]

    def make(
        install: Install,
        secret: dict[str, str] | None = None,
        variables: dict[str, str] | None = None,
        **settings: object,
    ) -> Stack:
        folder: Path = tmp_path_factory.mktemp("stack")
        config = {key: value for key, value in {**install.settings(), **settings}.items() if value is not None}
        if "KUBECONFIG" not in (variables or {}):
            variables = {**(variables or {}), "KUBECONFIG": str(deployer_of(install).kubeconfig)}
        stack = Stack(install.namespace, folder, {**environment, **(variables or {})}, config, secret or {}).create()
        made.append(stack)
        return stack

    yield make
    for stack in made:
        stack.destroy()
        stack.remove()
    for deployer in deployers.values():
        deployer.remove()
