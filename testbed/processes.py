"""Starts the testbed's processes and ends exactly those, also after a crash of whoever started them.

Each process leaves a record: its id and the moment at which the kernel says it began. An id may since have gone
to another process; id and moment together never do.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import psutil

from testbed import paths
from testbed.errors import TestbedError

#: How long a process may take to end by itself after SIGTERM before it is killed, in seconds.
GRACE = 15.0
#: A plugin in Go is a program of this name; one in Python is run by a script of such a name, or as a module.
_PLUGIN: Final = re.compile(r"pulumi-resource-[\w-]+$|pulumi\.dynamic$")


@dataclass(frozen=True)
class Record:
    """One started process, as it is kept on disk."""

    name: str
    pid: int
    began: float
    #: Where it stands in the order of starts; the end goes the other way round.
    order: int

    @property
    def process(self) -> psutil.Process | None:
        """The process itself while it lives, and only if it is still the one that was started."""
        try:
            process = psutil.Process(self.pid)
            # The kernel counts the beginning in ticks of a hundredth of a second.
            same = abs(process.create_time() - self.began) < 0.05
            alive = same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return None
        return process if alive else None


def records() -> list[Record]:
    """All records, in the order of their starts."""
    found = []
    for path in paths.RECORDS.glob("*.json"):
        found.append(Record(**json.loads(path.read_text())))
    return sorted(found, key=lambda record: record.order)


def running(name: str) -> bool:
    """Whether the process of this name, started by this checkout, is alive."""
    return any(record.name == name and record.process for record in records())


def start(name: str, argv: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
    """Starts ``argv`` in the background unless it is running, its output going to ``logs/<name>.log``.

    ``env`` is added to the environment of the caller.
    """
    if running(name):
        return
    paths.LOGS.mkdir(parents=True, exist_ok=True)
    paths.RECORDS.mkdir(parents=True, exist_ok=True)
    with log_path(name).open("ab") as log:
        child = subprocess.Popen(
            [str(word) for word in argv],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=paths.CHECKOUT,
            env={**os.environ, **(env or {})},
            start_new_session=True,  # a Ctrl-C in the terminal is not meant for it
        )
    order = max((record.order for record in records()), default=0) + 1
    record = Record(name, child.pid, psutil.Process(child.pid).create_time(), order)
    path = paths.RECORDS / f"{name}.json"
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(asdict(record)))
    partial.replace(path)


def stop_all() -> list[str]:
    """Ends every process that was started and lives, last first; returns their names."""
    return stop(record.name for record in records())


def stop(names: Iterable[str]) -> list[str]:
    """Ends the named processes, last started first, and drops their records; returns the names of those that lived."""
    wanted = set(names)
    ended = []
    for record in reversed(records()):
        if record.name not in wanted:
            continue
        process = record.process
        if process:
            _end(process)
            ended.append(record.name)
        (paths.RECORDS / f"{record.name}.json").unlink(missing_ok=True)
    return ended


def _end(process: psutil.Process) -> None:
    try:
        process.terminate()
        if not _has_ended(process):
            process.kill()
            _has_ended(process)
    except psutil.NoSuchProcess:
        pass


def _has_ended(process: psutil.Process) -> bool:
    """Waits for the end; one with an exit code that was not asked for yet has ended, too."""
    deadline = time.monotonic() + GRACE
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    with suppress(psutil.TimeoutExpired):
        process.wait(0)  # which is asking for it, if it was started here
    return True


def stop_plugins_of(pulumi_home: Path) -> list[str]:
    """Ends every plugin of an engine with this home, whoever started it; returns their names.

    An engine that is killed leaves its plugins behind.
    """
    ended = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        if (process.info["environ"] or {}).get("PULUMI_HOME") == str(pulumi_home):
            names = [name for word in process.info["cmdline"] or () if _PLUGIN.match(name := Path(word).name)]
            if names:
                _end(process)
                ended.append(names[0])
    return ended


def wait_until(name: str, ready: Callable[[], bool], seconds: float = 60.0) -> None:
    """Waits for ``ready``; raises :class:`TestbedError` with the end of the log if ``name`` dies or time runs out."""
    deadline = time.monotonic() + seconds
    while not ready():
        if not running(name):
            raise TestbedError(f"{name} ended while starting; the end of {log_path(name)}:\n{log_tail(name)}")
        if time.monotonic() > deadline:
            raise TestbedError(f"{name} is not ready after {seconds:.0f} s; the end of its log:\n{log_tail(name)}")
        time.sleep(0.1)


def log_path(name: str) -> Path:
    """The file that the process's output goes to."""
    return paths.LOGS / f"{name}.log"


def log_tail(name: str, lines: int = 20) -> str:
    """The last lines of a process's output."""
    try:
        text = log_path(name).read_text(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def free_ports(count: int) -> list[int]:
    """``count`` different TCP ports that nothing on loopback listens on."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def listening(port: int) -> bool:
    """Whether something on loopback accepts connections on the port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
