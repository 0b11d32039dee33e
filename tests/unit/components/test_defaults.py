"""What a component takes where an argument is left out is what a stack takes where the setting is left out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import pulumi
import pytest

from components.studios_on_kubernetes import KubernetesStudios, KubernetesStudiosArgs
from live.cluster import Cluster
from package.parts import PARTS
from settings.parsing import parse_settings
from tests.unit.components.mocks import run

STACK = {
    "platformUrl": "https://example.com",
    "platformVersion": "26.1",
    "namespace": "platform-stage",
    "redisAddress": "redis:6379",
    "hostedZone": "example.com",
}
#: What a stack hands over where its file says nothing, and a component does not take by itself: why.
DIFFERS: Mapping[str, str] = {
    "PodSettings.image_pull_secrets": "whoever names the image names the login of its registry",
    "StudiosConfigurationArgs.ssh_secret": "it has no effect without ssh_key",
}


def handed_over(monkeypatch: pytest.MonkeyPatch, values: Mapping[str, object]) -> dict[str, Any]:
    """Component → the arguments that a stack of those settings gives it."""
    found: dict[str, Any] = {}
    args = KubernetesStudiosArgs(settings=parse_settings(values), cluster=Cluster(), field_manager="studios-test")

    def program() -> None:
        KubernetesStudios("studios", args)

    with monkeypatch.context() as patched:
        for part in PARTS.values():

            def initialised(self: Any, name: str, args: Any, *rest: Any, _of: Any = part.__init__, **more: Any) -> None:
                found.setdefault(type(self).__name__, args)
                _of(self, name, args, *rest, **more)

            patched.setattr(part, "__init__", initialised)
        run(program)
    return found


def differing(args: Any) -> Iterator[str]:
    """The arguments that are not what they are by default, of a component and of its pods."""
    for field in dataclasses.fields(args):
        value = getattr(args, field.name)
        if dataclasses.is_dataclass(value):
            yield from differing(value)
        factory = field.default_factory
        default = field.default if factory is dataclasses.MISSING else factory()
        # What other resources make known has no default.
        has_one = default is not dataclasses.MISSING and not isinstance(value, pulumi.Output)
        if has_one and (tuple(value) if isinstance(value, list) else value) != default:
            yield f"{type(args).__name__}.{field.name}"


def test_components_and_settings_have_the_same_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = handed_over(monkeypatch, STACK)
    of_ssh = {name: args for name, args in handed_over(monkeypatch, STACK | {"ssh": True}).items() if name not in usual}
    assert set(of_ssh) == {"SshHostKey", "SshService"}
    wrong = {name for args in (usual | of_ssh).values() for name in differing(args)}
    assert wrong == set(DIFFERS)
