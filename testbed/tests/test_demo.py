"""What the demos end with, whatever they are shown on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from testbed import demo, parts
from testbed.compose import demo as compose_demo


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the demos show, in order; all that they start does nothing."""
    done: list[str] = []

    def noted(name: str) -> Any:
        return lambda *_, **__: done.append(name)

    for module in (demo, compose_demo):
        monkeypatch.setattr(module, "environment", lambda: {"A": "b"})
        for name in ("show_outputs", "show_rules", "verify"):
            monkeypatch.setattr(module, name, noted(name))
        monkeypatch.setattr(module, "pulumi", lambda *_: None)
    monkeypatch.setattr(demo, "_pods", noted("_pods"))
    monkeypatch.setattr(compose_demo, "_containers", noted("_containers"))
    nothing: dict[str, Any] = {
        name: lambda *_, **__: {} for name in ("start", "wait_for_session", "variables", "missing")
    }
    monkeypatch.setattr(demo, "traffic", SimpleNamespace(**nothing))
    instance = SimpleNamespace(load_balancer_arn="arn", instance_id="i-1")
    monkeypatch.setattr(compose_demo, "network", SimpleNamespace(find=lambda *_: instance))
    monkeypatch.setattr(compose_demo, "Site", lambda _: SimpleNamespace(start=lambda: None, machine=None))
    monkeypatch.setattr(compose_demo, "platform_of", lambda _: SimpleNamespace(containers=lambda: {"backend": 1}))
    for name in ("_keep_web_sockets_open", "bring_online"):
        monkeypatch.setattr(compose_demo, name, lambda *_: None)
    monkeypatch.setattr(compose_demo, "_traffic", lambda *_: {})
    monkeypatch.setattr(parts, "show", lambda run: done.append(f"parts of {run.value}"))
    return done


@pytest.mark.parametrize(
    ("nodes", "run"), [("kwok", "make demo"), ("node", "make demo NODE=real")], ids=["kwok", "real"]
)
def test_the_demo_names_the_parts_that_it_ran_on(
    nodes: str, run: str, shown: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "status", lambda: {"etcd": True, nodes: True})
    demo.demo()
    assert shown == ["show_outputs", "_pods", "show_rules", f"parts of {run}", "verify"]


def test_the_demo_without_traffic_names_them_too(shown: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "status", lambda: {"kwok": True})
    monkeypatch.setattr("testbed.demo.traffic.missing", lambda: "Redis")
    demo.demo()
    assert shown == ["show_outputs", "_pods", "show_rules", "parts of make demo"]


def test_the_demo_on_compose_names_the_parts_that_it_ran_on(shown: list[str]) -> None:
    compose_demo.demo()
    assert shown == ["show_outputs", "_containers", "show_rules", "verify", "parts of make demo TARGET=compose"]
