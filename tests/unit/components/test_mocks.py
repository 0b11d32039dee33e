"""What runs the components under mocks: one program does not disturb the next."""

from __future__ import annotations

import gc

import pulumi
import pytest

from tests.unit.components.mocks import run


def test_a_program_that_fails_leaves_nothing_to_the_next_one() -> None:
    def fails() -> None:
        for name in ("one", "other"):
            pulumi.CustomResource(
                "test:index:Thing", name, {"input": pulumi.Output.from_input(0).apply(lambda zero: 1 / zero)}
            )

    with pytest.raises(ZeroDivisionError):
        run(fails)
    assert run(lambda: None).resources == {}
    # What asyncio says of the first one's futures belongs to this test.
    gc.collect()
