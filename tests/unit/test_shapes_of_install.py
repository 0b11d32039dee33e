"""Every shape of the testbed's Platform is in the documents, with a stack file that has what the tests' stacks have."""

from __future__ import annotations

from collections.abc import Iterator

from ruamel.yaml import YAML

from settings.errors import PROJECT
from testbed import paths
from testbed.platform import shapes
from testbed.platform.shapes import SHAPES
from tests.engine import (
    test_adopt,
    test_adopt_compose,
    test_compose,
    test_dns,
    test_shapes,
    test_stacks,
    test_surroundings,
)
from tests.engine.shapes import KINDS, ROWS, SETTINGS

HOLDERS = (test_adopt, test_adopt_compose, test_compose, test_dns, test_shapes, test_stacks, test_surroundings)
EXAMPLES = paths.CHECKOUT / "examples" / "stacks"


def test_each_shape_has_settings_and_a_line_in_the_documents() -> None:
    assert KINDS.keys() == SETTINGS.keys() == SHAPES.keys()
    assert {each.example for each in ROWS.values()} <= {path.name for path in EXAMPLES.glob("*.yaml")}


def marked() -> Iterator[str]:
    """The rows that tests of the engine take."""
    for module in HOLDERS:
        marks = [
            each
            for name, found in vars(module).items()
            if name.startswith("test_")
            for each in getattr(found, "pytestmark", [])
        ]
        of_cases = [case for each in marks if each.name == "parametrize" for case in each.args[1]]
        marks += [each for case in of_cases for each in getattr(case, "marks", ())]
        yield from (each.args[0] for each in marks if each.name == "row")


def test_each_row_of_the_document_is_taken_by_a_test_of_the_engine() -> None:
    assert sorted(marked()) == sorted(ROWS)


def test_the_example_for_helm_names_all_that_the_tested_stack_names() -> None:
    config = YAML(typ="safe", pure=True).load(EXAMPLES / KINDS[shapes.HELM].example)["config"]
    written = {key.removeprefix(f"{PROJECT}:") for key in config}
    assert SETTINGS[shapes.HELM].keys() <= written
