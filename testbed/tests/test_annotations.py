"""The list of annotations that the load balancer controller reads."""

from __future__ import annotations

import pytest

from testbed import build, targets
from testbed.annotations import INGRESS as ALB
from testbed.annotations import SERVICE, in_module, is_known, names

NLB = f"{SERVICE}/aws-load-balancer"


def test_the_list_is_the_controllers_own() -> None:
    module = build.source(targets.LOAD_BALANCER, targets.LOAD_BALANCER_MODULE)
    assert in_module(module) == sorted(names())


@pytest.mark.parametrize(
    "name",
    [
        f"{ALB}/scheme",
        f"{ALB}/group.order",
        f"{ALB}/actions.redirect",
        f"{ALB}/listener-attributes.HTTPS-443",
        f"{ALB}/multi-cluster-target-group",
        f"{NLB}-nlb-target-type",
        f"{NLB}-access-log-s3-bucket-prefix",
        f"{NLB}-listener-attributes.TCP-22",
    ],
)
def test_what_the_controller_reads_is_known(name: str) -> None:
    assert is_known(name)


@pytest.mark.parametrize(
    "name",
    [
        f"{ALB}/schema",
        f"{ALB}/group",
        f"{ALB}/listener-attributes",
        f"{ALB}/",
        f"{ALB}/aws-load-balancer-scheme",
        f"{NLB}-target-type",
        NLB,
        f"{SERVICE}/scheme",
        "scheme",
        "example.com/scheme",
    ],
)
def test_what_the_controller_passes_over_is_not(name: str) -> None:
    assert not is_known(name)
