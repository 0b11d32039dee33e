"""The machine that tests on Docker have: what happens on it stays there, and it ends as a whole."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from testbed import cgroups, processes
from testbed.docker.engine import Machine
from testbed.docker.platform import ComposePlatform, remove_leftovers
from testbed.docker.site import FRONTEND_PORT, ONLY_IN_THE_REGISTRY, Site
from testbed.errors import TestbedError

pytestmark = pytest.mark.docker

IMAGE = f"cr.seqera.io/enterprise/studios/server:{ONLY_IN_THE_REGISTRY}"


@pytest.fixture
def machine(worker_id: str) -> Iterator[Machine]:
    """One that a test may kill."""
    made = Machine(f"killed-{worker_id}")
    made.start()
    yield made
    made.stop()


def everything_in(machine: Machine) -> list[psutil.Process]:
    return psutil.Process(machine.pid).children(recursive=True)


@pytest.mark.parametrize(
    "number",
    [pytest.param(signal.SIGTERM, id="ended", marks=pytest.mark.slow), pytest.param(signal.SIGKILL, id="killed")],
)
def test_a_machine_that_is_no_more_leaves_nothing_that_the_next_start_minds(
    machine: Machine, number: signal.Signals
) -> None:
    (record,) = [record for record in processes.records() if record.name == machine.name]
    inside = everything_in(machine)
    assert {"dockerd", "containerd"} <= {process.name() for process in inside}
    os.kill(record.pid, number)
    gone, alive = psutil.wait_procs(inside, timeout=10)
    assert (alive, len(gone)) == ([], len(inside))
    machine.start()
    assert machine.docker("ps", "--all", "--quiet") == ""
    machine.stop()
    assert not machine.folder.exists()
    assert list(Path("/sys/fs/cgroup").glob(f"*/{cgroups.name_of(machine.folder)}")) == []


def test_what_the_machine_mounts_and_changes_is_not_seen_outside(docker_site: Site) -> None:
    mounts = Path("/proc/self/mounts").read_text()
    assert str(docker_site.machine.folder) not in mounts
    assert "198.18.0.1" not in Path("/etc/resolv.conf").read_text()
    docker_site.machine.run(["sh", "-c", "echo changed >/root/mark-of-the-machine"])
    assert not Path("/root/mark-of-the-machine").exists()


@pytest.mark.slow
def test_a_published_port_is_open_on_the_machine_only(docker_site: Site) -> None:
    platform = ComposePlatform.create(docker_site.machine)
    try:
        platform.up()
        assert docker_site.machine.listens(FRONTEND_PORT)
        assert not processes.listening(FRONTEND_PORT)
        assert "Seqera Platform" in docker_site.machine.run(["curl", "-s", f"http://127.0.0.1:{FRONTEND_PORT}/"]).stdout
    finally:
        platform.remove()


@pytest.mark.slow
@pytest.mark.parametrize(("user", "may"), [("root", True), ("ec2-user", True), ("guest", False)])
def test_who_is_in_the_group_docker_may_use_it(docker_site: Site, user: str, may: bool) -> None:
    asked = docker_site.machine.run(["docker", "compose", "ls"], user=user, env={"HOME": "/"}, check=False)
    assert (asked.returncode == 0) == may, asked.stderr
    assert may or "permission denied" in asked.stderr


def test_the_registry_gives_images_to_those_who_have_logged_in(docker_site: Site) -> None:
    machine = docker_site.machine
    machine.docker("rmi", "--force", IMAGE, check=False)
    refused = machine.run(["docker", "pull", IMAGE], env={"HOME": "/home/guest"}, check=False)
    assert refused.returncode == 1
    assert "no basic auth credentials" in refused.stderr
    home = "/home/ec2-user"
    docker_site.log_in("ec2-user", home)
    machine.run(["docker", "pull", IMAGE], user="ec2-user", env={"HOME": home})
    missing = machine.run(["docker", "pull", f"{IMAGE}-none"], user="ec2-user", env={"HOME": home}, check=False)
    assert "manifest unknown" in missing.stderr or "not found" in missing.stderr
    machine.docker("rmi", IMAGE)


@pytest.mark.slow
def test_what_was_started_on_the_machine_ends_with_who_started_it(docker_site: Site) -> None:
    for user in ("root", "ec2-user"):
        started = psutil.Popen(docker_site.machine.command(["sleep", "600"], user))
        while not (inside := started.children(recursive=True)) or inside[0].name() != "sleep":
            assert started.is_running()
        started.kill()
        assert psutil.wait_procs(inside, timeout=10)[1] == []


@pytest.mark.slow
def test_another_host_is_served_beside_the_first(docker_site: Site) -> None:
    docker_site.serve("other.example.com")
    ask = ("curl", "-s", "--cacert", docker_site.ca, "https://other.example.com/", "https://connect.other.example.com/")
    # Nothing runs behind either: which of both was meant is told by who is missing.
    with_frontend = ComposePlatform.create(docker_site.machine)
    try:
        with_frontend.up()
        assert docker_site.machine.run(ask).stdout.splitlines() == [
            "<!doctype html><title>Seqera Platform (stand-in)</title>",
            "not reachable now",
        ]
    finally:
        with_frontend.remove()


@pytest.mark.slow
def test_a_program_that_fails_on_the_machine_is_told_with_what_it_printed(docker_site: Site) -> None:
    with pytest.raises(TestbedError, match=r"(?s)sh -c .* failed on the machine .*why it failed"):
        docker_site.machine.run(["sh", "-c", "echo why it failed >&2; exit 3"])


def test_an_install_that_was_not_taken_away_is_found_by_the_next_run() -> None:
    # No process has a number above the kernel's limit.
    left = Path(tempfile.gettempdir(), "studios-host-4194305-left")
    left.mkdir()
    remove_leftovers()
    assert not left.exists()
