"""What the testbed's commands say."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from testbed import paths


@pytest.mark.parametrize("command", ["env", "demo"])
def test_a_testbed_that_is_not_up_is_told_with_the_commands_that_start_it(command: str, tmp_path: Path) -> None:
    environment = {**os.environ, "STUDIOS_TESTBED": str(tmp_path / "none")}
    finished = subprocess.run(
        [paths.PYTHON, "-m", "testbed", command],
        cwd=paths.CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr == (
        "testbed: the testbed is not up; `make demo` starts it with Studios on it, `.venv/bin/python -m testbed up` "
        "without\n"
    )
