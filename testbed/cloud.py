"""Pulumi Cloud as far as a stack with an environment of Pulumi ESC needs it: ``go/cloud`` stands in for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from testbed import build, processes


@contextmanager
def pulumi_cloud(environment: Mapping[str, str], folder: Path) -> Iterator[dict[str, str]]:
    """Starts the stand-in, empty, and yields the variables with which ``pulumi`` is logged in to it.

    Args:
        environment: that of a shell against the testbed; its AWS credentials are those that a login from there gets.
        folder: where ``pulumi`` keeps that login.
    """
    (port,) = processes.free_ports(1)
    name = f"pulumi-cloud-{port}"
    processes.start(name, [build.cloud(), str(port)], environment)
    processes.wait_until(name, lambda: processes.listening(port))
    try:
        yield {
            "PULUMI_BACKEND_URL": f"http://127.0.0.1:{port}",
            "PULUMI_ACCESS_TOKEN": "testbed",
            "PULUMI_CREDENTIALS_PATH": str(folder),
            # The service holds the key.
            "PULUMI_CONFIG_PASSPHRASE": "",
        }
    finally:
        processes.stop([name])
