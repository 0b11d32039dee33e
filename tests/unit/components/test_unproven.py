"""An object that may be another owner's is refused where the engine is about to make it, and nowhere else."""

from __future__ import annotations

import pytest

from components.studios_on_kubernetes import KubernetesStudios, KubernetesStudiosArgs
from live.cluster import Cluster
from settings.errors import Problem
from settings.parsing import parse_settings
from tests.unit.components.mocks import Recording, run
from tests.unit.components.test_studios_on_kubernetes import MINIMUM

TAKEN = Problem("proxyName", "connect-proxy", "is taken")


def studios(unproven: dict[str, Problem]) -> Recording:
    args = KubernetesStudiosArgs(
        settings=parse_settings(MINIMUM), cluster=Cluster(), field_manager="studios-test", unproven=unproven
    )

    def program() -> None:
        KubernetesStudios("studios", args)

    return run(program)


def _hooked(recording: Recording) -> set[str]:
    return {hook for asked in recording.resources.values() for hook in asked.before_create}


def test_the_engine_is_stopped_before_it_makes_what_others_have_made_in_a_preview_too() -> None:
    recording = studios({"Deployment/connect-proxy": TAKEN})
    assert _hooked(recording) - _hooked(studios({})) == {"studios-proxy-deployment-made-by-others"}
    assert recording["studios-proxy-deployment"].before_create == ["studios-proxy-deployment-made-by-others"]
    hook = recording.resource_hooks["studios-proxy-deployment-made-by-others"]
    assert hook.opts is not None
    assert hook.opts.on_dry_run
    with pytest.raises(RuntimeError, match=r'^seqera-studios:proxyName: "connect-proxy" is taken$'):
        hook.callback(None)  # type: ignore[arg-type]


def test_what_a_resource_says_before_its_creation_it_says_none_the_less() -> None:
    recording = studios({"Ingress/connect-ingress": TAKEN})
    assert recording["studios-ingress-ingress"].before_create == [
        "studios-ingress-ingress-before",
        "studios-ingress-ingress-made-by-others",
    ]
