"""Where there is no Docker engine to start, the tests on it are left out with a reason, or fail if they have to run."""

from __future__ import annotations

import re
import subprocess

import pytest

from testbed import paths

PATH = paths.CHECKOUT / "tests" / "docker" / "test_tidy_platform.py"


def run_without_docker(**variables: str) -> subprocess.CompletedProcess[str]:
    """Runs a test that needs Docker, with none on the PATH."""
    return subprocess.run(
        [paths.PYTHON, "-m", "pytest", str(PATH), "-p", "no:cacheprovider"],
        cwd=paths.CHECKOUT,
        env={"PATH": str(paths.PYTHON.parent), "HOME": "/", **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_one_line_says_why_they_are_skipped() -> None:
    finished = run_without_docker()
    assert finished.returncode == 0, finished.stdout + finished.stderr
    (line,) = [line for line in finished.stdout.splitlines() if line.startswith("Skipped tests on Docker: ")]
    assert int(line.partition(": ")[2].partition(";")[0]) == len(re.findall(r"^def test_", PATH.read_text(), re.M))
    assert "root" in line or "apt-get install --no-install-recommends docker.io iptables redis-server" in line


@pytest.mark.parametrize("required", ["docker", "real,docker"])
def test_where_they_are_required_that_is_an_error(required: str) -> None:
    finished = run_without_docker(STUDIOS_REQUIRE=required)
    assert finished.returncode == pytest.ExitCode.USAGE_ERROR
    assert "STUDIOS_REQUIRE asks for Docker, and " in finished.stderr
