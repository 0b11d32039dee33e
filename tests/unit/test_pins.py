"""A package that several requirements name has one version."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
OURS = dict(re.findall(r"^([\w-]+)==(\S+)$", (CHECKOUT / "requirements.in").read_text(), re.MULTILINE))
OTHERS = sorted([CHECKOUT / "policy" / "requirements.txt", *CHECKOUT.glob("examples/*/requirements.txt")])


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.parent.name)
def test_examples_and_policies_run_on_the_versions_of_the_program(path: Path) -> None:
    theirs = dict(re.findall(r"^([\w-]+)==(\S+)$", path.read_text(), re.MULTILINE))
    assert "pulumi" in theirs
    assert {name: version for name, version in theirs.items() if name in OURS} == {
        name: OURS[name] for name in theirs if name in OURS
    }
