"""The namespaces of the real node, with a part in them that does nothing but say where it is."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest

from testbed import cgroups, paths
from testbed.node import requirements
from testbed.node.link import Link, ip, kept_link

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(bool(requirements.missing()), reason=str(requirements.missing())),
]

#: Starts a node of one part, in place of all that a node consists of, and says when it is there.
_HOST = """
import json, sys
from pathlib import Path
from testbed.node import __main__ as host
from testbed.node import configuration, inside
from testbed.node.link import Link
from testbed import paths
group, script, folder = sys.argv[2:]
configuration.FOLDER = host.FOLDER = paths.LOGS = Path(folder)
class Parts:
    def commands(self, link): return {f"part-of-{group}": ["sh", "-c", script]}
    def environment(self): return {}
host.cgroup = lambda: group
link = Link(**json.loads(sys.argv[1]))
configuration.Configuration(link, Path("/nowhere")).write()
with host._control_group(), host._node(link, Parts()) as node:
    print("there", flush=True)
    print(node.wait(), flush=True)
"""


class Node:
    """A node of one part, in its namespaces."""

    def __init__(self, link: Link, folder: Path, script: str) -> None:
        self.name = f"studios-test-{secrets.token_hex(4)}"
        self.log = folder / f"part-of-{self.name}.log"
        command = [sys.executable, "-c", _HOST, json.dumps(asdict(link)), self.name, script, str(folder)]
        self.host = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=paths.CHECKOUT)
        assert self.host.stdout is not None
        assert self.host.stdout.readline() == "there\n"
        until(self.log.exists)

    def processes(self) -> list[int]:
        """Those of its part, which are known by the log that they write to."""
        found = []
        for process in psutil.process_iter():
            try:
                if os.path.samefile(f"/proc/{process.pid}/fd/1", self.log):
                    found.append(process.pid)
            except OSError:
                continue
        return found

    def groups(self) -> list[Path]:
        """Its control groups that are there."""
        return [path for path in (each / self.name for each in cgroups.hierarchies()) if path.exists()]


def until(what: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def link(tmp_path: Path) -> Link:
    return kept_link(tmp_path / "link.json")


def test_a_node_has_its_own_name_processes_and_network_and_leaves_the_machines_kernel_as_it_is(
    link: Link, tmp_path: Path
) -> None:
    kernel = Path("/proc/sys/kernel/panic_on_oops").read_text()
    node = Node(
        link, tmp_path, "hostname; ls /proc | grep -c '^[0-9]'; cat /proc/sys/kernel/panic_on_oops; ip -o -4 address"
    )
    assert node.host.wait(30) == 0
    name, processes, seen, *addresses = node.log.read_text().splitlines()
    assert (name, seen) == ("node-a", "1")
    assert int(processes) < 6
    assert [address.split()[3] for address in addresses] == ["127.0.0.1/8", f"{link.node}/30"]
    assert Path("/proc/sys/kernel/panic_on_oops").read_text() == kernel


def test_nothing_leaves_the_machine_by_the_node(link: Link, tmp_path: Path) -> None:
    node = Node(link, tmp_path, "ping -c 1 -W 2 192.0.2.1 || echo refused")
    assert node.host.wait(30) == 0
    assert node.log.read_text().splitlines()[-1] == "refused"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_node_ends_with_its_end_on_the_host_however_that_ends(
    link: Link, tmp_path: Path, how: signal.Signals
) -> None:
    node = Node(link, tmp_path, "sleep 600 & sleep 600")
    until(lambda: len(node.processes()) == 3)
    assert link.device in psutil.net_if_addrs()
    assert node.groups()
    node.host.send_signal(how)
    node.host.wait(15)
    until(lambda: not node.processes())
    until(lambda: link.device not in psutil.net_if_addrs())
    # What the kernel keeps of a killed one is taken away by the next run.
    cgroups.remove(node.name)
    assert not node.groups()


def test_a_run_takes_away_what_a_killed_one_has_left(link: Link, tmp_path: Path) -> None:
    ip("link", "add", link.device, "type", "veth", "peer", "name", f"{link.device}p")
    ip("address", "add", f"{link.host}/30", "dev", link.device)
    node = Node(link, tmp_path, "true")
    assert node.host.wait(30) == 0
    assert link.device not in psutil.net_if_addrs()
    assert not node.groups()


def test_a_control_group_is_taken_away_with_the_processes_in_it() -> None:
    name = f"studios-test-{secrets.token_hex(4)}"
    cgroups.create(name)
    sleeper = subprocess.Popen(["sleep", "600"])
    for hierarchy in cgroups.hierarchies():
        inner = hierarchy / name / "pod"
        inner.mkdir()
    # The hierarchies of cgroup v1 are apart: one is enough to hold it.
    memory = next(each for each in cgroups.hierarchies() if each.name in {"memory", "cgroup"})
    (memory / name / "pod" / "cgroup.procs").write_text(str(sleeper.pid))
    cgroups.remove(name)
    assert sleeper.wait(5) == -signal.SIGKILL
    assert not [each for each in cgroups.hierarchies() if (each / name).exists()]


def test_two_testbeds_of_one_checkout_have_a_control_group_each() -> None:
    # A node ends all that is in its group, when it starts and when it ends.
    asked = [sys.executable, "-c", "from testbed.node.configuration import cgroup; print(cgroup())"]
    names = [
        subprocess.run(
            asked,
            cwd=paths.CHECKOUT,
            env={**os.environ, "STUDIOS_TESTBED": folder},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for folder in (".testbed", ".testbed-real")
    ]
    assert len(set(names)) == 2
