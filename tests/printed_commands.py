"""The commands that the program's messages print, read from the code that makes the messages.

So a command of a new message is found here without an edit. What an f-string fills in is given as ``{…}`` with the
names of its expression.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
FOLDERS = ("settings", "survey", "live", "components", "delivery", "pipeline", "package")
#: Written by `make docs` into the head of the documents and the configuration, where prose surrounds commands.
NO_MESSAGES = ("settings/documents.py", "settings/remedies.py")
PROGRAMS = ("kubectl", "aws", "pulumi", "docker", "make")
FILLED_IN = re.compile(r"\{([\w.]+)\}")
"""What a message fills in."""
_COMMAND = re.compile(rf"(?:^|(?<=[\s`(:]))(?P<command>(?:{'|'.join(PROGRAMS)}) (?=[a-z-])[^`;,\n]*)")
_PROSE = re.compile(
    r"\. |(?<!%s)\)|: it | works| lists| prints| again|, | whether| for | gives | says | or | soon$| writes | shows "
    r"|: \{| \||  +#"
)
_OF_DOCKER = {"login", "logs", "rm", "stop", "unpause"}
_OF_COMPOSE = {"config", "down", "logs", "rm", "up"}
_OF_MAKE = re.compile(r"make [a-z]+ [A-Z]+=")


@dataclass(frozen=True)
class Printed:
    """A command, and the module and line that print it."""

    command: str
    place: str


def printed_commands(program: str) -> list[Printed]:
    """The commands of a program, each once."""
    found: dict[str, Printed] = {}
    for folder in FOLDERS:
        for path in sorted((CHECKOUT / folder).rglob("*.py")):
            if str(path.relative_to(CHECKOUT)) in NO_MESSAGES:
                continue
            for line, text in _texts(ast.parse(path.read_text())):
                for match in _COMMAND.finditer(text):
                    command = _PROSE.split(match["command"])[0].strip().rstrip('."')
                    if command.startswith(f"{program} ") and _is_command(command):
                        found.setdefault(command, Printed(command, f"{path.relative_to(CHECKOUT)}:{line}"))
    return list(found.values())


def _is_command(command: str) -> bool:
    """Whether it goes on as a command does, and is not a sentence about the program."""
    words = command.split()
    if words[0] == "make":
        return _OF_MAKE.match(command) is not None
    if words[0] == "docker":
        if words[1] == "compose":
            return words[2:3] == ["-p"] or not _OF_COMPOSE.isdisjoint(words[2:3])
        return words[1] in _OF_DOCKER or words[1].startswith("-")
    if words[0] == "pulumi" and words[2:3] == ["of"]:
        return False
    return len(words) > 1 and words[1] not in ("cannot", "can't", "uses") and words[1:] != ["get"]


def _texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every text of a module but for its docstrings, with what is filled in as names."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    loose = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if id(node) in docstrings | loose | inside:
            continue
        if isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(_part(each) for each in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def _part(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    assert isinstance(node, ast.FormattedValue)
    names = re.findall(r"[A-Za-z_]\w*", ast.unparse(node.value))
    return "{" + ".".join(names) + "}"
