"""What users of Pulumi do besides `up`: a targeted update, a refresh, and pods that an autoscaler counts."""

from __future__ import annotations

import pytest

from tests.engine.conftest import NewInstall, NewStack
from tests.engine.install import Install
from tests.engine.stack import Stack

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def deployed(new_install: NewInstall, new_stack: NewStack) -> tuple[Install, Stack]:
    install = new_install("habits")
    stack = new_stack(install, drainSeconds=0)
    stack.up().ok()
    return install, stack


def urn_of(stack: Stack, name: str) -> str:
    (urn,) = (each for each in stack.urns() if each.endswith(f"::{name}"))
    return urn


def replicas(install: Install) -> int:
    count: int = install.get("deployment", "connect-proxy")["spec"]["replicas"]
    return count


# The tests of this file are steps of one life, in this order.


def test_an_update_of_one_resource_leaves_the_others_for_the_next(deployed: tuple[Install, Stack]) -> None:
    install, stack = deployed
    stack.set(cacheTtl="7m").up("--target", urn_of(stack, "studios-configuration-proxy")).ok()
    assert install.get("configmap", "connect-proxy")["data"]["LOCAL_CACHE_TTL"] == "7m"
    assert stack.preview().changes == {"studios-proxy-deployment": "update"}
    stack.up().ok()
    assert stack.preview("--expect-no-changes").changes == {}


def test_a_refresh_finds_nothing_after_an_update(deployed: tuple[Install, Stack]) -> None:
    _, stack = deployed
    stack.refresh("--expect-no-changes").ok()
    assert stack.preview("--expect-no-changes").changes == {}


def test_an_update_leaves_the_number_of_pods_that_an_autoscaler_has_chosen(deployed: tuple[Install, Stack]) -> None:
    install, stack = deployed
    # As an autoscaler does, by the Deployment's scale.
    install.kubectl("scale", "deployment", "connect-proxy", "--replicas=4")
    stack.set(proxyReplicas="auto").up().ok()
    assert replicas(install) == 4
    install.kubectl("scale", "deployment", "connect-proxy", "--replicas=3")
    assert stack.preview("--expect-no-changes").changes == {}
    stack.set(cacheTtl="8m").up().ok()
    assert replicas(install) == 3
    assert stack.preview("--refresh").changes == {}
