"""The control groups of a machine's containers: a kill of the machine leaves their empty folders behind."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")


def name_of(folder: Path) -> str:
    """The group below which a machine's containers are, by the machine's folder."""
    return f"studios-testbed-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"


def remove(name: str) -> None:
    """Removes the group in each hierarchy; the processes in it have been killed, and may need a moment to be gone."""
    for top in (_ROOT / name, *_ROOT.glob(f"*/{name}")):
        if not top.is_dir():
            continue
        for path in sorted((path for path in top.rglob("*") if path.is_dir()), reverse=True):
            _remove(path)
        _remove(top)


def _remove(path: Path) -> None:
    for _ in range(50):
        try:
            path.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
