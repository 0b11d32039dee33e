"""Without a Docker engine or a node to start, tests on it are left out with a reason, or fail where they must run."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from testbed import paths, required

ON_DOCKER = paths.CHECKOUT / "tests" / "docker" / "test_tidy_platform.py"
ON_NODE = paths.CHECKOUT / "tests" / "real"


def run_without_either(path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs tests that need Docker or a node, with nothing on the PATH that these need."""
    return subprocess.run(
        [paths.PYTHON, "-m", "pytest", str(path), "-p", "no:cacheprovider"],
        cwd=paths.CHECKOUT,
        env={"PATH": str(paths.PYTHON.parent), "HOME": "/", **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_one_line_says_why_the_tests_on_docker_are_skipped() -> None:
    finished = run_without_either(ON_DOCKER)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    (line,) = [line for line in finished.stdout.splitlines() if line.startswith("Skipped tests on Docker: ")]
    assert int(line.partition(": ")[2].partition(";")[0]) == len(re.findall(r"^def test_", ON_DOCKER.read_text(), re.M))
    assert "root" in line or "apt-get install --no-install-recommends docker.io iptables redis-server" in line


def test_one_line_says_why_the_tests_on_a_node_are_skipped() -> None:
    finished = run_without_either(ON_NODE)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    (line,) = [line for line in finished.stdout.splitlines() if line.startswith("Skipped tests on a node: ")]
    count, _, reason = line.partition(": ")[2].partition("; ")
    assert reason.startswith("a real node needs ")
    assert re.search(rf"^{count} skipped(, \d+ warnings?)? in ", finished.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("path", "asked", "said"),
    [
        (ON_DOCKER, "docker", "STUDIOS_REQUIRE asks for Docker, and "),
        (ON_DOCKER, "node,docker", "STUDIOS_REQUIRE asks for Docker, and "),
        (ON_NODE, "docker,node,ssh", "STUDIOS_REQUIRE asks for a node, and a real node needs "),
    ],
)
def test_where_they_are_required_that_is_an_error(path: Path, asked: str, said: str) -> None:
    finished = run_without_either(path, STUDIOS_REQUIRE=asked)
    assert finished.returncode == pytest.ExitCode.USAGE_ERROR, finished.stdout + finished.stderr
    assert said in finished.stderr


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (None, set()),
        ("", set()),
        ("docker", {"docker"}),
        ("docker, ssh", {"docker", "ssh"}),
        ("docker,node,ssh", {"docker", "node", "ssh"}),
    ],
)
def test_each_kind_is_required_by_its_name(monkeypatch: pytest.MonkeyPatch, asked: str | None, found: set[str]) -> None:
    monkeypatch.delenv(required.VARIABLE, raising=False)
    if asked is not None:
        monkeypatch.setenv(required.VARIABLE, asked)
    assert {kind for kind in required.KINDS if required.is_required(kind)} == found


def test_a_kind_that_there_is_not_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(required.VARIABLE, "docker,real,sssh")
    with pytest.raises(pytest.UsageError, match=r"^STUDIOS_REQUIRE: real, sssh must be of docker, node, ssh$"):
        required.is_required("docker")
