"""Every shape of the testbed's Platform is in the documents, with a stack file that has what the tests' stacks have."""

from __future__ import annotations

from ruamel.yaml import YAML

from settings.errors import PROJECT
from testbed import paths
from testbed.platform import shapes
from testbed.platform.shapes import SHAPES
from tests.engine.shapes import KINDS, SETTINGS

EXAMPLES = paths.CHECKOUT / "examples" / "stacks"


def test_each_shape_has_settings_and_a_line_in_the_documents() -> None:
    assert KINDS.keys() == SETTINGS.keys() == SHAPES.keys()
    assert {each.example for each in KINDS.values()} <= {path.name for path in EXAMPLES.glob("*.yaml")}


def test_the_example_for_helm_names_all_that_the_tested_stack_names() -> None:
    config = YAML(typ="safe", pure=True).load(EXAMPLES / KINDS[shapes.HELM].example)["config"]
    written = {key.removeprefix(f"{PROJECT}:") for key in config}
    assert SETTINGS[shapes.HELM].keys() <= written
