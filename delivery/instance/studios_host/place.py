"""Platform's folder, and what this deployment has there."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import time
from collections.abc import Collection, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from settings.host_names import PROXY_DATA, STUDIOS_LABEL
from studios_host.by_hand import OVERRIDES, compose_file_variable
from studios_host.docker import Container
from studios_host.errors import RefusedError
from studios_host.project import same_path
from studios_host.state import State

MARKER = "# Written by the deployment of Seqera Studios"
"""How a compose file of this deployment begins."""
_SERVICE = re.compile(r"^  ([A-Za-z0-9][A-Za-z0-9._-]*):$", re.MULTILINE)
_SERVICES = 4
_MARK = ".studios-new"
"""A file in `.studios/new`, by which it is known for a folder of this deployment."""
_UNMARKED = ".new.partial"
_OURS = frozenset({"new", "backup", "files", "state.json", "tower.json", "override.yml"})
_EARLIER = frozenset({"installed", "parameters", "pending", "services", "override", "lock"})
"""What the script of release 1.0 kept there."""


class Place:
    """The folder of Platform's compose file, and `.studios` in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.own = folder / ".studios"
        self.files = self.own / "files"
        self.new = self.own / "new"
        self.backups = self.own / "backup"
        self.tower_state = self.own / "tower.json"
        self.override_copy = self.own / "override.yml"
        self.begun = False
        self._override = ""
        self._containers: list[Container] = []

    def look(self, containers: Collection[Container], override: str = "") -> None:
        """Takes note of what tells a file in use from a copy: the folder's containers, and the name that is asked for.

        Where nothing is remembered, no file counts as this deployment's without one of them.
        """
        self._override = override
        self._containers = [each for each in containers if same_path(each.working_dir, str(self.folder))]

    @contextlib.contextmanager
    def locked(self, until: float = 0.0) -> Iterator[None]:
        """Keeps other runs out, and leaves nothing behind of one that installed nothing.

        A run goes on when the `pulumi` that began it was killed, so the next one waits for it. `until` is of
        `time.monotonic`.

        Raises:
            RefusedError: another run is still at work then.
        """
        lock = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            while not _is_taken(lock):
                if time.monotonic() >= until:
                    raise RefusedError(f"another run is at work in {self.folder}; try again when it has ended")
                time.sleep(0.5)
            try:
                yield
            finally:
                if self.begun and not self._is_installed():
                    self.forget()
                elif self.begun:
                    self._leave_new()
        finally:
            os.close(lock)

    def begin(self) -> None:
        """Makes an empty folder to work in, which only root can read.

        Raises:
            RefusedError: the owner has something else by its name.
        """
        if self.own.is_symlink() or (self.own.exists() and not self.own.is_dir()):
            raise RefusedError(f"{self.own} exists and is not of this deployment; move it away")
        if self.own.exists():
            marked = (self.new / _MARK).exists()
            known = marked or self._is_installed()
            names = sorted(path.name for path in self.own.iterdir())
            foreign = [each for each in names if not (known and is_ours(each)) or (each == "new" and not marked)]
            # A run that was ended before it could mark its folder leaves only this.
            foreign = [each for each in foreign if each != _UNMARKED]
            if foreign:
                raise RefusedError(f"{self.own} has {foreign[0]}, which is not of this deployment; move it away")
        # The owner's docker compose reads the files for containers below it.
        self.own.mkdir(mode=0o755, exist_ok=True)
        self.own.chmod(0o755)
        self.begun = True
        self._leave_new()
        unmarked = self.own / _UNMARKED
        unmarked.mkdir(mode=0o700)
        (unmarked / _MARK).touch()
        unmarked.rename(self.new)
        for path in self.files.glob("*"):
            # Docker makes a folder of what is mounted and not there.
            if path.is_dir():
                shutil.rmtree(path)

    def _leave_new(self) -> None:
        """Removes the folder to work in, which loses its name before its mark: whenever the run ends, it is known."""
        unmarked = self.own / _UNMARKED
        shutil.rmtree(unmarked, ignore_errors=True)
        if (self.new / _MARK).exists():
            self.new.rename(unmarked)
            shutil.rmtree(unmarked, ignore_errors=True)

    def _is_installed(self) -> bool:
        return any((self.own / name).exists() for name in ("state.json", "parameters")) or bool(
            self._remains().parameters
        )

    def state(self) -> State:
        """What the last run left; of release 1.0 of the script too.

        Raises:
            RefusedError: a newer script has left it, or it is damaged.
        """
        path = self.own / "state.json"
        if path.exists():
            try:
                state = State(**read_json(path))
            except TypeError:
                raise RefusedError(f"{path} was written by a newer release of this program; run that release") from None
            state.files = [name for name in state.files if not self.is_foreign(name)]
            return state
        if not (self.own / "parameters").exists():
            return self._remains()
        parameters = read_parameters((self.own / "parameters").read_text())
        installed = self.own / "installed"
        return State(
            files=installed.read_text().splitlines() if installed.exists() else [],
            parameters=parameters,
            interrupted=(self.own / "pending").exists(),
            tower_yml="tower.yml" if self.tower_state.exists() else "",
        )

    def _remains(self) -> State:
        """What our compose file tells where the owner's deployer has deleted all that was remembered."""
        data = [PROXY_DATA] if any(self._keeps_data(each) for each in self._containers) else []
        for path in sorted(self.folder.glob("*.y*ml")):
            if not path.is_file():
                continue
            text = path.read_text(errors="replace")
            services = _SERVICE.findall(text) if text.startswith(MARKER) else []
            if len(services) == _SERVICES and self._is_in_use(path, services):
                proxy, server, backend, cron = services
                named = {"platform_services": f"{cron} {backend}", "studios_services": f"{proxy} {server}"}
                return State([path.name, *data], {"override": path.name, **named}, interrupted=True)
        return State(data)

    def _is_in_use(self, path: Path, services: Collection[str]) -> bool:
        """Whether Docker Compose reads this file of ours: a copy that the owner keeps is theirs."""
        if path.name in (*OVERRIDES, self._override) or os.path.realpath(path) in compose_file_variable(self.folder)[0]:
            return True
        started = [each for each in self._containers if each.service in services]
        return any(same_path(file, str(path)) for each in started for file in each.config_files)

    def _keeps_data(self, container: Container) -> bool:
        data = str(self.folder / PROXY_DATA)
        return STUDIOS_LABEL in container.labels and any(same_path(each, data) for each in container.mounts.values())

    def remember(self, state: State) -> None:
        """Writes what is installed, at once or not at all."""
        self.own.mkdir(mode=0o755, exist_ok=True)
        # An earlier release of the script reads what a run leaves that has come to its end.
        kept = {name: value for name, value in asdict(state).items() if name != "running" or value}
        write(self.own / "state.json", json.dumps(kept, indent=1).encode())
        if not state.backup:
            for name in _EARLIER:
                (self.own / name).unlink(missing_ok=True)

    def forget(self) -> None:
        """Removes everything of ours in `.studios`: last what says that it is ours.

        Where nothing was installed, and no run was killed, the owner's files may have these names.
        """
        if self.own.is_symlink() or not self.own.is_dir():
            return
        known = self.begun or self._is_installed() or (self.new / _MARK).exists()
        ours = [path for path in self.own.iterdir() if known and is_ours(path.name) and path != self.new]
        for path in sorted(ours, key=lambda path: path.name in ("state.json", "parameters")):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        if known:
            self._leave_new()
        # What the owner has put beside it stays.
        if not any(self.own.iterdir()):
            self.own.rmdir()

    def is_foreign(self, name: str) -> bool:
        """Whether a compose file by a name of ours is the owner's by now: their deployer has written it anew."""
        path = self.folder / name
        if not name.endswith((".yml", ".yaml")) or not path.is_file():
            return False
        return not path.read_text(errors="replace").startswith(MARKER)

    def path(self, name: str) -> Path:
        """The path of a file in the state's list."""
        return self.folder / name


def is_ours(name: str) -> bool:
    """Whether a file in `.studios` has a name that this deployment gives."""
    return name in _OURS | _EARLIER or name.endswith((".partial", ".studios-new"))


def read_parameters(text: str) -> dict[str, str]:
    """The parameters of a bundle, a line each."""
    pairs = (line.partition("=") for line in text.splitlines() if line)
    return {name: value for name, _, value in pairs}


def write(path: Path, content: bytes, mode: int = 0o600, owner: tuple[int, int] | None = None) -> None:
    """Writes a file so that it is there whole, or as it was, whenever the run ends."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        if owner is not None:
            os.chown(partial, *owner)
            partial.chmod(mode)
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def read_json(path: Path) -> Any:
    """The value in a file of JSON; None where there is no file.

    Raises:
        RefusedError: it is not JSON.
    """
    if not path.exists():
        return None
    try:
        return json.loads(path.read_text())
    except ValueError:
        raise RefusedError(f"{path} is damaged, and is not JSON; put it back from a copy, or move it away") from None


def _is_taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
