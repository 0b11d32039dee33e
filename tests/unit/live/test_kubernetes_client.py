"""The client of the `kubernetes` package is loaded without its models, and nothing else in the process notices."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from types import ModuleType

import pytest

from live import kubernetes_client as module
from live.kubernetes_client import kubernetes_client
from testbed import paths


def printed_by(program: str) -> list[str]:
    finished = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], cwd=paths.CHECKOUT, check=True, capture_output=True, text=True
    )
    return finished.stdout.split()


def test_no_model_and_no_api_group_is_loaded() -> None:
    program = """
        import sys
        from live.kubernetes_client import kubernetes_client
        kubernetes_client()
        folders = [getattr(module, "__file__", None) or "" for module in sys.modules.values()]
        print(sum("/kubernetes/client/models/" in path or "/kubernetes/client/api/" in path for path in folders))
    """
    assert printed_by(program) == ["0"]


def test_a_program_that_imports_the_package_gets_all_of_it() -> None:
    program = """
        from live.kubernetes_client import kubernetes_client
        ours = kubernetes_client().client
        import kubernetes.client, kubernetes.watch
        print(kubernetes.client.V1Pod(kind="Pod").to_dict()["kind"], kubernetes.client is ours)
        print(kubernetes.watch.Watch.__module__)
    """
    assert printed_by(program) == ["Pod", "False", "kubernetes.watch.watch"]


def test_what_a_program_has_imported_before_stays_as_it_is() -> None:
    program = """
        import sys
        import kubernetes.client
        before = {name: module for name, module in sys.modules.items() if name.startswith("kubernetes")}
        from live.kubernetes_client import kubernetes_client
        kubernetes_client()
        print(before == {name: module for name, module in sys.modules.items() if name.startswith("kubernetes")})
    """
    assert printed_by(program) == ["True"]


def test_another_threads_walk_through_the_finders_is_not_disturbed() -> None:
    program = """
        import sys
        from live.kubernetes_client import kubernetes_client
        class Walk(list):
            def insert(self, *_):
                raise AssertionError
            remove = insert
        sys.meta_path = Walk(sys.meta_path)
        kubernetes_client()
        print(*(type(finder).__name__ for finder in sys.meta_path if "live" in type(finder).__module__))
    """
    assert printed_by(program) == []


def test_the_client_is_loaded_once() -> None:
    assert kubernetes_client() is kubernetes_client()


def test_an_import_that_another_thread_disturbs_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def disturbed(name: str) -> ModuleType:
        tried.append(name)
        if len(tried) < 3:
            # What requests says of a module that botocore has tried to import meanwhile.
            raise KeyError("urllib3.contrib.pyopenssl")
        return ModuleType(name)

    monkeypatch.setattr("importlib.import_module", disturbed)
    module._import_requests()
    assert tried == ["requests"] * 3


def test_urllib3_says_nothing_of_socks_though_the_filters_of_requests_are_lost() -> None:
    program = """
        import contextlib, sys
        import live.kubernetes_client
        sys.stderr = sys.stdout
        with contextlib.suppress(ImportError):
            import urllib3.contrib.socks
    """
    assert printed_by(program) == []
