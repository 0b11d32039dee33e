"""The bundle of a stack, and the script's own folder, without Docker: tests on an engine are in tests/docker."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from delivery.package import write_tools
from testbed import paths


@dataclass
class Installer:
    """The install script on a folder, on a host without a Docker daemon."""

    folder: Path
    tools: Path
    programs: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Runs the script on the folder."""
        return subprocess.run(
            ["/bin/sh", str(self.tools / "install.sh"), *words, "--folder", str(self.folder)],
            env={
                "PATH": f"{self.programs}{os.pathsep}/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
                "DOCKER_HOST": f"unix://{self.tools}/nothing.sock",
                **self.environment,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def files(self) -> dict[str, bytes]:
        """Every file in the folder, by its name there."""
        paths_there = sorted(self.folder.rglob("*"))
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in paths_there if path.is_file()}


@pytest.fixture
def installer(tmp_path: Path) -> Installer:
    made = Installer(tmp_path / "seqera", tmp_path / "tools", tmp_path / "programs")
    for folder in (made.folder, made.programs):
        folder.mkdir()
    (made.folder / "docker-compose.yml").write_text("services: {}\n")
    write_tools(made.tools)
    programs = {"python3": python_of_the_host(), "aws": paths.PYTHON.parent / "aws"}
    if os.geteuid() != 0:
        # The script insists on being root, though what is tested here needs no right of it.
        (made.programs / "id").write_text("#!/bin/sh\necho 0\n")
        (made.programs / "id").chmod(0o755)
    for name, program in programs.items():
        (made.programs / name).write_text(f'#!/bin/sh\nexec "{program}" "$@"\n')
        (made.programs / name).chmod(0o755)
    return made


def python_of_the_host() -> Path:
    """Amazon Linux 2023 has Python 3.9; where one is at hand, the tests use it."""
    found = sorted(Path.home().glob(".pyenv/versions/3.9.*/bin/python3.9"))
    return found[0] if found else Path(sys.executable)
