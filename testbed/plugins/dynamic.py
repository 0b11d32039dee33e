"""Run on a program's own interpreter: the SDK's server for dynamic resources, which ends when the engine goes away.

It needs nothing but the SDK.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading
import time


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    # As `python -m` has it: modules of the program are found, those beside this file are not.
    sys.path[0] = os.getcwd()
    runpy.run_module("pulumi.dynamic", run_name="__main__", alter_sys=True)
