"""The machine as its users see it: started and ended from outside, with commands that run inside."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from testbed import build, cgroups, paths, processes
from testbed.docker.machine import DOCKER_GROUP, USERS
from testbed.docker.namespaces import socket_in
from testbed.errors import TestbedError

#: Programs that a machine is made of, and what they do there.
_NEEDED = {
    "dockerd": "docker.io",
    "containerd": "docker.io",
    "runc": "docker.io",
    "iptables": "iptables",
    "redis-server": "redis-server",
}
_START_SECONDS = 120.0
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def why_not() -> str | None:
    """What keeps this host from running a Docker engine for the testbed, or None."""
    if os.geteuid() != 0:
        return "only root can start a Docker engine; run the tests as root"
    missing = sorted({package for program, package in _NEEDED.items() if not shutil.which(program)})
    if missing:
        return f"there is no Docker engine to start; run: apt-get install --no-install-recommends {' '.join(missing)}"
    if not shutil.which("docker"):
        return "there is no docker command; run: apt-get install --no-install-recommends docker.io"
    return None


@dataclass(frozen=True)
class Machine:
    """A Docker host of the testbed; several, by different names, do not see each other."""

    name: str

    @property
    def folder(self) -> Path:
        """Where the daemon keeps its data."""
        return paths.STATE / "machines" / self.name

    @property
    def pid(self) -> int:
        """The first process of the machine.

        Raises:
            TestbedError: the machine is not running.
        """
        try:
            return int((self.folder / "pid").read_text())
        except FileNotFoundError:
            raise TestbedError(f"the machine {self.name} is not running") from None

    def start(self) -> None:
        """Starts the machine, unless it runs; what an earlier one left is removed first.

        Raises:
            TestbedError: there is no Docker engine here, or it did not start.
        """
        if processes.running(self.name) and self._ready():
            return
        reason = why_not()
        if reason:
            raise TestbedError(reason)
        plugin = build.docker_compose()
        self.stop()
        self.folder.mkdir(parents=True)
        processes.start(self.name, [paths.PYTHON, "-m", "testbed.docker.machine", self.folder, plugin])
        processes.wait_until(self.name, self._ready, _START_SECONDS)

    def stop(self) -> None:
        """Ends the machine with everything that runs on it or leads to it, and removes its data."""
        names = [record.name for record in processes.records()]
        processes.stop(name for name in names if name == self.name or name.startswith(f"{self.name}-"))
        self._remove()

    def _ready(self) -> bool:
        return (
            (self.folder / "pid").exists()
            and Path("/proc", str(self.pid)).exists()
            and self.run(["docker", "version"], check=False).returncode == 0
        )

    def _remove(self) -> None:
        cgroups.remove(cgroups.name_of(self.folder))
        for _ in range(50):
            # The kernel takes a moment to end the mounts of what was killed.
            shutil.rmtree(self.folder, ignore_errors=True)
            if not self.folder.exists():
                return
            time.sleep(0.1)
        raise TestbedError(f"{self.folder} can't be removed: something on the machine still runs")

    def command(self, words: Sequence[str | Path], user: str = "root", folder: Path = Path("/")) -> list[str]:
        """The command line that runs ``words`` on the machine.

        Args:
            words: the program and its arguments.
            user: ``root``; ``ec2-user``, who may use Docker; or ``guest``, who may not.
            folder: to run it in.
        """
        # nsenter stays outside, and passes no signal on: without it, the program is to end too.
        inside = ["nsenter", f"--target={self.pid}", "--mount", "--net", "--pid", "setpriv", "--pdeathsig=TERM"]
        if user != "root":
            groups = f"{USERS[user]},{DOCKER_GROUP}" if user == "ec2-user" else str(USERS[user])
            inside += [f"--reuid={USERS[user]}", f"--regid={USERS[user]}", f"--groups={groups}"]
        return [*inside, "sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", str(folder), *map(str, words)]

    def run(
        self,
        words: Sequence[str | Path],
        user: str = "root",
        folder: Path = Path("/"),
        env: Mapping[str, str] | None = None,
        *,
        check: bool = True,
        timeout: float = 120,
        stdin: str | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program on the machine with the variables in ``env`` and PATH, and no others.

        Raises:
            TestbedError: it failed, and ``check`` is true; the message has what it printed.
        """
        finished = subprocess.run(
            self.command(words, user, folder),
            env={"PATH": SYSTEM_PATH, **(env or {})},
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=timeout,
        )
        if check and finished.returncode:
            said = (finished.stdout + finished.stderr).strip()
            raise TestbedError(f"{' '.join(map(str, words))} failed on the machine {self.name}:\n{said}")
        return finished

    def docker(self, *words: str, check: bool = True) -> str:
        """What a docker command printed, without its last line break."""
        return self.run(["docker", *words], check=check).stdout.rstrip("\n")

    def let_through(self, port: int) -> None:
        """Lets the machine reach what listens on a port of loopback outside, at the same port of its own loopback.

        Raises:
            TestbedError: something on the machine listens there already.
        """
        self._relay(f"in-{port}", port, inward=True, target=port)

    def reach(self, port: int) -> int:
        """A port of loopback outside that leads to one of the machine's loopback."""
        path = self.folder / f"reached-{port}"
        outside = int(path.read_text()) if path.exists() else processes.free_ports(1)[0]
        path.write_text(str(outside))
        self._relay(f"out-{port}", outside, inward=False, target=port)
        return outside

    def _relay(self, label: str, port: int, *, inward: bool, target: int) -> None:
        name = f"{self.name}-{label}"
        way = "in" if inward else "out"
        relay = (paths.PYTHON, "-m", "testbed.docker.relay")
        processes.start(name, [*relay, str(self.pid), way, str(port), str(target)])
        processes.wait_until(name, lambda: self.listens(port) if inward else processes.listening(port))

    def listens(self, port: int, address: str = "127.0.0.1") -> bool:
        """Whether something on the machine accepts connections."""
        with socket_in(self.pid) as probe:
            probe.settimeout(1)
            return probe.connect_ex((address, port)) == 0
