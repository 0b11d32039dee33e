"""Docker Compose over the owner's files, as the owner calls it: the same project, folder, files and variables."""

from __future__ import annotations

import json
import os.path
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from studios_host.docker import Docker, Finished
from studios_host.errors import RefusedError
from studios_host.project import Project, Source

OLDEST = (2, 24, 0)
"""It can tell what it would do without doing it, for every command used here."""

_STEERED = {"COMPOSE_REMOVE_ORPHANS": "false"}
"""What `.env` may say of Docker Compose itself, and would touch other services."""
_EVENT = re.compile(r"^\s*(?:DRY-RUN MODE -\s+)?(Container|Network|Volume) (\S+)\s+(\w+)", re.MULTILINE)
_COPIES = re.compile(r"Could not find the file / in container")
_UNSET = re.compile(r'The \\?"(\w+)\\?" variable is not set')


@dataclass(frozen=True)
class Plan:
    """What `docker compose up` would do: events of containers and networks, by name; and variables without a value."""

    containers: Mapping[str, str]
    networks: tuple[str, ...]
    unset: tuple[str, ...]

    def leaves(self, names: Sequence[str]) -> bool:
        """Whether these containers, and every network, would stay as they are."""
        # The first event of a container that is as it should be, but does not run, is `Starting`.
        return not self.networks and all(self.containers.get(name) in ("Running", "Starting") for name in names)


@dataclass(frozen=True)
class Compose:
    """The owner's `docker compose`. `overrides` are files of this deployment, behind the owner's."""

    docker: Docker
    project: Project
    source: Source
    shell: Mapping[str, str]
    overrides: tuple[str, ...] = field(default=())

    def over(self, *overrides: str) -> Compose:
        """The same with these files behind the owner's."""
        return replace(self, overrides=overrides)

    def run(self, *words: str) -> Finished:
        """Runs a subcommand, whatever comes of it."""
        folder = self.project.working_dir
        # A service that backend depends on may have a profile that only the owner's shell names.
        options = ["--progress", "plain", "--profile", "*"]
        options += ["--project-name", self.project.name, "--project-directory", folder]
        for path in (*self.source.config_files, *self.overrides):
            options += ["--file", path]
        for path in self.source.environment_files:
            options += ["--env-file", path]
        # Files say $PWD, and Docker Compose takes it from the variable.
        return self.docker.run(["compose", *options, *words], folder, {**self.shell, "PWD": folder, **_STEERED})

    def config(self) -> dict[str, Any]:
        """The merged model, with the variables of each service, in which each dollar sign is doubled: to be read again.

        Raises:
            RefusedError: Docker Compose refuses the files.
        """
        found = self.run("config", "--format", "json")
        if found.code:
            raise RefusedError(f"docker compose refuses {self.shown()}: {found.reason}")
        config: dict[str, Any] = json.loads(found.stdout)
        return config

    def model(self) -> dict[str, Any]:
        """The merged model, with the variables of each service.

        Raises:
            RefusedError: Docker Compose refuses the files.
        """
        model: dict[str, Any] = _unescaped(self.config())
        return model

    def environment_files(self, service: str) -> list[str] | None:
        """The files of `env_file`, in their order; None where this release of Docker Compose cannot tell them."""
        found = self.run("config", "--no-interpolate", "--no-env-resolution", "--format", "json")
        if found.code:
            return None
        files = json.loads(found.stdout)["services"].get(service, {}).get("env_file") or []
        variables = {**self.shell, "PWD": self.project.working_dir}
        return [_expanded(str(each["path"] if isinstance(each, dict) else each), variables) for each in files]

    def plan(self, services: Sequence[str]) -> Plan:
        """What starting these services would do.

        Raises:
            RefusedError: Docker Compose refuses.
        """
        tried = self.run(
            "--dry-run",
            "up",
            "--detach",
            "--no-deps",
            "--no-build",
            "--pull",
            "never",
            *self._scales(services),
            *services,
        )
        # A dry run makes no container, and stops where it would copy a config or a secret into the new one. It has told
        # all networks by then, and that the container is to be replaced.
        if tried.code and not _COPIES.search(tried.stderr):
            raise RefusedError(f"docker compose refuses {self.shown()}: {tried.reason}")
        containers: dict[str, str] = {}
        networks = []
        for kind, name, event in _EVENT.findall(tried.stderr):
            if kind == "Container":
                # The first tells: those that follow belong to it.
                containers.setdefault(name, event)
            elif event not in ("Running",):
                networks.append(name)
        return Plan(containers, tuple(dict.fromkeys(networks)), tuple(sorted(set(_UNSET.findall(tried.stderr)))))

    def up(self, service: str, *, start: bool, anew: bool) -> None:
        """Makes a service's containers what the files say, and starts them if `start`; `anew` even if they are it.

        Raises:
            RefusedError: it failed.
        """
        words = ["up", "--detach"] if start else ["up", "--no-start"]
        words += ["--no-deps", "--no-build", "--pull", "never", *(["--force-recreate"] if anew else [])]
        words += [*self._scales([service]), service]
        done = self.run(*words)
        if done.code:
            raise RefusedError(f"docker compose could not start {service}: {done.reason}")

    def _scales(self, services: Sequence[str]) -> list[str]:
        """As many containers of each as there are: the owner may have scaled a service by hand."""
        counts = {service: len(self.project.of(service)) for service in services}
        return [word for service, count in counts.items() if count for word in ("--scale", f"{service}={count}")]

    def release(self) -> tuple[int, ...]:
        """Its release, as numbers."""
        return release(self.docker.run(["compose", "version", "--short"]).stdout.strip())

    def by_hand(self, *words: str) -> str:
        """The command that does it in the project's folder, for any user: it sets the variables that the files read."""
        command = ["docker", "compose", "-p", self.project.name]
        first = os.path.dirname(self.source.config_files[0]) if self.source.config_files else ""
        if os.path.realpath(first) != os.path.realpath(self.project.working_dir):
            command += ["--project-directory", "."]
        for path in self.source.environment_files:
            command += ["--env-file", os.path.relpath(path, self.project.working_dir)]
        for path in (*self.source.config_files, *self.overrides):
            command += ["-f", os.path.relpath(path, self.project.working_dir)]
        return " ".join([*self._variables(), shlex.join([*command, *words])])

    def _variables(self) -> list[str]:
        """The assignments before a command: those of the owner's shell that the files read."""
        others = {name: f"/{name}-of-no-user" for name in self.shell}
        try:
            text = json.dumps(replace(self, shell=others, overrides=()).config())
        except RefusedError:
            # A file of variables may be in the home folder.
            text = " ".join(others.values())
        return [f"{name}={shlex.quote(self.shell[name])}" for name, other in others.items() if other in text]

    def shown(self) -> str:
        """The files, for a message."""
        return str(Source((*self.source.config_files, *self.overrides), self.source.environment_files))


