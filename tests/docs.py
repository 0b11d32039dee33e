"""Keeps generated files and tables equal to the code: ``python -m tests.docs --write`` writes them anew."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from components.outputs import outputs_table
from settings.documents import configuration_page, project_file, required_table
from settings.stack_schema import stack_schema
from survey.role import role_document
from testbed import paths
from tests import diagram, dns_shapes
from tests.bench import document
from tests.engine import shapes

README = paths.CHECKOUT / "README.md"
ARCHITECTURE = paths.CHECKOUT / "docs" / "architecture.md"
OUTPUTS = paths.CHECKOUT / "docs" / "outputs.md"
PACKAGE = paths.CHECKOUT / "docs" / "package.md"
EXAMPLES = paths.CHECKOUT / "examples"


def _program(language: str, *path: str) -> Callable[[], str]:
    """A file of an example, as a block of code."""
    return lambda: f"```{language}\n{EXAMPLES.joinpath(*path).read_text()}```"


#: What stands between ``<!-- NAME -->`` and ``<!-- end of NAME -->``, by file and name.
TABLES: Mapping[Path, Mapping[str, Callable[[], str]]] = {
    README: {"config table": required_table, "overview diagram": diagram.overview, "speed": document.quoted},
    OUTPUTS: {"outputs table": outputs_table},
    PACKAGE: {
        "program in Python": _program("python", "package", "__main__.py"),
        "program in TypeScript": _program("typescript", "package-typescript", "index.ts"),
        "program in YAML": _program("yaml", "studios-yaml", "Pulumi.yaml"),
    },
    paths.CHECKOUT / "docs" / "eks.md": {"shapes of install": shapes.table},
    paths.CHECKOUT / "docs" / "dns.md": {"shapes of DNS": dns_shapes.table},
    ARCHITECTURE: {"overview diagram": diagram.overview, "resources diagram": diagram.resources},
}


#: What is generated as a whole.
FILES: Mapping[Path, Callable[[], str]] = {
    paths.CHECKOUT / "Pulumi.yaml": project_file,
    paths.CHECKOUT / "docs" / "configuration.md": configuration_page,
    paths.CHECKOUT / "pulumi-stack.schema.json": stack_schema,
    paths.CHECKOUT / "docs" / "rbac.yml": role_document,
}


def with_tables(text: str, tables: Mapping[str, Callable[[], str]]) -> str:
    """The text with each table as the code has it.

    Raises:
        ValueError: the text has no place for one.
    """
    for name, table in tables.items():
        pattern = re.compile(rf"(<!-- {name} -->(\n?)).*?(<!-- end of {name} -->)", re.DOTALL)
        if not pattern.search(text):
            raise ValueError(f"there is no <!-- {name} --> … <!-- end of {name} -->")
        text = pattern.sub(lambda match, table=table: f"{match[1]}{table().strip()}{match[2]}{match[3]}", text)  # type: ignore[misc]
    return text


def wanted_texts() -> Iterator[tuple[Path, str]]:
    """Each generated document, as the code has it."""
    for path, text in FILES.items():
        yield path, text()
    for path, tables in TABLES.items():
        yield path, with_tables(path.read_text(), tables)


def main() -> int:
    """Writes the documents; returns 1 if one was out of date and ``--write`` was not given."""
    outdated = 0
    for path, wanted in wanted_texts():
        if path.exists() and path.read_text() == wanted:
            continue
        if "--write" in sys.argv:
            path.write_text(wanted)
        else:
            sys.stderr.write(f"{path.name} is out of date; run: make docs\n")
            outdated = 1
    return outdated


if __name__ == "__main__":
    sys.exit(main())
