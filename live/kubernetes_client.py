"""The client of the `kubernetes` package, without what it has for every kind of object.

The package imports a module for each of some 700 kinds and each of 60 API groups. They take half a second and 65 MB,
in the program and again in the process of its providers, and nothing here uses them: objects are plain dicts.
"""

from __future__ import annotations

import importlib
import sys
import threading
import warnings
from collections.abc import Sequence
from contextlib import suppress
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Final, NamedTuple

_PACKAGE: Final = "kubernetes"
_UNUSED: Final = tuple(
    f"{_PACKAGE}.{name}"
    for name in ("client.api", "client.models", "dynamic", "leaderelection", "stream", "utils", "watch")
)
_ATTEMPTS: Final = 10
_LOCK: Final = threading.Lock()
_loaded: list[KubernetesClient] = []

# `requests` silences this, too; but an import of botocore's in another thread may put the filters back meanwhile.
warnings.filterwarnings("ignore", "SOCKS support in urllib3")


class KubernetesClient(NamedTuple):
    """The modules of the package that are used.

    Attributes:
        client: `kubernetes.client`; of its classes only ApiClient, Configuration and the exceptions are real.
        config: `kubernetes.config`.
    """

    client: ModuleType
    config: ModuleType


def kubernetes_client() -> KubernetesClient:
    """The package's client. An import of `kubernetes` elsewhere in the process gets all of it, as usual."""
    with _LOCK:
        if not _loaded:
            _loaded.append(_load())
    return _loaded[0]


def _load() -> KubernetesClient:
    _import_requests()
    others = _taken_from_modules()
    finder = _Unused()
    # A new list each time: an import in another thread may walk through this one. If this one changed, the walk would
    # leave a finder out, and a module that exists would not be found.
    sys.meta_path = [finder, *sys.meta_path]
    try:
        names = (f"{_PACKAGE}.{name}" for name in KubernetesClient._fields)
        return KubernetesClient(*map(importlib.import_module, names))
    finally:
        sys.meta_path = [each for each in sys.meta_path if each is not finder]
        _taken_from_modules()
        sys.modules.update(others)


def _import_requests() -> None:
    """Imports what the package's client imports, though another thread imports something at the same time.

    `requests` walks through `sys.modules`, and stops at one that is gone again: an import of botocore's that it tries,
    and that fails.
    """
    for _ in range(_ATTEMPTS):
        with suppress(KeyError):
            importlib.import_module("requests")
            return


def _taken_from_modules() -> dict[str, ModuleType]:
    # A copy, since another thread may import something meanwhile.
    names = [name for name in list(sys.modules) if name == _PACKAGE or name.startswith(f"{_PACKAGE}.")]
    return {name: sys.modules.pop(name) for name in names}


class _Unused(MetaPathFinder, Loader):
    """Serves an empty module for each that is not used; it has a class of any name."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        unused = any(fullname == name or fullname.startswith(f"{name}.") for name in _UNUSED)
        return ModuleSpec(fullname, self, is_package=True) if unused else None

    def exec_module(self, module: ModuleType) -> None:
        module.__getattr__ = _class_named  # type: ignore[method-assign]


def _class_named(name: str) -> type:
    if name.startswith("__"):
        raise AttributeError(name)
    return type(name, (), {})
