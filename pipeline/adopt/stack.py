"""What an adoption does with the stack: its file, its state, and the commands of Pulumi."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from ruamel.yaml import YAML

from pipeline.adopt.plan import Row
from pipeline.adopt.record import alias_is_there
from pipeline.adopt.state import with_adopted
from pipeline.adopt.table import settings_lines, table
from pipeline.created import find
from pipeline.interrupted import Resource
from pipeline.locks import left_behind
from pipeline.text import fitted
from pipeline.verify.deployment import Deployment
from settings.errors import PROJECT
from survey.adopting import VARIABLE
from survey.aws import AwsAccount
from survey.dns import account_of_zones


class AdoptionError(Exception):
    """Why it stops, for the user to read."""


def previewed(stack: str, adopting: Sequence[str]) -> Sequence[Mapping[str, Any]]:
    """The steps of a preview that takes these objects for the stack's own.

    Raises:
        AdoptionError: the preview fails: what it says.
    """
    environment = {**os.environ, VARIABLE: " ".join(adopting)}
    finished = _run("preview", stack, "--json", environment=environment)
    try:
        document = json.loads(finished.stdout)
    except ValueError:
        raise AdoptionError(finished.stdout + finished.stderr) from None
    if finished.returncode:
        said = [str(each["message"]).strip() for each in document.get("diagnostics") or []]
        raise AdoptionError("\n".join([*said, finished.stderr.strip()]).strip())
    steps: Sequence[Mapping[str, Any]] = document["steps"]
    return steps


def take_into_state(
    deployment: Deployment, steps: Sequence[Mapping[str, Any]], objects: Collection[str], token: str | None
) -> None:
    """Puts what exists into the state, as the resources of a preview: :func:`read_what_exists` reads the rest of it.

    Args:
        deployment: the stack.
        steps: those of the preview.
        objects: what is taken in Kubernetes.
        token: the registration token, if it goes into the state.
    """
    stack, zones = deployment.stack, zones_account(deployment)

    def exists(record: Resource) -> bool:
        inputs = record["inputs"]
        return alias_is_there(zones, inputs["zoneId"], str(inputs["name"]).rstrip(".").lower(), inputs["type"])

    state = json.loads(pulumi("stack", stack, "export").stdout)
    adopted, urns = with_adopted(
        state,
        steps,
        objects=objects,
        token=token,
        find=find,
        exists=exists,
        configured={"aws": deployment.aws_settings},
    )
    if urns:
        pulumi("stack", stack, "import", text=json.dumps(adopted))


def read_what_exists(stack: str) -> None:
    """Reads what the state has; until then, it says that everything is as the program wants it."""
    pulumi("refresh", stack, "--yes", "--skip-preview")


def zones_account(deployment: Deployment) -> AwsAccount:
    """Whoever may look into the zones and change them."""
    return account_of_zones(AwsAccount(deployment.aws_access), deployment.settings)


def write(settings: Mapping[str, Any], file: Path) -> None:
    """Writes the settings into the stack's file, and leaves its comments and its order."""
    yaml = YAML()
    yaml.width = 4096
    yaml.preserve_quotes = True
    document = yaml.load(file.read_text())
    for key, value in settings.items():
        if value is None:
            document["config"].pop(f"{PROJECT}:{key}", None)
        else:
            document["config"][f"{PROJECT}:{key}"] = value
    partial = file.with_name(f".{file.name}.partial")
    with partial.open("w") as stream:
        yaml.dump(document, stream)
    partial.replace(file)


def file_of(stack: str) -> Path:
    """The stack's file."""
    return Path(f"Pulumi.{short(stack)}.yaml")


def short(stack: str) -> str:
    """The stack's name without its organization."""
    return stack.rpartition("/")[2]


def pulumi(command: str, stack: str, *words: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a command of Pulumi for the stack; a lock that a killed run has left on it is removed.

    Raises:
        AdoptionError: it fails: what it says.
    """
    finished = _run(command, stack, *words, text=text)
    if finished.returncode and (left := left_behind(finished.stdout + finished.stderr)):
        _run("cancel", stack, "--yes")
        for lock in left:
            say(f"the lock of {lock} is removed")
        finished = _run(command, stack, *words, text=text)
    if finished.returncode:
        raise AdoptionError((finished.stdout + finished.stderr).strip())
    return finished


def _run(
    command: str, stack: str, *words: str, text: str | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    options = ["--stack", stack, "--non-interactive", "--color", "never"]
    return subprocess.run(
        ["pulumi", command, *words, *options],
        input=text,
        env=None if environment is None else dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )


def agreed(question: str) -> bool:
    """Whether the user says yes; the end of the input is a no."""
    if not sys.stdin.isatty():
        return False
    try:
        return input(f"{question}? Only yes is taken: ").strip() == "yes"
    except EOFError:
        print()
        return False


def show(rows: Iterable[Row], settings: Mapping[str, Any], stack: str) -> None:
    """Prints the table, and what is written into the stack's file."""
    print("\n".join(table(rows)))
    if settings:
        print("\n" + "\n".join(settings_lines(settings, file_of(stack).name)))
    print()


def tell_next_steps(stack: str, remove_old: str | None) -> None:
    """Prints the commands that follow.

    Args:
        stack: its name.
        remove_old: when the old objects may go; None where there are none.
    """
    print(
        f"\nThe state of {stack} has it. Next:\n"
        f"  pulumi preview --stack {stack} --diff\n"
        "      what the stack does otherwise\n"
        f"  pulumi up --stack {stack}"
    )
    if remove_old is not None:
        print(f"  make adopt STACK={stack} REMOVE=old\n      {remove_old}")


def say(text: str, stream: TextIO | None = None) -> None:
    """Prints to standard output, or to a stream, in lines that a terminal doesn't break within a word."""
    to = sys.stdout if stream is None else stream
    print(fitted(text, to), file=to, flush=True)
