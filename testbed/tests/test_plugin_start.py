"""A stand-in starts without the SDK, of which it needs the protocol only."""

from __future__ import annotations

import subprocess

import pytest

from testbed import paths


def printed_by(program: str) -> str:
    command = [str(paths.PYTHON), "-c", program]
    return subprocess.run(command, cwd=paths.CHECKOUT, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize("module", ["testbed.plugins.aws", "testbed.language"])
def test_no_stand_in_loads_the_sdk(module: str) -> None:
    loads = f"from testbed.plugins.start import load_protocol; load_protocol(); import {module}.__main__"
    assert printed_by(f"{loads}; import sys; print('pulumi' in sys.modules)") == "False"
