"""The process that is the machine: it makes the namespaces, lays out the file system, and runs the Docker daemon.

``python -m testbed.docker.machine FOLDER`` runs until it is ended; everything that was started in it ends with it, also
when it is killed: the first process in the namespace of processes dies with its parent, and takes the others along.

Inside, the file system is the host's, with these differences, which are not seen outside: ``/run`` is empty, so that
Docker's socket is this daemon's; ``/etc`` has users, a group ``docker`` and a ``resolv.conf`` of its own; ``/home`` is
FOLDER/home; root's home folder is a copy on write; Docker Compose is among the CLI's plugins.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

from testbed import cgroups
from testbed.docker import namespaces

#: The owner of a Platform install on Amazon Linux, who may use Docker, and a user who may not.
USERS = {"ec2-user": 1000, "guest": 1001}
DOCKER_GROUP = 986
#: The folder below which Docker's command looks for plugins, beside others.
_PLUGINS = Path("/usr/local/lib")
#: An address that containers reach too, for what stands between them and the outside: load balancers and DNS.
OUTSIDE_ADDRESS = "198.18.0.1"  # RFC 2544 keeps this network for tests


def main(folder: Path, plugin: Path) -> int:
    """Runs the machine until a signal ends it; ``plugin`` is Docker Compose."""
    namespaces.leave(namespaces.NEW_MOUNTS | namespaces.NEW_NETWORK | namespaces.NEW_PIDS)
    child = os.fork()
    if child == 0:
        _first_process(folder, plugin)
    (folder / "pid.partial").write_text(str(child))
    (folder / "pid.partial").rename(folder / "pid")

    def end(_number: int, _frame: FrameType | None) -> None:
        os.kill(child, signal.SIGKILL)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    os.waitpid(child, 0)
    cgroups.remove(cgroups.name_of(folder))
    return 0


def _first_process(folder: Path, plugin: Path) -> None:
    """What is process 1 inside: it lays everything out, starts the daemon, and looks after orphans; never returns."""
    code = 1
    try:
        namespaces.die_with_parent(signal.SIGKILL)
        _lay_out(folder, plugin)
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        subprocess.run(["ip", "address", "add", f"{OUTSIDE_ADDRESS}/32", "dev", "lo"], check=True)
        daemon = subprocess.Popen(_daemon_command(folder), stdin=subprocess.DEVNULL)
        while True:
            ended, status = os.wait()
            if ended == daemon.pid:
                code = os.waitstatus_to_exitcode(status) or 1
                break
    finally:
        os._exit(code)


def _lay_out(folder: Path, plugin: Path) -> None:
    namespaces.keep_mounts_private()
    namespaces.mount("proc", Path("/proc"))
    namespaces.mount("tmpfs", Path("/run"), "mode=755")
    scratch = Path("/run/machine")
    scratch.mkdir()
    for target in (Path("/etc"), Path("/root"), _PLUGINS):
        _copy_on_write(target, scratch)
    for path, lines in _etc().items():
        _replace_lines(Path("/etc") / path, lines)
    Path("/etc/resolv.conf").unlink(missing_ok=True)
    Path("/etc/resolv.conf").write_text(f"nameserver {OUTSIDE_ADDRESS}\noptions timeout:1 attempts:2\n")
    shutil.rmtree("/root/.docker", ignore_errors=True)
    plugins = _PLUGINS / "docker" / "cli-plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    (plugins / "docker-compose").touch()
    namespaces.bind(plugin, plugins / "docker-compose")
    for name, uid in USERS.items():
        home = folder / "home" / name
        home.mkdir(parents=True)
        os.chown(home, uid, uid)
    namespaces.bind(folder / "home", Path("/home"))


def _copy_on_write(target: Path, scratch: Path) -> None:
    """Lets everything below be changed for this machine only."""
    name = str(target).strip("/").replace("/", "-")
    upper, work = scratch / name / "upper", scratch / name / "work"
    upper.mkdir(parents=True)
    work.mkdir()
    about = target.stat()
    os.chown(upper, about.st_uid, about.st_gid)
    upper.chmod(about.st_mode & 0o7777)
    namespaces.mount("overlay", target, f"lowerdir={target},upperdir={upper},workdir={work}")


def _etc() -> Mapping[str, Mapping[str, str]]:
    """File of /etc → name → its line."""
    return {
        "passwd": {name: f"{name}:x:{uid}:{uid}::/home/{name}:/bin/sh" for name, uid in USERS.items()},
        "group": {
            **{name: f"{name}:x:{uid}:" for name, uid in USERS.items()},
            "docker": f"docker:x:{DOCKER_GROUP}:ec2-user",
        },
    }


def _replace_lines(path: Path, lines: Mapping[str, str]) -> None:
    """Puts the lines before those that a real user of the same number may have."""
    kept = [line for line in path.read_text().splitlines() if line.partition(":")[0] not in lines]
    path.write_text("\n".join([*kept[:1], *lines.values(), *kept[1:]]) + "\n")


def _daemon_command(folder: Path) -> list[str]:
    return [
        "dockerd",
        "--data-root",
        str(folder / "data"),
        "--group",
        "docker",
        "--cgroup-parent",
        f"/{cgroups.name_of(folder)}",
        "--exec-opt",
        "native.cgroupdriver=cgroupfs",
        # Compose's own log driver options aside, `docker logs` has to work.
        "--log-driver",
        "json-file",
        # The default of 15 s would be waited for at each end of a container that a test stops.
        "--shutdown-timeout",
        "2",
    ]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
