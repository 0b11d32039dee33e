"""The short file that a new stack needs is the documented one."""

from __future__ import annotations

import json
import re
from pathlib import Path

from ruamel.yaml import YAML

from settings.parsing import parse_settings

DOCUMENT = Path(__file__).parents[2] / "docs" / "stacks.md"
PREFIX = "seqera-studios:"


def test_the_file_in_the_documents_is_a_whole_stack() -> None:
    (written, *_) = re.findall(r"```yaml\n(config:\n.*?)```", DOCUMENT.read_text(), re.DOTALL)
    config = YAML(typ="safe", pure=True).load(written)["config"]
    own = {key.removeprefix(PREFIX): value for key, value in config.items() if key.startswith(PREFIX)}
    stored = {key: value if isinstance(value, str) else json.dumps(value) for key, value in own.items()}
    settings = parse_settings(stored)
    assert (settings.namespace, settings.session_host) == ("platform-acme", "*.seqera.acme.example")
    assert len(written.splitlines()) < 10
