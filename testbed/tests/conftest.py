"""What the tests of this folder share."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from testbed import paths, processes
from testbed.tests.aws_account import Account, strict_account


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with strict_account(monkeypatch) as made:
        yield made


@pytest.fixture(scope="module")
def emulator() -> Iterator[dict[str, str]]:
    """An emulator of the module's own: the variables that lead to it."""
    (port,) = processes.free_ports(1)
    command = [str(paths.PYTHON), "-m", "testbed.emulator", "--port", str(port)]
    running = subprocess.Popen(command, cwd=paths.CHECKOUT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not processes.listening(port):
            assert running.poll() is None
        keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
        yield {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_REGION": "us-east-1", **keys}
    finally:
        running.terminate()
        running.wait(20)
