"""Plugins that go on running, and may still write, although the engine that started them was killed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
from contextlib import suppress

_PLUGIN = re.compile(
    r"^\s*(?P<pid>\d+)\s.*?(?P<name>pulumi-(?:resource|language)-[\w-]+|pulumi\.dynamic)\s"
    r"(?:.*\s)?(?P<engine>127\.0\.0\.1:\d+)(?:\s|$)"
)
"""A process as ``ps`` shows it: an engine tells its plugins its own address as an argument."""


def processes() -> str:
    """This user's processes, as ``ps`` lists them: id and arguments; empty where there is no ``ps``."""
    if not shutil.which("ps"):
        return ""
    command = ["ps", "-U", str(os.getuid()), "-ww", "-o", "pid=,args="]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def end_leftovers(listing: str) -> list[str]:
    """Ends the listed plugins that a dead engine left behind, and returns their names."""
    ended = []
    for pid, name, engine in plugins_in(listing):
        if not _listens(engine):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
                ended.append(name)
    return ended


def plugins_in(listing: str) -> list[tuple[int, str, str]]:
    """Process id, name, and the address of the engine of each plugin that ``ps`` lists."""
    found = (_PLUGIN.match(line) for line in listing.splitlines())
    return [(int(each["pid"]), each["name"], each["engine"]) for each in found if each]


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, int(port))) == 0
