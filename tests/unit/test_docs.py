"""The documents say what the code does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs import FILES, TABLES, with_tables


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.name)
def test_the_tables_in_the_documents_are_those_of_the_code(path: Path) -> None:
    text = path.read_text()
    assert with_tables(text, TABLES[path]) == text, "run: make docs"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_generated_file_is_that_of_the_code(path: Path) -> None:
    assert path.read_text() == FILES[path](), "run: make docs"
