"""The groups of tests that need nodes: they skip no test of another folder, and come up on their own kind of nodes."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from testbed import paths
from testbed.node import requirements

#: A group, the nodes that it runs on, and the others.
GROUPS = [("tests/real", "real", "kwok"), ("tests/engine", "kwok", "real")]


def run_pytest(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs pytest with nothing on the PATH that a node needs, and with a testbed of its own."""
    return subprocess.run(
        [paths.PYTHON, "-m", "pytest", "-p", "no:cacheprovider", *words],
        cwd=paths.CHECKOUT,
        env={**os.environ, "STUDIOS_REQUIRE": "", "PATH": str(paths.PYTHON.parent), **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_where_there_can_be_no_node_the_tests_of_other_folders_run_all_the_same(tmp_path: Path) -> None:
    finished = run_pytest("tests/unit/test_outputs.py", "tests/real", STUDIOS_TESTBED=str(tmp_path))
    assert finished.returncode == 0, finished.stdout + finished.stderr
    counts = {word: int(count) for count, word in re.findall(r"(\d+) (passed|skipped)", finished.stdout)}
    assert counts.keys() == {"passed", "skipped"}
    collected = run_pytest("tests/unit/test_outputs.py", "--collect-only").stdout
    assert counts["passed"] == collected.count("::")


@pytest.mark.parametrize(("group", "wanted", "others"), GROUPS)
def test_a_testbed_on_nodes_of_the_other_kind_is_not_taken(
    tmp_path: Path, group: str, wanted: str, others: str
) -> None:
    if wanted == "real" and (reason := requirements.missing()):
        pytest.skip(reason)
    (tmp_path / "nodes").write_text(others)
    # What a node needs is found where Debian has it.
    path = f"{paths.PYTHON.parent}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    finished = run_pytest(group, PATH=path, STUDIOS_TESTBED=str(tmp_path))
    assert finished.returncode == pytest.ExitCode.USAGE_ERROR, finished.stdout + finished.stderr
    said = f"{group}: the testbed is up on nodes of another kind ({others}); end it first: make down"
    assert said in finished.stderr
    assert "Traceback" not in finished.stdout + finished.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["nodes"]


@pytest.mark.parametrize("group", [group for group, _, _ in GROUPS])
def test_what_is_only_collected_starts_nothing(tmp_path: Path, group: str) -> None:
    finished = run_pytest(group, "--collect-only", STUDIOS_TESTBED=str(tmp_path / "testbed"))
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert f"{group}/" in finished.stdout
    assert not (tmp_path / "testbed").exists()
