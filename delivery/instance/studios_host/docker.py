"""Docker on this host, through its command line, and the containers that Docker Compose made."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studios_host.errors import RefusedError

_LABEL = "com.docker.compose."
SERVICE_LABEL = f"{_LABEL}service"


@dataclass(frozen=True)
class Finished:
    """A command that ended; `stdout` and `stderr` are text."""

    code: int
    stdout: str
    stderr: str

    @property
    def reason(self) -> str:
        """What it said last about its failure."""
        lines = [line.strip() for line in self.stderr.splitlines() if line.strip()]
        return lines[-1] if lines else f"exit code {self.code}"


@dataclass(frozen=True)
class Container:
    """A container of a Docker Compose project, as `docker inspect` describes it."""

    raw: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The full id."""
        return str(self.raw["Id"])

    @property
    def name(self) -> str:
        """The name, without the slash that Docker puts before it."""
        return str(self.raw["Name"]).lstrip("/")

    def label(self, name: str) -> str:
        """A label of Docker Compose, such as `project`; empty where the container lacks it."""
        labels = self.raw["Config"].get("Labels") or {}
        return str(labels.get(_LABEL + name, ""))

    @property
    def service(self) -> str:
        """The service."""
        return self.label("service")

    @property
    def project(self) -> str:
        """The project's name."""
        return self.label("project")

    @property
    def working_dir(self) -> str:
        """The project's folder."""
        return self.label("project.working_dir")

    @property
    def config_files(self) -> tuple[str, ...]:
        """The compose files that it was made from, in their order."""
        return _listed(self.label("project.config_files"))

    @property
    def environment_files(self) -> tuple[str, ...]:
        """The files that `--env-file` named."""
        return _listed(self.label("project.environment_file"))

    @property
    def is_of_run(self) -> bool:
        """Whether `docker compose run` made it."""
        return self.label("oneoff") == "True"

    @property
    def created(self) -> str:
        """When it was made; later times sort behind earlier ones."""
        return str(self.raw["Created"])

    @property
    def status(self) -> str:
        """Docker's word for its state, such as `running`."""
        return str(self.raw["State"]["Status"])


class Docker:
    """The `docker` command with the variables of its shell."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)

    def run(self, words: Sequence[str], folder: str | None = None) -> Finished:
        """Runs `docker` with these words, in a folder."""
        try:
            done = subprocess.run(
                ["docker", *words],
                env=self.environment,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
        except OSError as error:
            raise RefusedError(f"docker cannot be run: {error.strerror}; install Docker on this host") from None
        return Finished(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def containers(self) -> list[Container]:
        """Every container of every Docker Compose project, those that ended included.

        Raises:
            RefusedError: the daemon does not answer.
        """
        listed = self.run(["ps", "--all", "--quiet", "--no-trunc", "--filter", f"label={SERVICE_LABEL}"])
        if listed.code:
            raise RefusedError(f"docker does not answer: {listed.reason}; start the Docker daemon on this host")
        ids = listed.stdout.split()
        if not ids:
            return []
        # It fails for one that has gone meanwhile, and describes the others.
        found = json.loads(self.run(["inspect", "--type", "container", *ids]).stdout or "[]")
        return [Container(raw) for raw in found]


def _listed(label: str) -> tuple[str, ...]:
    return tuple(part for part in label.split(",") if part)
