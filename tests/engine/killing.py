"""Kills the engine in the middle of what it does, at moments that are the same in each run: at its writes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

import psutil

from testbed import paths
from testbed.faults import Answer, Relay, Request
from tests.engine.actions import action_of
from tests.engine.stack import Finished, Stack

_READS = re.compile(r"(Describe|List|Get)\w*$")
_REVIEW = re.compile(r"/authorization\.k8s\.io/")
_ROUTE53_NAME = re.compile(rb"<Name>([^<]+)</Name>")
_MARK = "STUDIOS_TEST_RUN"
_ENGINE = "pulumi"
#: The official plugins that an engine leaves behind for minutes, or for good.
_PLUGINS = (
    *(f"pulumi-resource-{name}" for name in ("kubernetes", "random", "tls", "pulumi-python")),
    "pulumi.dynamic",
)
_SECONDS = 120.0
_QUIET_SECONDS = 3.0

Command = tuple[str, ...]


def write_of(request: Request) -> str | None:
    """What a request changes, in the words of its service; None if it only reads or tries."""
    path, _, query = request.path.partition("?")
    if request.method == "GET":
        return None
    if not path.startswith("/api"):
        service, _, action = action_of(request).partition(":")
        names = b" ".join(_ROUTE53_NAME.findall(request.body)).decode()
        return None if service == "sts" or _READS.match(action) else f"{action} {names}".rstrip()
    if "dryRun=All" in query or _REVIEW.search(path):
        return None
    place = path.rpartition("/namespaces/")[2].partition("/")[2]
    return f"{request.method} {place}" + (f"/{_created(request.body)}" if request.method == "POST" else "")


def _created(body: bytes) -> str:
    """The name of an object that is made: the path has only that of its kind."""
    name: str = json.loads(body)["metadata"]["name"]
    return name


@dataclass
class Killer:
    """Kills an engine at the first write that none was killed at before.

    Args:
        stack: the stack of the engine.
        relays: through which its requests pass.
        points: the writes at which engines were killed, in order.
        spares_plugins: leave the plugins of a killed engine running, as an operating system does.
        spared: those that were left.
    """

    stack: Stack
    relays: tuple[Relay, ...]
    points: list[str] = field(default_factory=list)
    spares_plugins: bool = False
    spared: list[psutil.Process] = field(default_factory=list)

    def one_step_at_a_time(self) -> Killer:
        """This, for an engine that begins no write before another is done."""
        environment = {**self.stack.environment, "PULUMI_PARALLEL": "1"}
        return replace(self, stack=replace(self.stack, environment=environment))

    def sparing_plugins(self) -> Killer:
        """This, for a kill that ends the engine only."""
        return replace(self, spares_plugins=True)

    def outlived(self) -> list[str]:
        """The names of the plugins that run although their engine was killed."""
        return sorted(process.name() for process in self.spared if _runs(process))

    def kill_after_next_write(self, *command: str) -> Finished:
        """Runs a command until the next write is made, and kills its engine before that hears of it."""
        return self._run(command, after=self._is_next)

    def kill_before_next_write(self, *command: str) -> Finished:
        """The same, but what would have been written is not."""
        return self._run(command, before=self._is_next)

    def until_finished(self, kill: Callable[..., Finished], first: Command, again: Command) -> None:
        """Kills the first command, and then the one that recovers from that, until one ends well.

        Args:
            kill: one of the two above.
            first: what a user types at first.
            again: what finishes it.
        """
        finished = kill(*first)
        while finished.code:
            finished = kill(*again)

    def kill_after(self, write: str, *command: str) -> Finished:
        """Kills the command's engine once this is written."""
        return self._run(command, after=partial(_is_same, write))

    def kill_before(self, write: str, *command: str) -> Finished:
        """Kills it instead of writing this."""
        return self._run(command, before=partial(_is_same, write))

    def run(self, *command: str) -> Finished:
        """Runs a command to its end."""
        return self._run(command)

    def _is_next(self, write: str) -> bool:
        return write not in self.points

    def _run(
        self,
        command: tuple[str, ...],
        *,
        before: Callable[[str], bool] | None = None,
        after: Callable[[str], bool] | None = None,
    ) -> Finished:
        mark, lock = uuid.uuid4().hex, threading.Lock()
        killed = threading.Event()

        def kill_at(request: Request, wanted: Callable[[str], bool] | None) -> bool:
            write = write_of(request)
            with lock:
                if wanted is None or write is None or killed.is_set() or not wanted(write):
                    return False
                killed.set()
                self.points.append(write)
                _kill_engine(mark)
                return True

        def fault(request: Request) -> Answer | None:
            # Whoever gets this answer is a plugin of a dead engine.
            return Answer(503, b"") if kill_at(request, before) else None

        def answered(request: Request) -> None:
            kill_at(request, after)

        for each in self.relays:
            each.fault, each.answered = fault, answered
        try:
            finished = self._watched(command, mark)
            assert killed.is_set() or finished.code == 0, f"it failed, and not for having been killed:\n{finished.text}"
            return finished
        finally:
            for each in self.relays:
                each.fault = each.answered = None

    def _watched(self, command: tuple[str, ...], mark: str) -> Finished:
        environment = {**os.environ, **self.stack.environment, "PYTHONPATH": str(paths.CHECKOUT), _MARK: mark}
        with tempfile.TemporaryFile("w+") as output:
            # A file, since plugins of a dead engine hold a pipe open.
            process = subprocess.Popen(
                command, cwd=self.stack.folder, env=environment, stdout=output, stderr=output, stdin=subprocess.DEVNULL
            )
            code = process.wait(timeout=600)
            if self.spares_plugins and code:
                self.spared.extend(_processes(mark))
            else:
                self._wait_until_gone(mark)
            output.seek(0)
            return Finished(list(command), code, output.read(), "")

    def _wait_until_gone(self, mark: str) -> None:
        """Waits for the plugins of a dead engine.

        The official Kubernetes provider looks for its engine every five minutes only, and waits for pods until then;
        that of dynamic resources never looks. They are ended as soon as they ask for nothing more.
        """
        quiet_since, asked = time.monotonic(), -1
        deadline = quiet_since + _SECONDS
        while left := _processes(mark):
            now = time.monotonic()
            assert now < deadline, f"outlived the engine: {[process.cmdline() for process in left]}"
            if (requests := sum(len(each.requests) for each in self.relays)) != asked:
                asked, quiet_since = requests, now
            if now - quiet_since > _QUIET_SECONDS and all(map(_is_official, left)):
                for process in left:
                    with suppress(psutil.NoSuchProcess):
                        process.kill()
            time.sleep(0.1)


def _kill_engine(mark: str) -> None:
    for process in _processes(mark):
        if process.name() == _ENGINE:
            process.send_signal(signal.SIGKILL)


def _is_same(wanted: str, write: str) -> bool:
    """Whether it is that write: a provider that applies on the server makes an object by a PATCH, too."""
    return write in (wanted, wanted.replace("POST ", "PATCH ", 1))


def _is_official(process: psutil.Process) -> bool:
    try:
        return any(name in " ".join(process.cmdline()) for name in _PLUGINS)
    except psutil.NoSuchProcess:
        return True


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _processes(mark: str) -> list[psutil.Process]:
    """The processes that a command has started, also those that have outlived it."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(_MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found
