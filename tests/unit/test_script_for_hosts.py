"""The script for Docker Compose hosts brings along all that it calls."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from delivery.package import write_tools


def test_the_script_finds_all_of_its_modules_without_any_package(tmp_path: Path) -> None:
    write_tools(tmp_path)
    finished = subprocess.run(
        [sys.executable, "-E", "-s", "-S", "-B", tmp_path / "studios.py"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        timeout=60,
    )
    assert finished.stderr == "studios: write install or uninstall first\nstudios: nothing was changed\n"
