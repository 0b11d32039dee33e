"""A `pulumi` that answers as a test says, found before any other."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest


def fake_pulumi(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> Path:
    """Writes the script into the folder, puts that before the others on the PATH, and returns the program."""
    program = folder / "pulumi"
    program.write_text(script)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return program
