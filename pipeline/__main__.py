"""The commands of the workflows, and the one after a workflow that was killed.

``python -m pipeline stacks | preview | comment | up | verify | drift | adopt | recover | destroy``
"""

from __future__ import annotations

import os
import signal
import sys


def _interrupted(*_: object) -> None:
    """Ends with one line; a second interrupt would only spoil the end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stderr.write("\ninterrupted\n")
    sys.stderr.flush()
    os._exit(128 + signal.SIGINT)


if __name__ == "__main__":
    # The imports take long enough to be interrupted.
    signal.signal(signal.SIGINT, _interrupted)

import argparse
import json
import re
import subprocess
from pathlib import Path

from pipeline.changes import Change, changes_of
from pipeline.comment import PullRequest
from pipeline.destroy import destroy
from pipeline.engine import run_engine
from pipeline.recover import FINISHING, recover
from pipeline.report import failure, listed, plain, report
from pipeline.stacks import UNKNOWN, missing, stacks_in, table
from pipeline.text import fitted
from pipeline.verify.arguments import add_arguments


def main(words: list[str] | None = None) -> int:
    """Runs one command, in the project's folder, and returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m pipeline", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("stacks", help="print the stacks that have a file: a table at a terminal, else a JSON list")
    for name, text in (
        ("preview", "preview a stack, and write the report on it"),
        ("comment", "put a report on the pull request PULL_REQUEST"),
        ("up", "update a stack"),
        ("drift", "fail if what runs differs from the stack's state or from the program"),
        ("destroy", "say what a destroy restores in Platform, and run it"),
        ("recover", "finish an update that was killed, and no longer runs"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("stack")
        if name in ("preview", "comment"):
            command.add_argument("report", type=Path, help="the report's file")
        if name == "recover":
            command.add_argument("finish", choices=FINISHING, help="what finishes it")
    taking = commands.add_parser("adopt", help="take a Studios that exists already into a stack")
    taking.add_argument("stack")
    taking.add_argument("--yes", action="store_true", help="don't ask")
    taking.add_argument("--remove-old", action="store_true", help="remove what is left of it once the stack serves")
    add_arguments(commands.add_parser("verify", help="check a deployed stack from outside, and change nothing"))
    arguments = parser.parse_args(words)
    if arguments.command == "stacks":
        return _stacks()
    code = _run(arguments)
    if code and arguments.command in _ON_A_STACK and _is_unknown(arguments.stack):
        print(missing(arguments.stack, Path.cwd()), file=sys.stderr)
    return code


_ON_A_STACK = ("preview", "up", "drift", "destroy", "recover", "adopt")
"""The commands that say beside the engine's message what to do about a stack that does not exist."""


def _is_unknown(stack: str) -> bool:
    command = ["pulumi", "stack", "--stack", stack, "--show-name", "--non-interactive"]
    return UNKNOWN in subprocess.run(command, capture_output=True, text=True, check=False).stderr


def _run(arguments: argparse.Namespace) -> int:
    if arguments.command == "preview":
        return _preview(arguments.stack, arguments.report)
    if arguments.command == "comment":
        return _comment(arguments.stack, arguments.report)
    if arguments.command == "verify":
        # It needs the program's packages, and the commands of the workflows run before those are installed.
        from pipeline.verify.command import verify

        return verify(arguments)
    if arguments.command == "adopt":
        from pipeline.adopt.command import adopt

        return adopt(arguments.stack, yes=arguments.yes, remove_old=arguments.remove_old)
    if arguments.command == "destroy":
        return destroy(arguments.stack)
    if arguments.command == "recover":
        return recover(arguments.stack, arguments.finish)
    return _up(arguments.stack) if arguments.command == "up" else _drift(arguments.stack)


def _stacks() -> int:
    folder = Path.cwd()
    try:
        stacks = stacks_in(folder)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    print(fitted(table(folder, stacks), sys.stdout) if sys.stdout.isatty() else json.dumps(stacks))
    return 0


def _preview(stack: str, path: Path) -> int:
    finished = subprocess.run([*_pulumi("preview", stack), "--json"], capture_output=True, text=True, check=False)
    changes = _changes(finished) if finished.returncode == 0 else None
    if changes is None:
        said = _said(finished)
        path.write_text(failure(stack, said))
        print(fitted(said.strip(), sys.stderr), file=sys.stderr)
    else:
        path.write_text(report(stack, changes))
        print(fitted(plain(stack, changes), sys.stdout))
    return finished.returncode or (1 if changes is None else 0)


def _changes(finished: subprocess.CompletedProcess[str]) -> list[Change] | None:
    """What a preview with ``--json`` changes; None where it has not come so far."""
    try:
        document = json.loads(finished.stdout)
        return changes_of(document["steps"], document.get("diagnostics") or [])
    except (ValueError, KeyError):
        return None


def _said(finished: subprocess.CompletedProcess[str], besides: str = "") -> str:
    """What a failed preview said, in words: with ``--json``, they are the diagnostics of its document.

    Args:
        finished: the preview.
        besides: a severity that is left out.
    """
    try:
        diagnostics = json.loads(finished.stdout).get("diagnostics") or []
    except ValueError:
        return finished.stdout + finished.stderr
    return (
        "\n".join(str(each["message"]).strip() for each in diagnostics if each.get("severity") != besides)
        + "\n"
        + finished.stderr
    )


def _comment(stack: str, path: Path) -> int:
    pull_request = PullRequest(
        api=os.environ["GITHUB_API_URL"],
        repository=os.environ["GITHUB_REPOSITORY"],
        number=int(os.environ["PULL_REQUEST"]),
        token=os.environ["GITHUB_TOKEN"],
    )
    text = path.read_text() if path.exists() else failure(stack, "It ended before it could tell why.")
    print(pull_request.comment(stack, text))
    return 0


def _up(stack: str) -> int:
    return run_engine([*_pulumi("up", stack), "--yes", "--diff"], stack, watched=True)


SETTING = re.compile(r"^\s*(error: )?seqera-studios:\w|\d+ settings need a change:", re.MULTILINE)
"""How the program names a setting that it stops at."""
_NOT_COMPARED = """\
Nothing was compared: the program stops at these settings. Write what it says, or check out the revision that
was deployed, and go on:
  make drift STACK={stack}
Only what runs against the stack's state, without the program:
  pulumi refresh --preview-only --stack {stack}"""


def _drift(stack: str) -> int:
    # One command for both: what was changed by hand, and what the program would change.
    command = [*_pulumi("preview", stack), "--refresh", "--json"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    changes = _changes(finished)
    if changes:
        print(fitted(listed(changes), sys.stdout))
    if finished.returncode or changes is None:
        # Without --expect-no-changes it fails for no other reason than that the preview itself has failed.
        said = _said(finished, besides="info").strip()
        print(fitted(said, sys.stderr), file=sys.stderr)
        if SETTING.search(said):
            print(_NOT_COMPARED.format(stack=stack), file=sys.stderr)
    return finished.returncode or (1 if changes is None or changes else 0)


def _pulumi(command: str, stack: str) -> list[str]:
    return ["pulumi", command, "--stack", stack, "--non-interactive", "--color", "never"]


def _exit_code() -> int:
    """Runs the command; a reader that has gone, such as ``head``, ends it as it would end any other."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would try once more to write what is left.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        print("\ninterrupted", file=sys.stderr)
        return 128 + signal.SIGINT
    # As a shell tells of a command that a signal has ended.
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(_exit_code())
