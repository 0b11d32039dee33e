"""Where the testbed keeps things: state in an ignored folder of the checkout, built binaries in a cache of the user."""

from __future__ import annotations

import os
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
TESTBED = CHECKOUT / "testbed"
#: Another folder makes another testbed of the same checkout, which the first one doesn't see.
STATE = CHECKOUT / os.environ.get("STUDIOS_TESTBED", ".testbed")

LOGS = STATE / "logs"
RECORDS = STATE / "processes"
PKI = STATE / "pki"
BIN = STATE / "bin"
KUBECONFIG = STATE / "kubeconfig"
PULUMI_HOME = STATE / "pulumi-home"
PULUMI_STATE = STATE / "pulumi-state"

#: The interpreter that runs the testbed also runs its plugins: it has what they import.
PYTHON = Path(sys.executable)


def cache_dir() -> Path:
    """The folder of built binaries, shared by all checkouts of this user."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "studios-testbed"