def check_version(docker: Docker) -> None:
    """Refuses a Docker Compose that is missing for root, or too old.

    Raises:
        RefusedError: with what to install.
    """
    wanted = ".".join(map(str, OLDEST))
    found = docker.run(["compose", "version", "--short"])
    if found.code:
        raise RefusedError(
            f"root has no docker compose: {found.reason}; install Docker Compose {wanted} or newer for all users, "
            "for example in /usr/local/lib/docker/cli-plugins"
        )
    text = found.stdout.strip()
    if release(text) < OLDEST:
        raise RefusedError(f"root's Docker Compose is {text or 'of an unknown release'}; install {wanted} or newer")


def release(text: str) -> tuple[int, ...]:
    """The three numbers of a release of Docker Compose; empty, and so older than any, where the text has none."""
    numbers = re.match(r"v?(\d+)\.(\d+)\.(\d+)", text)
    return tuple(map(int, numbers.groups())) if numbers else ()


def _expanded(path: str, variables: Mapping[str, str]) -> str:
    """A path that Docker Compose took for a relative one, since it begins with a variable."""
    found = re.search(r"\$\{?(\w+)\}?", path)
    if found is None or found[1] not in variables:
        return path
    return variables[found[1]] + path[found.end() :]


def _unescaped(value: Any) -> Any:
    """`config` doubles each dollar sign, for its output to be read again."""
    if isinstance(value, str):
        return value.replace("$$", "$")
    if isinstance(value, list):
        return [_unescaped(item) for item in value]
    if isinstance(value, dict):
        return {name: _unescaped(item) for name, item in value.items()}
    return value
