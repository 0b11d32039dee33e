"""The instances that Systems Manager reaches: scratch directories in which the scripts of documents really run."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: As much as Systems Manager returns of what a command prints.
_LONGEST_OUTPUT = 24000
_TIMEOUT = 300
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


_environments: dict[str, dict[str, str]] = {}


def connect(instance_id: str, environment: Mapping[str, str]) -> None:
    """Lets scripts run for an instance, as if its agent had come online, with these variables and no others."""
    _environments[instance_id] = dict(environment)


def disconnect(instance_id: str) -> None:
    """The agent is gone."""
    _environments.pop(instance_id, None)


def is_connected(instance_id: str) -> bool:
    """Whether the instance's agent is online."""
    return instance_id in _environments


def commands_of(content: Mapping[str, Any], parameters: Mapping[str, list[str]]) -> str:
    """The script of a document of schema 2.2 with the parameters put in."""
    defaults = {name: about.get("default", "") for name, about in (content.get("parameters") or {}).items()}

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in defaults:
            return match[0]
        given = parameters.get(name)
        return str(given[0] if given else defaults[name])

    lines = [line for step in content["mainSteps"] for line in step["inputs"]["runCommand"]]
    return _PLACE.sub(value, "\n".join(lines))


def start(instance_id: str, script: str) -> Run:
    """Runs a script in the background; one for an instance that is not connected stays pending."""
    run = Run()
    environment = _environments.get(instance_id)
    if environment is not None:
        run.status = "InProgress"
        threading.Thread(target=_execute, args=(run, script, environment), daemon=True).start()
    return run


def _execute(run: Run, script: str, environment: Mapping[str, str]) -> None:
    with tempfile.TemporaryDirectory(prefix="ssm-") as folder:
        path = Path(folder) / "_script.sh"
        path.write_text(script)
        try:
            finished = subprocess.run(
                ["/bin/sh", str(path)],
                cwd=folder,
                env={"TMPDIR": folder, "LANG": os.environ.get("LANG", "C.UTF-8"), **environment},
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=_TIMEOUT,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired:
            run.stderr = "timed out"
            run.status = "TimedOut"
        else:
            run.code = finished.returncode
            run.stdout, run.stderr = finished.stdout[-_LONGEST_OUTPUT:], finished.stderr[-_LONGEST_OUTPUT:]
            run.status = "Failed" if finished.returncode else "Success"
    run.ended.set()
