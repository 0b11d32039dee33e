"""The traffic of the demo's install as a process of the testbed, beside its others."""

from __future__ import annotations

import json
import shutil
import sys

from testbed import paths, processes

NAME = "traffic"
FOLDER = paths.STATE / "traffic"
#: The variables for `python -m pipeline verify`, as JSON; written once traffic flows.
VARIABLES = FOLDER / "verify.json"
SESSION_LOG = FOLDER / "session.log"
#: What the program in a session prints once it has a way to the proxy.
_OPEN = "tunnel open"
_SECONDS = 60


def missing() -> str | None:
    """What this machine lacks for traffic; None if it has all."""
    if sys.platform != "linux":
        return "Linux, where all of 127.0.0.0/8 is this machine"
    if not shutil.which("redis-server"):
        return "Redis, which Connect's pods need: install it, for example Debian's redis-server"
    return None


def start(environment: dict[str, str], namespace: str, connect_url: str, *, on_node: bool) -> None:
    """Starts it unless it is running, and returns once it listens.

    Args:
        environment: the variables to work against the testbed.
        namespace: where Platform runs.
        connect_url: of the proxy.
        on_node: whether the pods run on the real node.

    Raises:
        TestbedError: it ended, or does not come up; the message has its log.
    """
    if processes.running(NAME):
        return
    VARIABLES.unlink(missing_ok=True)
    SESSION_LOG.unlink(missing_ok=True)
    words = ["--namespace", namespace, "--connect-url", connect_url, *(["--on-node"] if on_node else [])]
    processes.start(NAME, [paths.PYTHON, "-m", "testbed.traffic", *words], environment)
    processes.wait_until(NAME, VARIABLES.exists, _SECONDS)


def wait_for_session() -> None:
    """Returns once a session has found its way through the load balancer and the proxy.

    Raises:
        TestbedError: it has not in a minute; the message has the log.
    """
    processes.wait_until(NAME, lambda: SESSION_LOG.exists() and _OPEN in SESSION_LOG.read_text(), _SECONDS)


def variables() -> dict[str, str]:
    """The variables with which `python -m pipeline verify` finds its way; none while there is no traffic."""
    if not processes.running(NAME) or not VARIABLES.exists():
        return {}
    found: dict[str, str] = json.loads(VARIABLES.read_text())
    return found
