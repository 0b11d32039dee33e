"""The list of words finds what it is meant to find, and nothing else."""

from __future__ import annotations

import pytest

from tests.words import wrong_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("it is no number", ["is no"]),
        ("there is no cluster, and none is no longer waited for", []),
        ("the proxy alone reaches it", ["alone"]),
        ("a stack whose state is lost", ["whose"]),
        ("Somebody else owns it, and nobody reads it", ["Somebody", "nobody"]),
        ("a standalone program", []),
    ],
)
def test_a_word_of_the_list_is_found_with_what_to_write_instead(text: str, words: list[str]) -> None:
    assert [word for _, word, _ in wrong_words(text)] == words
