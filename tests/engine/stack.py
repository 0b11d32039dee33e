"""A stack as its user works with it: a config file, the ``pulumi`` command line, and what that prints."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from testbed import paths

PROJECT = "seqera-studios"
#: What the engine needs of the checkout.
PROGRAM = (
    "Pulumi.yaml",
    "__main__.py",
    "components",
    "delivery",
    "live",
    "settings",
    "survey",
    "requirements.txt",
    ".venv",
)


def program_in(folder: Path) -> dict[str, Path]:
    """The entries of another program's folder in the checkout, to run on the checkout's virtualenv."""
    return {**{entry.name: entry for entry in folder.iterdir()}, ".venv": paths.CHECKOUT / ".venv"}


@dataclass(frozen=True)
class Finished:
    """A command that has ended: its exit code and everything it printed."""

    command: list[str]
    code: int
    stdout: str
    stderr: str

    @property
    def text(self) -> str:
        """All that it printed."""
        return self.stdout + self.stderr

    def ok(self) -> Finished:
        """This, if the command succeeded.

        Raises:
            AssertionError: it didn't; the message is all that it printed.
        """
        assert self.code == 0, f"{' '.join(self.command)} ended with {self.code}:\n{self.text}"
        return self


@dataclass(frozen=True)
class Preview:
    """The steps of a preview: logical name → operation, for all that isn't left as it is."""

    steps: list[dict[str, Any]]

    @property
    def changes(self) -> dict[str, str]:
        """Logical name → ``create``, ``update``, ``replace``, ``delete``."""
        found = {}
        for step in self.steps:
            operation = step["op"]
            if operation in {"same", "read", "refresh"} or operation.endswith(("-replaced", "-replacement")):
                continue
            found[step["urn"].rsplit("::", 1)[1]] = operation
        return found

    def diff(self, name: str) -> set[str]:
        """The property paths that a step changes."""
        for step in self.steps:
            if step["urn"].rsplit("::", 1)[1] == name and step["op"] not in {"create-replacement", "delete-replaced"}:
                return set(step.get("detailedDiff") or {})
        raise AssertionError(f"the preview has no step for {name}; it changes {self.changes}")


@dataclass
class Stack:
    """One stack with a config file of its own, in the backend of the testbed."""

    name: str
    folder: Path
    environment: Mapping[str, str]
    config: dict[str, Any] = field(default_factory=dict)
    #: Keys with values that the file holds encrypted, as ``pulumi config set --secret`` leaves them.
    secrets: dict[str, str] = field(default_factory=dict)
    #: The project's folder: the name of each entry, and where that lies.
    program: Mapping[str, Path] = field(default_factory=lambda: {name: paths.CHECKOUT / name for name in PROGRAM})

    @property
    def file(self) -> Path:
        """The stack's config file."""
        return self.folder / f"Pulumi.{self.name}.yaml"

    def create(self) -> Stack:
        """Makes the project's folder, the stack and its file."""
        self.link_program()
        self.write()
        self.pulumi("stack", "init", self.name).ok()
        for key, value in self.secrets.items():
            self._set_secret(key, value)
        return self

    def link_program(self) -> None:
        """Makes the project's folder: the program by links, so that no test writes a file into the checkout.

        Pulumi remembers which stack is selected by where Pulumi.yaml really lies: all folders would share one.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, entry in self.program.items():
            if name == "Pulumi.yaml":
                shutil.copyfile(entry, self.folder / name)
            else:
                (self.folder / name).symlink_to(entry)

    def _set_secret(self, key: str, value: str) -> None:
        words = ["config", "set", "--secret", key, "--stack", self.name]
        self.pulumi(*words, stdin=value).ok()

    def write(self) -> None:
        """Writes the plain settings into the file, leaving what Pulumi put there."""
        yaml = YAML()
        document = yaml.load(self.file.read_text()) if self.file.exists() else {}
        encrypted = {
            key: value for key, value in (document.get("config") or {}).items() if key.split(":")[1] in self.secrets
        }
        document["config"] = {**{_namespaced(key): value for key, value in self.config.items()}, **encrypted}
        with self.file.open("w") as stream:
            yaml.dump(document, stream)

    def set(self, **settings: Any) -> Stack:
        """Changes settings; None takes one out."""
        for key, value in settings.items():
            if value is None:
                self.config.pop(key, None)
            else:
                self.config[key] = value
        self.write()
        return self

    def pulumi(self, *words: str, stdin: str | None = None) -> Finished:
        """Runs ``pulumi`` as a user at the testbed's shell does."""
        command = ["pulumi", *words, "--non-interactive", "--cwd", str(self.folder), "--color", "never"]
        finished = subprocess.run(
            command,
            env={**os.environ, **self.environment},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        return Finished(command, finished.returncode, finished.stdout, finished.stderr)

    def pipeline(
        self, command: str, *words: str, variables: Mapping[str, str] | None = None, seconds: float | None = 300
    ) -> Finished:
        """Runs ``python -m pipeline COMMAND STACK``, as make does at the testbed's shell, without a terminal."""
        line = [str(paths.PYTHON), "-m", "pipeline", command, self.name, *words]
        finished = subprocess.run(
            line,
            cwd=self.folder,
            env={**os.environ, **self.environment, **(variables or {}), "PYTHONPATH": str(paths.CHECKOUT)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
        return Finished(line, finished.returncode, finished.stdout, finished.stderr)

    def _run(self, command: str, *words: str) -> Finished:
        return self.pulumi(command, "--stack", self.name, *words)

    def preview(self, *words: str) -> Preview:
        """What a preview would change."""
        return Preview(json.loads(self._run("preview", "--json", *words).ok().stdout)["steps"])

    def preview_text(self, *words: str) -> Finished:
        """A preview as it is read in a terminal; it may have failed."""
        return self._run("preview", "--diff", *words)

    def up(self, *words: str) -> Finished:
        """``pulumi up``, without asking; it may have failed."""
        return self._run("up", "--yes", "--skip-preview", *words)

    def refresh(self, *words: str) -> Finished:
        """``pulumi refresh``, without asking."""
        return self._run("refresh", "--yes", "--skip-preview", *words)

    def destroy(self, *words: str) -> Finished:
        """``pulumi destroy``, without asking."""
        return self._run("destroy", "--yes", "--skip-preview", *words)

    def remove(self) -> None:
        """Removes the stack from the backend, whatever it still holds."""
        self.pulumi("stack", "rm", self.name, "--yes", "--force", "--preserve-config").ok()

    def outputs(self, *words: str) -> dict[str, Any]:
        """The stack's outputs; secrets are masked unless asked for with ``--show-secrets``."""
        found: dict[str, Any] = json.loads(
            self.pulumi("stack", "output", "--json", "--stack", self.name, *words).ok().stdout
        )
        return found

    def urns(self) -> list[str]:
        """The URNs of all that the state holds, sorted: the engine keeps no order but that of dependencies."""
        return sorted(each["urn"] for each in json.loads(self.state())["deployment"].get("resources") or [])

    def state(self) -> str:
        """The state as it lies in the backend."""
        return self.pulumi("stack", "export", "--stack", self.name).ok().stdout


def _namespaced(key: str) -> str:
    return key if ":" in key else f"{PROJECT}:{key}"
