"""One testbed with a real node, one Platform install and one stack for all tests of this group."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from testbed import lifecycle, paths
from testbed.docker.fixtures import REQUIRED
from testbed.node import requirements
from tests.engine.deployer import Deployer
from tests.engine.install import Install
from tests.engine.stack import Stack

#: How long a pod serves on once it is to end, in seconds: long enough to see it, shorter than the default.
DRAIN = 8

_WAS_UP = pytest.StashKey[bool]()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Brings the testbed up on a real node, or has everything skipped."""
    reason = requirements.missing()
    if reason and "node" in os.environ.get(REQUIRED, "").split(","):
        raise pytest.UsageError(f"{REQUIRED} asks for a node, and {reason}")
    if not reason:
        session.config.stash[_WAS_UP] = all(lifecycle.status().values())
        lifecycle.up(lifecycle.REAL)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Takes the testbed away again if these tests brought it up."""
    if not session.config.stash.get(_WAS_UP, True):
        lifecycle.down()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips the tests where there can be no node, and says why."""
    if reason := requirements.missing():
        for item in items:
            item.add_marker(pytest.mark.skip(reason=reason))


@dataclass(frozen=True)
class Studios:
    """A Platform install with Studios beside it, on the node."""

    install: Install
    stack: Stack


@pytest.fixture(scope="session")
def studios(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studios]:
    """Studios, brought up by ``pulumi up`` with the documented rights; taken away in the end."""
    environment = lifecycle.environment()
    install = Install(lifecycle.NAMESPACE, environment)
    cluster = json.loads(paths.KUBECONFIG.read_text())["clusters"][0]["cluster"]
    deployer = Deployer(install.namespace, tmp_path_factory.mktemp("deployer") / "kubeconfig")
    deployer.create(cluster["server"], cluster["certificate-authority"])
    variables = {**environment, "KUBECONFIG": str(deployer.kubeconfig)}
    config = {**install.settings(), "platformUrl": f"https://{lifecycle.HOST}", "drainSeconds": DRAIN}
    stack = Stack("real", tmp_path_factory.mktemp("stack"), variables, config).create()
    stack.up().ok()
    yield Studios(install, stack)
    stack.destroy()
    stack.remove()
    deployer.remove()
