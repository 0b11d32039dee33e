"""Finishes what a killed update began: removes its lock, puts the state right, and runs the command again."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter

from pipeline.created import find
from pipeline.destroy import missing_rights
from pipeline.field_managers import with_own_managers
from pipeline.interrupted import Resumed, State, resume, strangers, without
from pipeline.leftovers import end_leftovers, processes
from pipeline.locks import locks
from pipeline.state_folder import UNREADABLE, mend

FINISHING = ("up", "destroy")


def recover(stack: str, command: str) -> int:
    """Puts the state of ``stack`` right, runs ``pulumi <command>``, and returns the exit code.

    Only for a stack with a dead update: one that still runs on another machine loses its lock.
    """
    leftovers = end_leftovers(processes())
    for name, count in Counter(leftovers).items():
        print(f"ended what a dead engine had left running: {name} ({count})")
    exported = _quietly("stack", stack, "export")
    if UNREADABLE in exported.stderr and mend(_backend(), stack):
        print("the state's file was being written; what was cut off beside it is removed")
        exported = _quietly("stack", stack, "export")
    if exported.returncode:
        return _failed(exported)
    resumed = resume(with_own_managers(json.loads(exported.stdout)), find)
    # Writes the state that it was, where nothing was interrupted: that tells whether the stack is locked.
    written = _import(stack, resumed.state)
    was_locked = written.returncode != 0
    if was_locked:
        written = _without_lock(stack, resumed.state, written.stdout + written.stderr)
        if written.returncode:
            return _failed(written)
    if resumed.interrupted:
        code = _put_right(stack, resumed)
        if code:
            return code
    elif not was_locked and not leftovers:
        print("nothing to recover: the stack has no lock and no interrupted step")
    else:
        print("no step was interrupted")
    if command == "destroy" and (refusal := missing_rights(resumed.state["deployment"].get("resources") or [])):
        print(refusal, file=sys.stderr)
        return 1
    print(f"running pulumi {command}", flush=True)
    # At a terminal Pulumi shows what it is going to do, and asks.
    return subprocess.run([*_pulumi(command, stack), *([] if _asks() else ["--yes"])], check=False).returncode


def _without_lock(stack: str, state: State, said: str) -> subprocess.CompletedProcess[str]:
    """Writes a state that was refused because of a lock, once that is removed.

    Args:
        stack: the stack.
        state: what to write.
        said: what the engine said when it refused.
    """
    held = locks(said)
    running = [lock for lock in held if lock.is_held_by_a_process()]
    if running:
        text = "".join(f"{lock} still runs: wait until it has ended, or end it; then recover\n" for lock in running)
        return subprocess.CompletedProcess([], 1, "", text)
    # Where nothing holds a lock, some backends call that an error: what matters fails again below.
    _quietly("cancel", stack, "--yes")
    for lock in held:
        print(f"the lock of {lock} is removed")
    return _import(stack, state)


def _put_right(stack: str, resumed: Resumed) -> int:
    for urn, operation in sorted(resumed.interrupted.items()):
        print(f"{_name(urn)} was interrupted while {operation}")
    refreshed = _quietly("refresh", stack, "--yes", "--skip-preview")
    if refreshed.returncode:
        return _failed(refreshed)
    exported = _quietly("stack", stack, "export")
    if exported.returncode:
        return _failed(exported)
    state: State = json.loads(exported.stdout)
    left_alone = strangers(state, resumed.adopted)
    for urn, made_id in sorted(left_alone.items()):
        print(f"{_name(urn)}: {made_id} exists, and this stack hasn't made it; it is not touched")
    mended = with_own_managers(without(state, set(left_alone)))
    if mended != state:
        imported = _import(stack, mended)
        if imported.returncode:
            return _failed(imported)
    there = {each["urn"] for each in state["deployment"]["resources"]} - set(left_alone)
    for urn in sorted(there & {each["urn"] for each in resumed.adopted}):
        print(f"{_name(urn)} had been made, and is in the state now")
    return 0


def _backend() -> str:
    """Where the state is kept."""
    told = subprocess.run(["pulumi", "whoami", "--json"], capture_output=True, text=True, check=False)
    return str(json.loads(told.stdout)["url"]) if told.returncode == 0 else ""


def _import(stack: str, state: State) -> subprocess.CompletedProcess[str]:
    # Through a pipe: what is secret in it is encrypted, but the rest is confidential as well.
    return subprocess.run(
        [*_pulumi("stack", stack, "import")], input=json.dumps(state), capture_output=True, text=True, check=False
    )


def _quietly(command: str, stack: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*_pulumi(command, stack, *words), "--non-interactive"],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )


def _pulumi(command: str, stack: str, *words: str) -> list[str]:
    return ["pulumi", command, *words, "--stack", stack, *([] if _asks() else ["--color", "never"])]


def _asks() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _failed(finished: subprocess.CompletedProcess[str]) -> int:
    print(finished.stdout + finished.stderr, end="", file=sys.stderr)
    return finished.returncode


def _name(urn: str) -> str:
    return urn.rsplit("::", 1)[1]
