"""The part of YAML that configuration files are written in, with nothing but Python's standard library (3.9 or newer).

On a Docker Compose host there is no ruamel.yaml. This module stands in for the few names of it that
live/yaml_text.py and live/tower_yml_text.py use, so that the very same code edits tower.yml there. It gives every
node the place that ruamel.yaml gives it, or refuses the text: tags, complex keys, anchors on keys and other rarities.
"""

from __future__ import annotations

from typing import Any

from yaml_parser import root_of
from yaml_reader import MappingNode, Node, ScalarNode, SequenceNode, YAMLError
from yaml_scalars import value_of

__all__ = ["YAML", "MappingNode", "Node", "ScalarNode", "SequenceNode", "YAMLError"]


class YAML:
    """As much of ruamel.yaml's class of this name as is needed."""

    def __init__(self, typ: str = "safe", *, pure: bool = True) -> None:
        if typ != "safe" or not pure:
            raise ValueError("only typ='safe' and pure=True are known here")

    def compose(self, text: str) -> Node | None:
        """The text's root node, None where it holds nothing but comments."""
        return root_of(text)

    def load(self, text: str) -> Any:
        """The text's value: None, booleans, whole numbers, text, lists and dictionaries."""
        root = self.compose(text)
        return None if root is None else value_of(root)
