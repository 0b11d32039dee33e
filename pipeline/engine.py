"""Runs the engine, and says beside it what it doesn't say: what to do about a lock, and what a long wait is for."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from pipeline.locks import advice_at_lock

FIRST_SECONDS: Final = 20.0
"""So long something is waited for before a line says what it is."""
AGAIN_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 0.5
_HEAD: Final = 60
"""Bytes at the beginning of the events that hold the time of the first."""
_QUICK: Final = ("same", "read", "refresh")
_MADE_OF_OTHERS: Final = ("pulumi:", "studios:")
"""How the types of the stack, of providers and of components begin: they last as long as what they are made of."""
_LIMITS: Final[Mapping[str, str]] = {
    "Deployment": "readyTimeout",
    "StatefulSet": "readyTimeout",
    "Ingress": "readyTimeout",
    "Service": "readyTimeout",
    "PlatformEdits": "readyTimeout",
    "CertificateValidation": "certificateTimeout",
    "InstallationReport": "installTimeout",
    "InstanceCleanup": "installTimeout",
}
"""Type → the setting that says how long an update waits for one."""


def run_engine(command: list[str], stack: str, *, watched: bool = False) -> int:
    """Runs a command of the engine for a stack, and returns its exit code.

    Args:
        command: the command.
        stack: the stack that it is for.
        watched: say what is waited for. At a terminal the engine draws that itself, with the seconds.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    said = bytearray()
    with TemporaryDirectory() as folder:
        log = Path(folder, "events.json")
        # What Pulumi's Automation API reads is behind this variable on the command line.
        more = {"PULUMI_DEBUG_COMMANDS": "true"} if watched else {}
        words = [*command, "--event-log", str(log)] if watched else command
        waits = Waits(log, lambda key: limit_of(key, stack))
        process = subprocess.Popen(words, stderr=subprocess.PIPE, env={**os.environ, **more})
        copy = _copied(process.stderr, 2, said.extend)
        try:
            while process.poll() is None:
                try:
                    process.wait(_PAUSE_SECONDS)
                except subprocess.TimeoutExpired:
                    for line in waits.due(time.monotonic()) if watched else ():
                        print(line, flush=True)
        except KeyboardInterrupt:
            # The terminal has told the engine, too, which ends in its own way: what it has begun is written down.
            process.wait()
            raise
        copy.join()
    if process.returncode and (told := advice_at_lock(said.decode(errors="replace"), stack)):
        print(told, file=sys.stderr)
    return process.returncode


class Waits:
    """What the engine is at, out of the events that it writes down.

    Args:
        log: the file of the events, JSON lines, which the engine makes.
        limit: the longest wait of a setting, in seconds; None where it isn't known.
    """

    def __init__(self, log: Path, limit: Callable[[str], int | None]) -> None:
        self._log, self._limit = log, limit
        self._read, self._head, self._next = 0, b"", 0
        self._begun: dict[str, float] = {}
        self._told: dict[str, float] = {}

    def due(self, now: float) -> list[str]:
        """A line for each wait that has become long, and one again each minute."""
        for event in self._events():
            self._take(event, now)
        long = {
            urn: begun
            for urn, begun in self._begun.items()
            if now - begun >= FIRST_SECONDS and now - self._told.get(urn, now - AGAIN_SECONDS) >= AGAIN_SECONDS
        }
        self._told.update(dict.fromkeys(long, now))
        return [self._line(urn, now - begun) for urn, begun in long.items()]

    def _events(self) -> Iterator[Mapping[str, Any]]:
        try:
            with self._log.open("rb") as stream:
                head = stream.read(_HEAD)
                if not head.startswith(self._head):
                    # The update writes over what its preview has written, and may leave the end of that.
                    self._read, self._head, self._next = 0, b"", 0
                self._head = self._head or head
                stream.seek(self._read)
                *lines, _ = stream.read().split(b"\n")
        except FileNotFoundError:
            return
        for line in lines:
            try:
                event = json.loads(line)
            except ValueError:
                return
            if event.get("sequence") != self._next:
                return
            self._next += 1
            self._read += len(line) + 1
            yield event

    def _take(self, event: Mapping[str, Any], now: float) -> None:
        if (begun := event.get("resourcePreEvent")) and not begun.get("planning"):
            metadata = begun["metadata"]
            if metadata["op"] not in _QUICK and not metadata["type"].startswith(_MADE_OF_OTHERS):
                self._begun.setdefault(metadata["urn"], now)
        for kind in ("resOutputsEvent", "resOpFailedEvent"):
            if ended := event.get(kind):
                self._begun.pop(ended["metadata"]["urn"], None)

    def _line(self, urn: str, seconds: float) -> str:
        *_, path, name = urn.split("::")
        kind = path.rpartition("$")[2].rpartition(":")[2]
        limit = self._limit(_LIMITS[kind]) if kind in _LIMITS else None
        at_most = f", {limit} s at most ({_LIMITS[kind]})" if limit is not None else ""
        return f"  waiting for {kind} {name}: {seconds:.0f} s so far{at_most}"


def limit_of(key: str, stack: str) -> int | None:
    """The seconds of a setting: the stack's, or the default in Pulumi.yaml."""
    command = ["pulumi", "config", "get", key, "--stack", stack, "--non-interactive"]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    if told.isdigit():
        return int(told)
    try:
        text = Path("Pulumi.yaml").read_text(encoding="utf-8")
    except OSError:
        return None
    found = re.search(rf"^  {key}:\n(?:    .*\n)*?    default: (\d+)$", text, re.MULTILINE)
    return int(found[1]) if found else None


def _copied(source: object, target: int, read: Callable[[bytes], object]) -> threading.Thread:
    """Copies what comes from a pipe to a stream of ours, as it comes."""

    def copy() -> None:
        descriptor = source.fileno()  # type: ignore[attr-defined]
        while data := os.read(descriptor, 65536):
            read(data)
            try:
                while data:
                    data = data[os.write(target, data) :]
            except BrokenPipeError:
                # The reader has gone: the engine finds that out at its next line.
                source.close()  # type: ignore[attr-defined]
                return

    thread = threading.Thread(target=copy, daemon=True)
    thread.start()
    return thread
