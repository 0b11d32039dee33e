"""One testbed with a real node, one Platform install and one stack for all tests of this group."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from testbed import lifecycle, paths, required
from testbed.errors import TestbedError
from testbed.node import requirements
from tests.engine.deployer import Deployer
from tests.engine.install import Install
from tests.engine.stack import Stack
from tests.real import beside

CONNECT = ("connect-proxy", "connect-server")
NODE = "node-a"
#: How long a pod serves on once it is to end, in seconds: long enough to see it, shorter than the default.
DRAIN = 8
#: The Secret with the CA of Platform's certificate, and the key in it.
CA_SECRET, CA_KEY = "acme-ca", "ca.crt"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skips the tests of this group where there can be no node, and says why."""
    folder = Path(__file__).parent
    # pytest hands over what it collected from the other folders, too.
    ours = [item for item in items if folder in item.path.parents]
    if not ours:
        return
    if reason := requirements.missing():
        required.leave_out(config, ours, "node", "a node", reason)
    elif not config.option.collectonly:
        try:
            lifecycle.check_nodes(lifecycle.REAL)
        except TestbedError as error:
            raise pytest.UsageError(f"tests/real: {error}") from None


@dataclass(frozen=True)
class Studios:
    """A Platform install with Studios beside it, on the node."""

    install: Install
    stack: Stack


@pytest.fixture(scope="session")
def node() -> Iterator[None]:
    """The testbed on a real node; taken away again if it wasn't up before."""
    was_up = all(lifecycle.status().values())
    try:
        lifecycle.up(lifecycle.REAL)
        yield
    finally:
        if not was_up:
            lifecycle.down()


@pytest.fixture(scope="session")
def studios(node: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studios]:
    """Studios, brought up by ``pulumi up`` with the documented rights; taken away in the end."""
    environment = lifecycle.environment()
    install = Install(lifecycle.NAMESPACE, environment)
    cluster = json.loads(paths.KUBECONFIG.read_text())["clusters"][0]["cluster"]
    deployer = Deployer(install.namespace, tmp_path_factory.mktemp("deployer") / "kubeconfig")
    variables = {**environment, "KUBECONFIG": str(deployer.kubeconfig)}
    config = {
        **install.settings(),
        "platformUrl": f"https://{lifecycle.HOST}",
        "drainSeconds": DRAIN,
        "caCertificate": {"secret": CA_SECRET, "key": CA_KEY},
    }
    stack = Stack("real", tmp_path_factory.mktemp("stack"), variables, config)
    # What an `up` that failed has made is taken away, too: the next run would find that it exists already.
    with ExitStack() as made:
        made.callback(deployer.remove)
        deployer.create(cluster["server"], cluster["certificate-authority"])
        made.callback(install.kubectl, "delete", "secret", CA_SECRET)
        install.kubectl("create", "secret", "generic", CA_SECRET, f"--from-file={CA_KEY}={paths.PKI / 'ca.crt'}")
        stack.create()
        made.callback(stack.remove)
        made.callback(stack.destroy)
        stack.up().ok()
        yield Studios(install, stack)


@pytest.fixture(scope="session")
def unreachable(studios: Studios) -> Iterator[dict[str, beside.Unreachable]]:
    """Workload → a copy of one of its pods, at which every connection is refused since it was ready.

    Beside the copies there are the pods that can't start. What becomes of all of them takes minutes: it is looked at in
    the end.
    """
    install = studios.install
    broken = beside.that_cannot_start(CA_SECRET)
    beside.create(install, {name: beside.on_node(NODE, spec) for name, spec in broken.items()})
    copies = {app: beside.copy_of(install.pods(app)[0]) for app in CONNECT}
    beside.create(install, {f"copy-of-{app}": spec for app, spec in copies.items()})
    try:
        with ExitStack() as networks:
            yield {
                app: networks.enter_context(beside.unreachable_once_ready(install, f"copy-of-{app}")) for app in copies
            }
    finally:
        install.kubectl("delete", "pods", "-l", beside.BESIDE, "--wait=false")
