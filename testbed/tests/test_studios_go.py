"""The stand-ins' own tests, in Go."""

from __future__ import annotations

import pytest

from testbed import build, targets


@pytest.mark.parametrize("words", [["vet", "./..."], ["test", "./..."]], ids=["vet", "test"])
def test_the_stand_ins_are_sound(words: list[str]) -> None:
    assert "FAIL" not in build.run_go(targets.STUDIOS, words)
