"""The list of annotations that the load balancer controller reads."""

from __future__ import annotations

import pytest

from testbed import build, ingress_annotations, targets

ALB = "alb.ingress.kubernetes.io"


def test_the_list_is_the_controllers_own() -> None:
    module = build.source(targets.LOAD_BALANCER, targets.LOAD_BALANCER_MODULE, fetch=False)
    if module is None:
        pytest.skip("the controller's source is not on this machine: python -m testbed.ingress_annotations fetches it")
    assert ingress_annotations.in_module(module) == sorted(ingress_annotations.names())


@pytest.mark.parametrize("name", ["scheme", "group.order", "actions.redirect", "listener-attributes.HTTPS-443"])
def test_what_the_controller_reads_is_known(name: str) -> None:
    assert ingress_annotations.is_known(f"{ALB}/{name}")


@pytest.mark.parametrize(
    "name", [f"{ALB}/schema", f"{ALB}/group", f"{ALB}/listener-attributes", f"{ALB}/", "scheme", "example.com/scheme"]
)
def test_what_the_controller_passes_over_is_not(name: str) -> None:
    assert not ingress_annotations.is_known(name)
