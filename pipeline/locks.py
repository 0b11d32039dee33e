"""The locks of a stack, as the engine names them where it refuses to go on: who holds each, and since when."""

from __future__ import annotations

import re
import socket
import subprocess
from dataclasses import dataclass

_LOCK = re.compile(r"created by (?P<user>\S*)@(?P<host>\S+) \(pid (?P<pid>\d+)\) at (?P<since>\S+)")


@dataclass(frozen=True)
class Lock:
    """A lock of a stack.

    Args:
        user: who started the run that holds it.
        host: the machine of that run.
        pid: its process there.
        since: when it began.
    """

    user: str
    host: str
    pid: int
    since: str

    def __str__(self) -> str:
        return f"{self.user}@{self.host} (pid {self.pid}), held since {self.since}"

    def is_held_by_a_process(self) -> bool:
        """Whether the run is one of this machine, and has not ended."""
        if self.host != socket.gethostname():
            return False
        command = ["ps", "-p", str(self.pid), "-o", "stat=,comm="]
        try:
            told = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
        except OSError:
            return False
        return len(told) > 1 and not told[0].startswith("Z") and "pulumi" in told[1]


def left_behind(said: str) -> list[Lock]:
    """The locks that a message names, if all of them are of runs of this machine that have ended."""
    found = locks(said)
    is_over = all(each.host == socket.gethostname() and not each.is_held_by_a_process() for each in found)
    return found if is_over else []


def locks(said: str) -> list[Lock]:
    """The locks that a message of the engine names."""
    return [Lock(found["user"], found["host"], int(found["pid"]), found["since"]) for found in _LOCK.finditer(said)]


_LOCKED = "currently locked by"


def advice_at_lock(said: str, stack: str) -> str:
    """What to do where the engine says that a stack is locked; empty where it doesn't say so."""
    if _LOCKED not in said:
        return ""
    held = locks(said)
    lines = [f"the stack {stack} is locked by another run: {lock}" for lock in held]
    lines = lines or [f"the stack {stack} is locked by another run"]
    if any(lock.is_held_by_a_process() for lock in held):
        return "\n".join([*lines, "It still runs on this machine: wait until it has ended, and try again"])
    return "\n".join(
        [
            *lines,
            "If it still runs, wait until it has ended. If it is dead, this removes its lock and finishes what it",
            "began; `pulumi cancel` would only remove the lock:",
            f"  make recover STACK={stack}",
        ]
    )
