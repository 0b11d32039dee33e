"""The instances that Systems Manager reaches: scripts of documents really run, here or on a machine of the testbed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: As many characters as GetCommandInvocation returns of what a command prints: the first ones.
_LONGEST_OUTPUT = 24000
_LONGEST_ERROR = 8000
#: How long a step may take unless it says, in seconds.
_TIMEOUT = 3600
_PLACE = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")


@dataclass
class Run:
    """One script on one instance; ``status`` is in the words of Systems Manager."""

    status: str = "Pending"
    code: int = -1
    stdout: str = ""
    stderr: str = ""
    #: Set once it has ended.
    ended: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Script:
    """What a document has run: its text, and for how many seconds at the most."""

    text: str
    seconds: int


@dataclass(frozen=True)
class Agent:
    """How scripts run on one instance.

    Args:
        environment: the variables that they have, and no others.
        enter: the command line before the shell's, which leads onto the machine; empty for this host.
    """

    environment: Mapping[str, str]
    enter: Sequence[str] = ()


_agents: dict[str, Agent] = {}


def connect(instance_id: str, environment: Mapping[str, str], enter: Sequence[str] = ()) -> None:
    """Lets scripts run for an instance, as if its agent had come online; the arguments are those of :class:`Agent`."""
    _agents[instance_id] = Agent(dict(environment), list(enter))


def disconnect(instance_id: str) -> None:
    """The agent is gone."""
    _agents.pop(instance_id, None)


def is_connected(instance_id: str) -> bool:
    """Whether the instance's agent is online."""
    return instance_id in _agents


def script_of(content: Mapping[str, Any], parameters: Mapping[str, list[str]]) -> Script:
    """The script of a document of schema 2.2 and one step, with the parameters put in."""
    defaults = {name: about.get("default", "") for name, about in (content.get("parameters") or {}).items()}

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in defaults:
            return match[0]
        given = parameters.get(name)
        # More than one is a list of lines, as the commands of AWS-RunShellScript are.
        return "\n".join(given) if given else str(defaults[name])

    (step,) = content["mainSteps"]
    inputs = step["inputs"]
    return Script(_PLACE.sub(value, "\n".join(inputs["runCommand"])), int(inputs.get("timeoutSeconds", _TIMEOUT)))


def start(instance_id: str, script: Script) -> Run:
    """Runs a script in the background; one for an instance that is not connected stays pending."""
    run = Run()
    agent = _agents.get(instance_id)
    if agent is not None:
        run.status = "InProgress"
        threading.Thread(target=_execute, args=(run, script, agent), daemon=True).start()
    return run


def _execute(run: Run, script: Script, agent: Agent) -> None:
    with tempfile.TemporaryDirectory(prefix="ssm-") as folder:
        path = Path(folder) / "_script.sh"
        path.write_text(script.text)
        process = subprocess.Popen(
            [*agent.enter, "/bin/sh", str(path)],
            cwd=folder,
            env={"TMPDIR": folder, "LANG": os.environ.get("LANG", "C.UTF-8"), **agent.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            # What the script has started ends with it.
            start_new_session=True,
        )
        try:
            stdout, stderr = process.communicate(timeout=script.seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            run.stderr = "timed out"
            run.status = "TimedOut"
        else:
            run.code = process.returncode
            run.stdout, run.stderr = stdout[:_LONGEST_OUTPUT], stderr[:_LONGEST_ERROR]
            run.status = "Failed" if run.code else "Success"
    run.ended.set()
