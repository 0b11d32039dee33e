"""Keeps the tables in the documents equal to the code: ``python -m tests.docs --write`` writes them anew."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from components.outputs import outputs_table
from settings.table import config_table
from testbed import paths
from tests import diagram

README = paths.CHECKOUT / "README.md"
ARCHITECTURE = paths.CHECKOUT / "docs" / "architecture.md"
PACKAGE = paths.CHECKOUT / "docs" / "package.md"
EXAMPLES = paths.CHECKOUT / "examples"


def _program(language: str, *path: str) -> Callable[[], str]:
    """A file of an example, as a block of code."""
    return lambda: f"```{language}\n{EXAMPLES.joinpath(*path).read_text()}```"


#: What stands between ``<!-- NAME -->`` and ``<!-- end of NAME -->``, by file and name.
TABLES: Mapping[Path, Mapping[str, Callable[[], str]]] = {
    README: {"config table": config_table, "outputs table": outputs_table, "overview diagram": diagram.overview},
    PACKAGE: {
        "program in Python": _program("python", "package", "__main__.py"),
        "program in TypeScript": _program("typescript", "package-typescript", "index.ts"),
        "program in YAML": _program("yaml", "studios-yaml", "Pulumi.yaml"),
    },
    ARCHITECTURE: {"overview diagram": diagram.overview, "resources diagram": diagram.resources},
}


def with_tables(text: str, tables: Mapping[str, Callable[[], str]]) -> str:
    """The text with each table as the code has it.

    Raises:
        ValueError: the text has no place for one.
    """
    for name, table in tables.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
        if not pattern.search(text):
            raise ValueError(f"there is no <!-- {name} --> … <!-- end of {name} -->")
        text = pattern.sub(lambda match, table=table: f"{match[1]}{table().strip()}\n{match[2]}", text)  # type: ignore[misc]
    return text


def main() -> int:
    """Writes the documents; returns 1 if one was out of date and ``--write`` was not given."""
    outdated = 0
    for path, tables in TABLES.items():
        text = path.read_text()
        wanted = with_tables(text, tables)
        if wanted == text:
            continue
        if "--write" in sys.argv:
            path.write_text(wanted)
        else:
            sys.stderr.write(f"{path.name} is out of date; run: make docs\n")
            outdated = 1
    return outdated


if __name__ == "__main__":
    sys.exit(main())
