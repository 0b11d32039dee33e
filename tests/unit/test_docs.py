"""The documents say what the code does."""

from __future__ import annotations

import pytest

from tests.docs import README, TABLES, with_tables


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.name)
def test_the_tables_in_the_documents_are_those_of_the_code(path: object) -> None:
    text = README.read_text()
    assert with_tables(text, TABLES[README]) == text
