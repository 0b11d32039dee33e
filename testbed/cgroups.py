"""The control groups that a machine's containers are under: a folder in each hierarchy, which a kill leaves behind."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import time
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")


def name_of(folder: Path) -> str:
    """The name for the machine that has its data in this folder."""
    return f"studios-testbed-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"


def hierarchies() -> list[Path]:
    """Where groups are made: one folder of cgroup v2, or that of each controller of v1."""
    if (ROOT / "cgroup.controllers").exists():
        return [ROOT]
    found = {folder.resolve() for folder in ROOT.iterdir() if folder.is_dir() and folder.name != "unified"}
    return sorted(found)


def version() -> int:
    """Which of the two the machine has."""
    return 2 if (ROOT / "cgroup.controllers").exists() else 1


def create(name: str) -> None:
    """Makes the group in each hierarchy."""
    for hierarchy in hierarchies():
        group = hierarchy / name
        group.mkdir(exist_ok=True)
        # A new group of cpuset (v1) may use no processor and no memory until it is told which.
        for each in ("cpuset.cpus", "cpuset.mems"):
            if version() == 1 and (group / each).exists():
                (group / each).write_text((hierarchy / each).read_text())


def remove(name: str) -> None:
    """Ends what is left in the group, and takes it away with all below it."""
    # Beside v1's, runc makes a group also in the hierarchy of v2 that some machines have there.
    for hierarchy in {*hierarchies(), ROOT / "unified"}:
        for folder, _, _ in os.walk(hierarchy / name, topdown=False):
            _remove(Path(folder))


def _remove(group: Path) -> None:
    deadline = time.monotonic() + 10
    while group.exists():
        with contextlib.suppress(OSError):
            for pid in (group / "cgroup.procs").read_text().split():
                os.kill(int(pid), signal.SIGKILL)
        with contextlib.suppress(OSError):
            group.rmdir()
            return
        if time.monotonic() > deadline:
            return
        time.sleep(0.05)
