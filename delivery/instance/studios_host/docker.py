"""Docker on this host, through its command line, and the containers that Docker Compose made."""

from __future__ import annotations

import json
import os.path
import subprocess
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from studios_host.errors import RefusedError

_Made = TypeVar("_Made")
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
        return lines[-1][:1000] if lines else f"exit code {self.code}"


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

    @property
    def labels(self) -> Mapping[str, str]:
        """All labels."""
        found: Mapping[str, str] = self.raw["Config"].get("Labels") or {}
        return found

    def label(self, name: str) -> str:
        """A label of Docker Compose, such as `project`; empty where the container lacks it."""
        return str(self.labels.get(_LABEL + name, ""))

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
        return listed_paths(self.label("project.config_files"))

    @property
    def environment_files(self) -> tuple[str, ...]:
        """The files that `--env-file` named."""
        paths = listed_paths(self.label("project.environment_file"))
        return tuple(os.path.join(self.working_dir, path) for path in paths)

    @property
    def is_of_run(self) -> bool:
        """Whether `docker compose run` made it."""
        return self.label("oneoff") == "True"

    @property
    def created(self) -> str:
        """When it was made; later times sort behind earlier ones."""
        return str(self.raw["Created"])

    @property
    def state(self) -> Mapping[str, Any]:
        """Docker's account of its state."""
        found: Mapping[str, Any] = self.raw["State"]
        return found

    @property
    def status(self) -> str:
        """Docker's word for its state, such as `running`."""
        return str(self.state["Status"])

    @property
    def runs(self) -> bool:
        """Whether it runs, or is being started again by Docker."""
        return self.status in ("running", "restarting")

    @property
    def networks(self) -> Collection[str]:
        """The names of the networks that it has joined."""
        found: Mapping[str, Any] = (self.raw.get("NetworkSettings") or {}).get("Networks") or {}
        return found.keys()

    @property
    def is_paused(self) -> bool:
        """Whether it is paused: Docker Compose takes it then for one that differs from the files."""
        return self.status == "paused"

    @property
    def health(self) -> str:
        """`healthy`, `unhealthy` or `starting`; empty where it has no health check."""
        status = str((self.state.get("Health") or {}).get("Status", ""))
        return "" if status == "none" else status

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables of its processes, those of its image included."""
        pairs = (pair.partition("=") for pair in self.raw["Config"].get("Env") or [] if "=" in pair)
        return {name: value for name, _, value in pairs}

    @property
    def mounts(self) -> Mapping[str, str]:
        """Path inside → path on the host, of its bind mounts."""
        return {
            mount["Destination"]: mount.get("Source", "")
            for mount in self.raw.get("Mounts") or []
            if mount.get("Type") == "bind"
        }

    @property
    def joined(self) -> Mapping[str, str]:
        """Key of a service → id of the container with which it shares a namespace."""
        host = self.raw.get("HostConfig") or {}
        fields = {"network_mode": "NetworkMode", "pid": "PidMode", "ipc": "IpcMode"}
        pairs = {key: str(host.get(field, "")).partition("container:")[2] for key, field in fields.items()}
        return {key: value for key, value in pairs.items() if value}

    @property
    def published(self) -> set[str]:
        """The ports of the host that lead to it, as text."""
        bindings = (self.raw.get("HostConfig") or {}).get("PortBindings") or {}
        return {str(each["HostPort"]) for some in bindings.values() for each in some or [] if each.get("HostPort")}


class Docker:
    """The `docker` command with the variables of its shell."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)

    def run(
        self,
        words: Sequence[str],
        folder: str | None = None,
        environment: Mapping[str, str] | None = None,
        seconds: float | None = None,
        stdin: str = "",
    ) -> Finished:
        """Runs `docker` with these words, in a folder, with these variables beside its own, for at most so long."""
        try:
            done = subprocess.run(
                ["docker", *words],
                env={**self.environment, **(environment or {})},
                cwd=folder,
                input=stdin.encode(),
                capture_output=True,
                check=False,
                timeout=seconds,
            )
        except subprocess.TimeoutExpired:
            return Finished(1, "", f"docker {words[0]} did not end within {seconds:.0f} seconds")
        except OSError as error:
            raise RefusedError(f"docker cannot be run: {error.strerror}; install Docker on this host") from None
        return Finished(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def containers(self, label: str = SERVICE_LABEL) -> list[Container]:
        """Every container with the label, those that ended included.

        Raises:
            RefusedError: the daemon does not answer.
        """
        listed = self.run(["ps", "--all", "--quiet", "--no-trunc", "--filter", f"label={label}"])
        if listed.code:
            raise RefusedError(f"docker does not answer: {listed.reason}; start the Docker daemon on this host")
        return self.inspect("container", listed.stdout.split(), Container)

    def running(self) -> list[Container]:
        """Every container that runs, also those that Docker Compose did not make."""
        return self.inspect("container", self.run(["ps", "--quiet", "--no-trunc"]).stdout.split(), Container)

    def networks(self) -> set[str]:
        """The names of all networks."""
        return set(self.run(["network", "ls", "--format", "{{.Name}}"]).stdout.splitlines())

    def image(self, name: str) -> Mapping[str, Any] | None:
        """What `docker image inspect` says of an image; None where this host lacks it."""
        found = self.inspect("image", [name], dict)
        return found[0] if found else None

    def inspect(self, kind: str, names: Sequence[str], make: Callable[[Mapping[str, Any]], _Made]) -> list[_Made]:
        """Describes objects; those that have gone meanwhile are left out."""
        if not names:
            return []
        # It fails for one that has gone meanwhile, and describes the others.
        found = json.loads(self.run(["inspect", "--type", kind, *names]).stdout or "[]")
        return [make(raw) for raw in found]

    def logs(self, container: Container, lines: int) -> str:
        """The last lines that the container printed."""
        said = self.run(["logs", "--tail", str(lines), container.id])
        return (said.stdout + said.stderr).strip()

    def remove(self, container: Container) -> None:
        """Stops and removes a container.

        Raises:
            RefusedError: Docker refused.
        """
        self.run(["stop", container.id])
        done = self.run(["rm", "--force", container.id])
        if done.code and "No such container" not in done.stderr:
            raise RefusedError(f"{container.name} cannot be removed: {done.reason}")


def listed_paths(label: str) -> tuple[str, ...]:
    """The paths of a label, which has commas between them: a path may hold commas itself."""
    paths: list[str] = []
    for part in label.split(",") if label else []:
        if (
            paths
            and not os.path.isfile(paths[-1])
            and (not part.startswith("/") or os.path.isfile(f"{paths[-1]},{part}"))
        ):
            paths[-1] += f",{part}"
        else:
            paths.append(part)
    return tuple(paths)
