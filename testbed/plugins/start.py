"""``python -m testbed.plugins.start <module> [arguments]``: runs a stand-in without loading all of Pulumi's SDK.

A stand-in speaks the engine's protocol, and the SDK's package has its messages. The SDK itself is most of the time that
a stand-in would need to start, and the engine starts each of them anew for every command.
"""

from __future__ import annotations

import gc
import importlib
import runpy
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Final

#: The SDK's package, and the one in it that has the protocol's: their own code is passed over.
_PASSED_OVER: Final = ("pulumi", "pulumi.runtime")
_NEEDED: Final = ("pulumi.runtime.proto.status_pb2", "pulumi.runtime._grpc_settings")


def load_protocol() -> None:
    """Imports the protocol's modules, unless the SDK is loaded. No process is to load both, one after the other."""
    if _PASSED_OVER[0] in sys.modules:
        return
    spec = find_spec(_PASSED_OVER[0])
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("the SDK is not installed: run `make`")
    folder = Path(spec.submodule_search_locations[0])
    for name in _PASSED_OVER:
        sys.modules[name] = ModuleType(name)
        sys.modules[name].__path__ = [str(folder.joinpath(*name.split(".")[1:]))]
    try:
        for name in _NEEDED:
            importlib.import_module(name)
    finally:
        for name in _PASSED_OVER:
            del sys.modules[name]


if __name__ == "__main__":
    # What is imported stays to the end, as in the program's own __main__.
    gc.set_threshold(100_000)
    load_protocol()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
