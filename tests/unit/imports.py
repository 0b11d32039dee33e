"""What the modules of the program import from each other."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from testbed import paths

FOLDERS = ("settings", "live", "survey", "delivery", "components", "package", "pipeline", "policy")
"""Those of the program."""


def files_in(folder: str) -> Iterator[Path]:
    """The modules of a folder of the checkout, without the virtualenv that `pulumi install` makes of a policy pack."""
    return (path for path in (paths.CHECKOUT / folder).rglob("*.py") if ".venv" not in path.parts)


def module_of(path: Path) -> str:
    """The name of a module of the checkout; one of those on a host has no package around it."""
    name = ".".join(path.relative_to(paths.CHECKOUT).with_suffix("").parts)
    return name.removesuffix(".__init__").removeprefix("delivery.instance.")


def imported(text: str, module: str, *, is_package: bool = False) -> set[str]:
    """What a module imports, wherever in it: modules, and names that may be modules.

    Args:
        text: the module.
        module: its name, which relative imports begin from.
        is_package: whether the text is that of an ``__init__.py``.
    """
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")[: len(module.split(".")) - node.level + is_package] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return names


def imported_by(path: Path) -> set[str]:
    """What a module of the checkout imports."""
    return imported(path.read_text(encoding="utf-8"), module_of(path), is_package=path.name == "__init__.py")


@cache
def graph() -> Mapping[str, set[str]]:
    """Each module of the program, and those that it imports."""
    names = {module_of(path): path for path in _files()}
    return {name: imported_by(path) & set(names) - {name} for name, path in names.items()}


def reached_from(module: str) -> set[str]:
    """A module of the program, and all that it imports, and what those import."""
    known, found, rest = graph(), set[str](), [module]
    while rest:
        name = rest.pop()
        if name not in found:
            found.add(name)
            rest += known[name]
    return found


def _files() -> Iterator[Path]:
    for folder in FOLDERS:
        yield from files_in(folder)
