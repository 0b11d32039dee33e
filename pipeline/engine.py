"""Runs the engine, and says beside it what it doesn't say: what to do about a lock, and what a long wait is for."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from pipeline.locks import advice_at_lock

FIRST_SECONDS: Final = 20.0
"""So long something is waited for before a line says what it is."""
AGAIN_SECONDS: Final = 60.0
_STEP: Final = re.compile(
    r"^\s*\S{1,2}\s+(?P<type>[\w.-]+:\S+)\s+(?P<name>\S+)\s+\**\w+(?P<more>ing|ed)\b(?P<failed>.*failed)?"
)
_ANSI: Final = re.compile(rb"\x1b\[[0-9;]*m")
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


def run_engine(command: list[str], stack: str, *, at_terminal: bool = False) -> int:
    """Runs a command of the engine for a stack, and returns its exit code.

    Args:
        command: the command.
        stack: the stack that it is for.
        at_terminal: leave its output to it: at a terminal it draws what it does, with the seconds, and may ask.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    waits = Waits(lambda key: limit_of(key, stack))
    out = None if at_terminal else subprocess.PIPE
    process = subprocess.Popen(command, stdout=out, stderr=subprocess.PIPE)
    said = bytearray()
    copies = [_copied(process.stderr, 2, said.extend)]
    if process.stdout is not None:
        copies.append(_copied(process.stdout, 1, waits.read))
    try:
        while process.poll() is None:
            try:
                process.wait(0.5)
            except subprocess.TimeoutExpired:
                for line in waits.due(time.monotonic()):
                    print(line, flush=True)
    except KeyboardInterrupt:
        # The terminal has told the engine, too, which ends in its own way: what it has begun is written down.
        process.wait()
        raise
    for thread in copies:
        thread.join()
    if process.returncode and (told := advice_at_lock(said.decode(errors="replace"), stack)):
        print(told, file=sys.stderr)
    return process.returncode


_MADE_OF_OTHERS: Final = ("pulumi:", "studios:")
"""How the types of the stack, of providers and of components begin: they last as long as what they are made of."""


class Waits:
    """What the engine is at, out of its lines ` +  type name creating (0s)` and ` +  type name created (3s)`.

    Args:
        limit: the longest wait of a setting, in seconds; None where it isn't known.
    """

    def __init__(self, limit: Callable[[str], int | None]) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._begun: dict[tuple[str, str], float] = {}
        self._told: dict[tuple[str, str], float] = {}
        self._rest = b""

    def read(self, data: bytes) -> None:
        """Takes what the engine has printed."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._step(_ANSI.sub(b"", line).decode(errors="replace"))

    def _step(self, line: str) -> None:
        found = _STEP.match(line)
        if found is None or found["type"].startswith(_MADE_OF_OTHERS):
            return
        key = (found["type"].rpartition(":")[2], found["name"])
        with self._lock:
            if found["more"] == "ing" and not found["failed"]:
                self._begun.setdefault(key, time.monotonic())
            else:
                self._begun.pop(key, None)

    def due(self, now: float) -> list[str]:
        """A line for each wait that has become long, and one again each minute."""
        with self._lock:
            long = {
                key: begun
                for key, begun in self._begun.items()
                if now - begun >= FIRST_SECONDS and now - self._told.get(key, now - AGAIN_SECONDS) >= AGAIN_SECONDS
            }
            self._told.update(dict.fromkeys(long, now))
        return [self._line(kind, name, now - begun) for (kind, name), begun in long.items()]

    def _line(self, kind: str, name: str, seconds: float) -> str:
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
