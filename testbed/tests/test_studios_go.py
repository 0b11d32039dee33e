"""The stand-ins' own tests, in Go."""

from __future__ import annotations

import pytest

from testbed import build, targets


@pytest.mark.parametrize("words", [["vet", "./..."], ["test", "./..."]], ids=["vet", "test"])
@pytest.mark.parametrize("target", [targets.STUDIOS, targets.DATAPLANE, targets.CLOUD], ids=lambda target: target.name)
def test_the_stand_ins_are_sound(target: targets.Target, words: list[str]) -> None:
    assert "FAIL" not in build.run_go(target, words)
