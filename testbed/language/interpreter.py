"""Which Python a program runs on, by the ``runtime`` options of its Pulumi.yaml, and in what environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from google.protobuf import json_format
from pulumi.runtime.proto import language_pb2

_CHECKOUT: Final = Path(__file__).resolve().parents[2]
_SURVEY: Final = Path(__file__).with_name("survey_environment.py")
_SECONDS_FOR_A_SURVEY: Final = 60


class InterpreterError(Exception):
    """The program can't be run with these options; the message is for the user."""


@dataclass(frozen=True)
class Interpreter:
    """A Python, and the folder of its virtualenv if it is in one of the program's choice."""

    executable: Path
    virtualenv: Path | None
    option: str = ""

    @classmethod
    def of(cls, info: language_pb2.ProgramInfo) -> Interpreter:
        """The interpreter that the options name: the ``virtualenv``'s, relative to the Pulumi.yaml, or this one.

        Raises:
            InterpreterError: an option has a value that this host doesn't know, or is one.
        """
        options: dict[str, Any] = json_format.MessageToDict(info.options)
        toolchain = options.pop("toolchain", "pip")
        if toolchain != "pip":
            raise InterpreterError(
                f"runtime option toolchain: {toolchain} is not known to this language host: write 'pip', "
                "or leave it out"
            )
        virtualenv = options.pop("virtualenv", "")
        if options:
            raise InterpreterError(
                f"runtime options {', '.join(sorted(options))} are not known to this language host: "
                "leave them out, or install the official pulumi-language-python"
            )
        if not virtualenv:
            return cls(Path(sys.executable), None)
        folder = Path(info.root_directory, virtualenv)
        return cls(folder / "bin" / "python", folder, virtualenv)

    def require(self) -> None:
        """Raises an :class:`InterpreterError` that says what to do, if the virtualenv isn't there."""
        if not self.executable.exists():
            raise InterpreterError(
                f'The \'virtualenv\' option in Pulumi.yaml is set to "{self.option}", but "{self.option}" doesn\'t '
                "exist or has no Python in it: run `pulumi install` to make it and to install requirements.txt into it."
            )

    def environment(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """The variables for a process on this interpreter: those of ``base`` (this process's own by default), with
        the virtualenv activated."""
        variables = dict(os.environ if base is None else base)
        _drop_checkout(variables)
        if self.virtualenv is not None:
            variables["VIRTUAL_ENV"] = str(self.virtualenv)
            variables["PATH"] = os.pathsep.join([str(self.executable.parent), variables.get("PATH", os.defpath)])
            variables.pop("PYTHONHOME", None)
        return variables

    def plugins(self) -> list[dict[str, Any]]:
        """The contents of the pulumi-plugin.json of each package that is installed, with a version.

        Raises:
            InterpreterError: the interpreter is missing or fails.
        """
        plugins: list[dict[str, Any]] = self._ask("plugins")
        return plugins

    def packages(self) -> dict[str, Any]:
        """What is installed: ``version`` of Python, ``packages`` ([name, version, whether it was asked for and not only
        required by another]).

        Raises:
            InterpreterError: the interpreter is missing or fails.
        """
        packages: dict[str, Any] = self._ask("packages")
        return packages

    def _ask(self, question: str) -> Any:
        self.require()
        command = [str(self.executable), "-I", str(_SURVEY), question]
        result = subprocess.run(
            command, env=self.environment(), capture_output=True, text=True, timeout=_SECONDS_FOR_A_SURVEY, check=False
        )
        if result.returncode:
            raise InterpreterError(f"can't tell what is installed for {self.executable}: {result.stderr.strip()}")
        return json.loads(result.stdout)


def _drop_checkout(variables: dict[str, str]) -> None:
    """Takes back what the launcher put in front of PYTHONPATH for this process: the program shall not see it."""
    first, _, rest = variables.get("PYTHONPATH", "").partition(os.pathsep)
    if first == str(_CHECKOUT):
        variables["PYTHONPATH"] = rest
        if not rest:
            del variables["PYTHONPATH"]
