"""Projects for Pulumi: the program itself, an empty one, and one that only declares the same resources."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from testbed import paths

_EMPTY = "name: empty\nruntime:\n  name: python\n  options:\n    virtualenv: .venv\n"
#: The program that only declares the same resources.
PLAIN = Path(__file__).with_name("plain.py")
_SAMPLER = Path(__file__).with_name("sampler")


@dataclass(frozen=True)
class Project:
    """One stack in a folder with a program.

    Args:
        folder: the one with Pulumi.yaml.
        stack: its name.
        variables: the environment of `pulumi`.
    """

    folder: Path
    stack: str
    variables: Mapping[str, str]

    def pulumi(self, *words: str, stdin: str | None = None, variables: Mapping[str, str] | None = None) -> str:
        """What a command prints.

        Raises:
            RuntimeError: it failed; the message is what it said.
        """
        command = ["pulumi", *words, "--stack", self.stack, "--non-interactive", "--color", "never"]
        return run(command, self.folder, {**self.variables, **(variables or {})}, stdin)

    def seconds(self, *words: str) -> float:
        """How long a command takes."""
        began = time.perf_counter()
        self.pulumi(*words)
        return time.perf_counter() - began

    def preview(self) -> float:
        """How long a preview takes that finds nothing to change."""
        return self.seconds("preview", "--expect-no-changes")

    def own_share(self) -> tuple[float, float]:
        """Processor time of a preview's program: in our own code, and in all but imports of others' packages."""
        with tempfile.NamedTemporaryFile("r") as samples:
            told = {"STUDIOS_SAMPLES": samples.name, "STUDIOS_OWN": str(self.folder), "PYTHONPATH": str(_SAMPLER)}
            self.pulumi("preview", variables=told)
            imports, own, total = map(float, samples.read().split())
        return own, total - imports

    def megabytes(self) -> float:
        """The most memory that a preview's program has at a time."""
        most, done = 0, threading.Event()

        def watch() -> None:
            nonlocal most
            while not done.wait(0.02):
                for process in psutil.Process().children(recursive=True):
                    try:
                        if any(word.startswith("--monitor=") for word in process.cmdline()):
                            most = max(most, process.memory_info().rss)
                    except psutil.Error:
                        continue

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            self.pulumi("preview")
        finally:
            done.set()
            watcher.join()
        return most / 2**20


def run(command: list[str], folder: Path, variables: Mapping[str, str], stdin: str | None = None) -> str:
    """What a command prints.

    Raises:
        RuntimeError: it failed; the message is what it said.
    """
    finished = subprocess.run(
        command, cwd=folder, env={**os.environ, **variables}, input=stdin, capture_output=True, text=True, check=False
    )
    if finished.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {finished.returncode}:\n{finished.stdout}{finished.stderr}")
    return finished.stdout


def empty(folder: Path, variables: Mapping[str, str]) -> Project:
    """A program that does nothing."""
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(_EMPTY)
    (folder / "__main__.py").write_text("")
    (folder / ".venv").symlink_to(paths.CHECKOUT / ".venv")
    project = Project(folder, "empty", {**variables, "PULUMI_BACKEND_URL": folder.as_uri()})
    project.pulumi("stack", "init")
    project.pulumi("up", "--yes", "--skip-preview")
    return project


def plain(folder: Path, of: Project) -> Project:
    """A program that declares the resources of a stack, with the inputs that they have, and does nothing else."""
    folder.mkdir()
    for name in ("Pulumi.yaml", f"Pulumi.{of.stack}.yaml"):
        shutil.copy(of.folder / name, folder / name)
    # The providers of the dynamic resources are in the program's own modules.
    for name in (".venv", "components", "delivery", "live", "settings", "survey"):
        (folder / name).symlink_to(paths.CHECKOUT / name)
    shutil.copy(PLAIN, folder / "__main__.py")
    (folder / "state.json").write_text(of.pulumi("stack", "export", "--show-secrets"))
    project = Project(folder, of.stack, {**of.variables, "PULUMI_BACKEND_URL": folder.as_uri()})
    project.pulumi("stack", "init")
    project.pulumi("stack", "import", stdin=of.pulumi("stack", "export"))
    # Its inputs are those that the providers have checked: they may add to them what the state then has.
    project.pulumi("up", "--yes", "--skip-preview", "--refresh=false")
    return project
