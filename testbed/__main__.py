"""The testbed's commands: ``python -m testbed up | down | status | env | demo | parts``."""

from __future__ import annotations

import argparse
import shlex
import sys
import time

from testbed import lifecycle
from testbed.errors import TestbedError


def main() -> int:
    """Runs one command and returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m testbed",
        description="A Pulumi engine, a Kubernetes API, an AWS emulator and a Platform install, on loopback.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="start what isn't running")
    up.add_argument("--node", choices=(lifecycle.KWOK, lifecycle.REAL), help="the kind of nodes (default: kwok)")
    commands.add_parser("down", help="end what was started and remove its state")
    commands.add_parser("status", help="say what is running; exit 1 unless all of it is")
    commands.add_parser(
        "env", help='print the shell variables to work against it: eval "$(.venv/bin/python -m testbed env)"'
    )
    demo = commands.add_parser("demo", help="bring Studios up on the stack local and show what there is")
    demo.add_argument("--target", choices=("kubernetes", "compose"), default="kubernetes", help="where Platform runs")
    machine = commands.add_parser("machine", help="run a command on the instance of the demo's Compose Platform")
    machine.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND")
    made_of = commands.add_parser("parts", help="say what `make test` runs on: official or a stand-in, which version")
    made_of.add_argument("--all", action="store_true", help="what `make test-all` runs on")
    given = parser.parse_args()
    try:
        if given.command == "up":
            return _up(given.node)
        if given.command == "demo":
            return _demo(given.target)
        if given.command == "machine":
            return _machine(given.words)
        if given.command == "parts":
            return _parts(everything=given.all)
        return _COMMANDS[given.command]()
    except TestbedError as error:
        print(f"testbed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _up(nodes: str | None) -> int:
    began = time.monotonic()
    lifecycle.up(nodes)
    print(f"The testbed is up ({time.monotonic() - began:.0f} s). For a shell that works against it:", file=sys.stderr)
    print('  eval "$(.venv/bin/python -m testbed env)"', file=sys.stderr)
    return 0


def _down() -> int:
    ended = lifecycle.down()
    print(f"Ended: {', '.join(ended)}" if ended else "Nothing was running", file=sys.stderr)
    return 0


def _status() -> int:
    from rich.console import Console
    from rich.table import Table

    table = Table("process", "state")
    states = lifecycle.status()
    for name, running in states.items():
        table.add_row(name, "[green]running[/green]" if running else "[red]not running[/red]")
    Console().print(table)
    return 0 if all(states.values()) else 1


def _env() -> int:
    for name, value in lifecycle.environment().items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def _demo(target: str) -> int:
    if target == "compose":
        from testbed.compose.demo import demo
    else:
        from testbed.demo import demo

    demo()
    return 0


def _machine(words: list[str]) -> int:
    import subprocess

    from testbed.compose.demo import MACHINE, OWNER, platform_of
    from testbed.docker.engine import Machine

    platform = platform_of(Machine(MACHINE))
    command = platform.machine.command(words or ["sh"], OWNER, platform.folder)
    return subprocess.run(command, env=platform.environment(), check=False).returncode


def _parts(*, everything: bool) -> int:
    from testbed import parts

    parts.show(parts.Run.ALL_TESTS if everything else parts.Run.TESTS)
    return 0


_COMMANDS = {"down": _down, "status": _status, "env": _env}

if __name__ == "__main__":
    sys.exit(main())
