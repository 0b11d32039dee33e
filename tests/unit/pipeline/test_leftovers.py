"""Plugins of an engine that was killed."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from pipeline.leftovers import end_leftovers, plugins_in, processes

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def engine() -> Iterator[socket.socket]:
    """Listens as an engine does."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts something that is called as it is told to, and only sleeps."""
    started = []

    def begin(*words: str) -> subprocess.Popen[bytes]:
        sleep = [words[0], "-c", "import time; time.sleep(60)", *words[1:]]
        started.append(subprocess.Popen(sleep, executable=sys.executable))
        return started[-1]

    yield begin
    for each in started:
        each.kill()
        each.wait()


def address(engine: socket.socket) -> str:
    return f"127.0.0.1:{engine.getsockname()[1]}"


def ended_of(*own: subprocess.Popen[bytes]) -> list[str]:
    """What is ended of the test's own processes: others on this machine are not touched."""
    lines = [line for line in processes().splitlines() if int(line.split()[0]) in {each.pid for each in own}]
    assert len(lines) == len(own)
    return end_leftovers("\n".join(lines))


def test_a_plugin_is_ended_once_its_engine_is_dead_and_not_before(engine: socket.socket, start: Start) -> None:
    plugin = start("/home/me/.pulumi/plugins/resource-kubernetes-v4.34.2/pulumi-resource-kubernetes", address(engine))
    assert ended_of(plugin) == []
    assert plugin.poll() is None
    engine.close()
    assert ended_of(plugin) == ["pulumi-resource-kubernetes"]
    plugin.wait(10)


def test_other_programs_are_left_alone(engine: socket.socket, start: Start) -> None:
    place = address(engine)
    engine.close()
    editor = start("vim", "pulumi-resource-kubernetes.md", place)
    plugin_by_hand = start("pulumi-resource-kubernetes", "--help")
    assert ended_of(editor, plugin_by_hand) == []
    assert editor.poll() is None
    assert plugin_by_hand.poll() is None


def test_plugins_in_python_are_found_as_well() -> None:
    listing = """\
  12 /usr/bin/python3 -u -m pulumi.dynamic 127.0.0.1:40001
 345 /checkout/.venv/bin/python -u -m testbed.plugins.aws 127.0.0.1:40001
   6 pulumi-language-python --root /work 127.0.0.1:40002
   7 pulumi up --stack dev
"""
    assert plugins_in(listing) == [
        (12, "pulumi.dynamic", "127.0.0.1:40001"),
        (6, "pulumi-language-python", "127.0.0.1:40002"),
    ]
