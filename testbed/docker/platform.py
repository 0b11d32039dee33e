"""A Platform that really runs: Seqera's own docker-compose.yml, started by its owner as an owner may."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess

from testbed.compose.host import FILES
from testbed.docker.containers import Container, containers_of, remove_projects
from testbed.docker.engine import SYSTEM_PATH, Machine
from testbed.docker.machine import USERS
from testbed.errors import TestbedError

SERVICES = ("db", "redis", "migrate", "cron", "backend", "frontend")
_PREFIX = "studios-host-"


@dataclass(frozen=True)
class Entry:
    """One file, folder or link, as it is on the disk."""

    kind: str
    mode: int
    uid: int
    gid: int
    content: bytes


@dataclass
class ComposePlatform:
    """One install.

    Args:
        machine: where it runs.
        home: the owner's home folder, on the machine.
        folder: the one with docker-compose.yml, on the machine.
        outside: where that folder is seen outside; the same for those that `create` makes.
        owner: ``root`` or a user of the machine.
        options: what the owner writes behind ``docker compose``: ``-p NAME``, ``-f FILE``, …
        shell: variables that the owner's shell exports.
    """

    machine: Machine
    home: Path
    folder: Path
    outside: Path
    owner: str = "root"
    options: Sequence[str] = ()
    shell: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def create(
        cls,
        machine: Machine,
        *,
        owner: str = "root",
        project: str | None = None,
        files: Mapping[str, str | None] | None = None,
        compose_files: Sequence[str] = (),
        shell: Mapping[str, str] | None = None,
        folder: str = "seqera",
        domain: str = "example.com",
    ) -> ComposePlatform:
        """Lays out the folder of an install, with nothing started.

        Args:
            machine: where it will run.
            owner: the user that owns the folder and starts it.
            project: what ``-p`` says; None leaves it to Compose.
            files: name in the folder → text, beside or in place of Seqera's three; None takes one away.
            compose_files: what ``-f`` says, one after the other; empty leaves it to Compose.
            shell: variables that the owner's shell exports.
            folder: the folder's name.
            domain: Platform's host; the machine's site has to serve it.
        """
        # Owners other than root have to reach it, which pytest's own folders for temporary files forbid.
        root = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
        root.chmod(0o755)
        options = ["-p", project] if project else []
        options += [word for name in compose_files for word in ("-f", name)]
        made = cls(machine, root / "home", root / folder, root / folder, owner, options, dict(shell or {}))
        made.home.mkdir()
        made._lay_out(domain)
        for name, text in (files or {}).items():
            path = made.folder / name
            if text is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        uid = USERS.get(owner, 0)
        for path in (made.home, made.folder, *made.folder.rglob("*")):
            os.chown(path, uid, uid)
        return made

    @classmethod
    def at_home(cls, machine: Machine, owner: str, domain: str) -> ComposePlatform:
        """The install in ``seqera`` below the home folder of a user of the machine, laid out unless it is there."""
        home = Path("/home", owner)
        outside = machine.folder / "home" / owner / "seqera"
        made = cls(machine, home, home / "seqera", outside, owner)
        if not outside.exists():
            made._lay_out(domain)
            for path in (outside, *outside.rglob("*")):
                os.chown(path, USERS[owner], USERS[owner])
        return made

    def _lay_out(self, domain: str) -> None:
        shutil.copytree(FILES, self.outside)
        settings = self.outside / "tower.env"
        settings.write_text(settings.read_text().replace("https://example.com", f"https://{domain}"))

    @property
    def database_folder(self) -> Path:
        """Where Seqera's file has the database: below the home of whoever starts it."""
        return self.home / ".tower" / "db" / "mysql"

    def compose(self, *words: str, check: bool = True, timeout: float = 180) -> CompletedProcess[str]:
        """Runs ``docker compose`` in the folder as the owner does.

        Raises:
            TestbedError: it failed, and ``check`` is true.
        """
        return self.run(["docker", "compose", *self.options, *words], check=check, timeout=timeout)

    def run(self, words: Sequence[str | Path], *, check: bool = True, timeout: float = 180) -> CompletedProcess[str]:
        """Runs a program in the folder, in the owner's shell."""
        return self.machine.run(words, self.owner, self.folder, self.environment(), check=check, timeout=timeout)

    def environment(self) -> dict[str, str]:
        """The variables of the owner's shell."""
        return {"HOME": str(self.home), "PWD": str(self.folder), "PATH": SYSTEM_PATH, **self.shell}

    def up(self, *words: str) -> None:
        """Starts Platform, and returns once backend is healthy."""
        self.compose("up", "--detach", *words)
        self.wait_until_healthy("backend", "cron")

    def wait_until_healthy(self, *services: str, seconds: float = 60) -> None:
        """Waits until containers of these services are healthy.

        Raises:
            TestbedError: they are not, in time; the message has their last lines.
        """
        deadline = time.monotonic() + seconds
        while True:
            found = self.containers()
            waiting = [name for name in services if name not in found or found[name].health != "healthy"]
            if not waiting:
                return
            if time.monotonic() > deadline:
                raise TestbedError("\n".join(f"{name} is not healthy: {self.logs(name)}" for name in waiting))
            time.sleep(0.2)

    def containers(self, *, every_project: bool = False) -> dict[str, Container]:
        """Service → its container, running or not; those of a scaled service are ``NAME``, ``NAME-2``, ….

        Only the containers that were started from this folder count, unless ``every_project`` asks for all: then the
        key begins with the project.
        """
        found: dict[str, Container] = {}
        for container in sorted(containers_of(self.machine), key=lambda container: container.name):
            if every_project:
                found[f"{container.project}/{container.name}"] = container
            elif Path(container.labels.get("com.docker.compose.project.working_dir", "/")).resolve() == self.folder:
                number = container.labels["com.docker.compose.container-number"]
                found[container.service if number == "1" else f"{container.service}-{number}"] = container
        return found

    def identities(self) -> dict[str, tuple[str, str]]:
        """Service → id and start of its container."""
        return {name: container.identity for name, container in self.containers().items()}

    def snapshot(self) -> dict[str, Entry]:
        """The folder as it is on the disk: contents, owners and modes."""
        return {
            str(path.relative_to(self.outside)): _entry(path)
            for path in [self.outside, *sorted(self.outside.rglob("*"))]
        }

    def files(self) -> dict[str, bytes]:
        """Name → content of each file in the folder."""
        return {name: entry.content for name, entry in self.snapshot().items() if entry.kind == "file"}

    def restarted(self, before: Mapping[str, tuple[str, str]]) -> set[str]:
        """The services with another container or start than :meth:`identities` told before."""
        now = self.identities()
        return {name for name in {*before, *now} if now.get(name) != before.get(name)}

    def logs(self, service: str) -> str:
        """What the service's container printed."""
        container = self.containers().get(service)
        if container is None:
            return "there is no container"
        finished = self.machine.run(["docker", "logs", "--tail", "50", container.id], check=False)
        return finished.stdout + finished.stderr

    def remove(self) -> bool:
        """Takes an install that `create` made away, with its folder: containers, networks, volumes and files.

        Returns whether all is gone: Docker may keep a network until it is started again.
        """
        projects = {container.project for container in self.containers().values()}
        gone = remove_projects(self.machine, projects | {self.folder.name})
        shutil.rmtree(self.folder.parent)
        return gone


def remove_leftovers() -> None:
    """Removes the folders of runs that were killed; their containers went with their machine."""
    for root in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        if not Path("/proc", root.name.removeprefix(_PREFIX).partition("-")[0]).exists():
            # Several workers begin at once, and each removes what it sees.
            shutil.rmtree(root, ignore_errors=True)


def _entry(path: Path) -> Entry:
    about = path.lstat()
    mode = stat.S_IMODE(about.st_mode)
    if stat.S_ISLNK(about.st_mode):
        return Entry("link", mode, about.st_uid, about.st_gid, os.readlink(path).encode())
    if stat.S_ISDIR(about.st_mode):
        return Entry("folder", mode, about.st_uid, about.st_gid, b"")
    return Entry("file", mode, about.st_uid, about.st_gid, path.read_bytes())
