"""On the host, tower.yml is edited by the code that edits it on Kubernetes, over a smaller parser of YAML.

Whatever the text, both make the same of it, or the smaller one refuses it.
"""

from __future__ import annotations

import importlib
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pytest
import yaml_subset
from hypothesis import given
from hypothesis import strategies as st

from live import tower_yml_text as tower_yml
from tests.unit.live.test_tower_yml_text import documents, workspaces

#: What breaks a text in ways that a person might.
PIECES = [
    *"ab:-#{}[],&*|>'\"\n \r\t?!%~.0+\\",
    "\n  ",
    "tower:",
    "data-studio:",
    "allowed-workspaces:",
    "null",
    "---\n",
    "&a ",
    "*a",
    ": ",
    "- ",
    "#c",
    "|\n",
    "\r\n",
]


@contextmanager
def _as_on_the_host() -> Iterator[None]:
    """Imports of ruamel.yaml get the smaller parser, as they do on the host."""
    names = [name for name in sys.modules if name.split(".")[0] in ("ruamel", "live")]
    kept = {name: sys.modules.pop(name) for name in names}
    package = ModuleType("ruamel")
    sys.modules |= {
        "ruamel": package,
        **dict.fromkeys(("ruamel.yaml", *(f"ruamel.yaml.{name}" for name in ("error", "nodes"))), yaml_subset),
    }
    try:
        yield
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] in ("ruamel", "live")]:
            del sys.modules[name]
        sys.modules |= kept


with _as_on_the_host():
    on_the_host = importlib.import_module("live.tower_yml_text")

PATH = ("tower", "data-studio", "allowed-workspaces")
REFUSED = (tower_yml.TowerYmlError, on_the_host.TowerYmlError, yaml_subset.YAMLError)


def made_of(module: Any, text: str, value: list[int] | None, later: list[int] | None) -> tuple[object, ...] | None:
    """All that the module makes of the text; None where it refuses it."""
    try:
        entry = module.read_entry(text, PATH)
        first = module.set_entry(text, PATH, value)
        second = module.set_entry(first, PATH, later)
        return entry.depth, entry.source, entry.value, first, second, module.restore(second, entry)
    except REFUSED:
        return None


@given(documents(), workspaces, workspaces)
def test_what_people_write_is_edited_to_the_same_characters(
    text: str, value: list[int] | None, later: list[int] | None
) -> None:
    made = made_of(on_the_host, text, value, later)
    assert made is not None
    assert made == made_of(tower_yml, text, value, later)


@given(
    documents(),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 2), st.sampled_from(PIECES)), min_size=1, max_size=4),
    workspaces,
)
def test_what_is_broken_is_edited_to_the_same_characters_or_refused(
    text: str, breaks: list[tuple[int, int, str]], value: list[int] | None
) -> None:
    for place, removed, piece in breaks:
        at = place % (len(text) + 1)
        text = text[:at] + piece + text[at + removed :]
    made = made_of(on_the_host, text, value, [1])
    assert made is None or made == made_of(tower_yml, text, value, [1])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: !tag x\n", "a character that no plain text begins with"),
        ("? a\n: b\n", "a complex key"),
        ("tower: {a: :1}\n", "plain text that begins with a colon"),
        ("a: &x\n  b: 1\nc: *y\n", "an alias of an anchor that is not above it"),
        ("a:\n\tb: 1\n", "a tab where a space is expected"),
        ("a: 'x\n", "a quote that is not closed"),
        ("a: [1, 2\n", "a bracket that is not closed"),
        ("a: 1\n  b: 2\n", "a value behind text of several lines"),
        ("a: 1\n---\nb: 2\n", "something behind the end of the document"),
        ("%TAG ! x\n---\na: 1\n", "a directive other than one %YAML 1.2"),
        ("a:\n  b: |\r\n \r\n   text\r\n", "spaces in an empty line that begins a block text"),
        ("[" * 200, "more levels than a configuration has"),
    ],
)
def test_what_it_does_not_know_is_refused_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(yaml_subset.YAMLError) as caught:
        yaml_subset.YAML().compose(text)
    assert caught.value.problem == words
    assert caught.value.problem_mark is not None


@pytest.mark.parametrize(
    "value",
    [
        *("10", "+7", "-3", "010", "1_000", "0b101", "0o17", "0x1F", "-0x1f", "_1", "0o8", "0b2", "0x"),
        *("1.5", "1.", ".5", "1e3", "-1.5E-3", "1_0.5", ".inf", "-.Inf", "1.2.3", "1e", "e1", ".", "-", "+", "-.nan"),
        *("1a0", "30m", "10.0.0.1", "10:30", "2024-1", "1 2", "~", "null", "true", "yes", "on", "False"),
    ],
)
@pytest.mark.parametrize("written", ["{}", "\n      - 10\n      - {}", "[1, {}]", "{{a: {}}}"])
def test_a_plain_value_means_the_same_on_both(value: str, written: str) -> None:
    text = f"tower:\n  data-studio:\n    allowed-workspaces: {written.format(value)}\n"
    made = made_of(on_the_host, text, [7], None)
    assert made is None or made == made_of(tower_yml, text, [7], None)
    assert made is not None or value in (".", "-", "+")


TABS = [
    "tower:\t# ours\n  a: 1\n",
    "tower:\n  a:\t1\t# why\n",
    "\t# a comment\ntower:\n  a: 1\n",
    "tower:\n  a: 1\n\t\n  b: x\ty\n",
    "tower:\n  data-studio:\n    allowed-workspaces:\t[1,\t2]\t# these\n",
    "tower:\n  data-studio:\t\n    allowed-workspaces:\t\n    - 1\t\n    - 2\n",
    "tower: {a:\t1}\n",
    "a: |\n  x\ty\ntower:\n  b: 1\n",
    "a: |\t# text\n  x\n\ntower:\n  b: 1\n",
    "'a'\t:\t'x\ty'\ntower:\n  b: 1\n",
]


@pytest.mark.parametrize("text", TABS)
@pytest.mark.parametrize("module", [tower_yml, on_the_host])
def test_tabs_stay_where_yaml_allows_them(module: Any, text: str) -> None:
    entry = module.read_entry(text, PATH)
    edited = module.set_entry(text, PATH, [7])
    assert module.read_entry(edited, PATH).value == [7]
    assert edited.count("\t") >= text.count("\t") - 3
    assert module.restore(edited, entry) == text
    assert made_of(module, text, [7], None) == made_of(tower_yml, text, [7], None)


@pytest.mark.parametrize("module", [tower_yml, on_the_host])
def test_a_tab_that_indents_is_refused(module: Any) -> None:
    with pytest.raises(module.TowerYmlError, match="is not valid YAML in line 2"):
        module.read_entry("tower:\n\ta: 1\n", PATH)


def test_twice_the_text_takes_no_more_than_twice_the_calls() -> None:
    def calls(kilobytes: int) -> int:
        line = "    key-{}: [some, text]  # with a comment\n"
        lines = "".join(line.format(number) for number in range(kilobytes * 1000 // len(line)))
        text = f"tower:\n  other:\n{lines}"
        counted = Counter[str]()
        sys.setprofile(lambda _frame, event, _function: counted.update([event]))
        try:
            on_the_host.restore(on_the_host.set_entry(text, PATH, [7]), on_the_host.read_entry(text, PATH))
        finally:
            sys.setprofile(None)
        return counted["call"] + counted["c_call"]

    assert calls(40) <= 2.1 * calls(20)
