"""What the load balancer controller says of an Ingress, and which of it is about the change of this run."""

from __future__ import annotations

from typing import Any

import pytest

from live.ingress import LiveIngress, complaints, hostname_of, verdict_in
from settings.balancers import ALB
from tests.unit.survey.conftest import FakeApi, api, named

__all__ = ["api"]

REFUSED = (
    "Failed deploy model due to operation error Elastic Load Balancing v2: CreateListener, https response error "
    "StatusCode: 400, RequestID: {}, SSLPolicyNotFound: SSL policy 'x' not found"
)
TOLD = (
    "FailedDeployModel: Failed deploy model due to operation error Elastic Load Balancing v2: CreateListener, "
    "https response error StatusCode: 400, SSLPolicyNotFound: SSL policy 'x' not found"
)


def warning(at: int, reason: str, text: str) -> dict[str, Any]:
    return {"lastTimestamp": f"2026-11-25T21:00:{at:02}Z", "reason": reason, "message": text, "type": "Warning"}


def accepted(at: int) -> dict[str, Any]:
    event = warning(at, "SuccessfullyReconciled", "Successfully reconciled")
    return {**event, "type": "Normal"}


def test_a_complaint_that_is_repeated_with_another_request_id_is_told_once_and_the_newest_last() -> None:
    events = [
        warning(9, "FailedDeployModel", f"(combined from similar events): {REFUSED.format('c-3')}"),
        warning(1, "FailedDeployModel", REFUSED.format("a1")),
        warning(5, "FailedBuildModel", "Failed build model due to\n  no subnet"),
        warning(2, "FailedDeployModel", REFUSED.format("b2")),
    ]
    assert complaints(events) == ["FailedBuildModel: Failed build model due to no subnet", TOLD]


def test_the_controllers_last_word_counts() -> None:
    refused = warning(3, "FailedDeployModel", REFUSED.format("a"))
    assert not verdict_in([]).accepted
    assert verdict_in([refused, accepted(4)]).accepted
    assert not verdict_in([accepted(2), refused]).accepted
    # Events have whole seconds: what failed and then went well may be of the same one.
    assert verdict_in([accepted(3), refused]).accepted
    assert verdict_in([accepted(2), refused]).complaints == [TOLD]


def test_other_events_are_no_verdict() -> None:
    sync = {**accepted(5), "reason": "Sync"}
    assert not verdict_in([sync]).accepted
    assert verdict_in([sync]).complaints == []


CLASSES = "/apis/networking.k8s.io/v1/ingressclasses"
OF_CONTROLLER = {"ingress.k8s.aws/alb": "elbv2.k8s.aws/v1beta1", "eks.amazonaws.com/alb": "eks.amazonaws.com/v1"}
ACME: dict[str, Any] = {"group": {"name": "acme"}, "scheme": "internal"}


def ingress(of_class: str | None = "alb", hostname: str = "", **annotations: str) -> dict[str, Any]:
    """An Ingress with these annotations; ``__`` stands for a dot."""
    written = {f"{ALB}{name.replace('__', '.')}": value for name, value in annotations.items()}
    spec = {} if of_class is None else {"ingressClassName": of_class}
    balancers = [{"hostname": hostname}] if hostname else []
    return {"metadata": {"annotations": written}, "spec": spec, "status": {"loadBalancer": {"ingress": balancers}}}


def add_class(api: FakeApi, name: str, params: dict[str, Any], controller: str = "ingress.k8s.aws/alb") -> None:
    path = f"/apis/{OF_CONTROLLER[controller]}/ingressclassparams"
    api.lists.setdefault(path, []).append(named(name, spec=params))
    of_class = named(name, spec={"controller": controller, "parameters": {"name": name}})
    api.lists.setdefault(CLASSES, []).append(of_class)


def moves(api: FakeApi, live: dict[str, Any], wanted: dict[str, Any]) -> bool | None:
    return LiveIngress(api.access, "platform", "connect-ingress").leads_elsewhere(live, wanted)


@pytest.fixture
def classes(api: FakeApi) -> FakeApi:
    """Classes that decide nothing, or group and scheme, of both controllers."""
    for name, params in (("alb", {}), ("alb-too", {}), ("acme", ACME)):
        add_class(api, name, dict(params))
    add_class(api, "auto", {}, "eks.amazonaws.com/alb")
    return api


def test_another_scheme_or_group_leads_to_another_load_balancer_and_nothing_else_does(classes: FakeApi) -> None:
    has = {"scheme": "internal", "group__name": "a"}
    live = ingress(**has, ssl_policy="x")
    assert moves(classes, live, ingress(**has, ssl_policy="y")) is False
    assert classes.asked == []
    assert moves(classes, live, ingress(**{**has, "scheme": "internet-facing"})) is True
    assert moves(classes, live, ingress(scheme="internal")) is True


def test_a_class_that_decides_otherwise_leads_to_another_load_balancer(classes: FakeApi) -> None:
    internal = {"scheme": "internal"}
    assert moves(classes, ingress("alb", scheme="internet-facing"), ingress("acme", scheme="internet-facing")) is True
    assert moves(classes, ingress("alb", **internal), ingress("acme", **internal)) is True
    assert moves(classes, ingress("acme", **internal), ingress("alb", **internal)) is True
    assert moves(classes, ingress("alb", **internal), ingress("auto", **internal)) is True


def test_a_class_that_decides_the_same_leads_to_the_same_load_balancer(classes: FakeApi) -> None:
    assert moves(classes, ingress("alb", scheme="internal"), ingress("alb-too", scheme="internal")) is False
    stated = ingress("alb", scheme="internal", group__name="acme")
    assert moves(classes, stated, ingress("acme", scheme="internal")) is False


def test_to_write_down_what_the_class_decides_already_leads_nowhere(classes: FakeApi) -> None:
    live = ingress("acme", scheme="internet-facing")
    assert moves(classes, live, ingress("acme", scheme="internal", group__name="acme")) is False
    assert moves(classes, live, ingress("acme", scheme="internet-facing", group__name="other")) is False


@pytest.mark.parametrize(
    ("hostname", "scheme"),
    [
        ("", "internal"),
        ("internal-k8s-x.us-east-1.elb.amazonaws.com", "internal"),
        # The scheme is that of another member of the group, or an option of the controller.
        ("k8s-x.us-east-1.elb.amazonaws.com", "internet-facing"),
    ],
)
def test_to_write_down_the_scheme_that_the_load_balancer_has_leads_nowhere(
    classes: FakeApi, hostname: str, scheme: str
) -> None:
    assert moves(classes, ingress(hostname=hostname), ingress(scheme=scheme)) is False
    other = {"internal": "internet-facing", "internet-facing": "internal"}[scheme]
    assert moves(classes, ingress(hostname=hostname), ingress(scheme=other)) is True


def test_an_ingress_with_the_annotation_of_old_has_nothing_from_its_class(classes: FakeApi) -> None:
    old = ingress(None, scheme="internal")
    old["metadata"]["annotations"]["kubernetes.io/ingress.class"] = "acme"
    assert moves(classes, old, ingress("alb", scheme="internal")) is False
    assert moves(classes, old, ingress("acme", scheme="internal")) is True


def test_only_the_controller_knows_where_another_class_leads_that_cannot_be_read(classes: FakeApi) -> None:
    here, there = ingress("alb", scheme="internal"), ingress("acme", scheme="internal")
    classes.refusals[f"{CLASSES}/acme"] = (403, "forbidden")
    assert moves(classes, here, there) is moves(classes, there, here) is None
    assert moves(classes, here, ingress("gone", scheme="internal")) is None
    del classes.refusals[f"{CLASSES}/acme"]
    classes.refusals["/apis/elbv2.k8s.aws/v1beta1/ingressclassparams/acme"] = (403, "forbidden")
    assert moves(classes, here, there) is None
    # In the same class, the annotations are all there is to go by.
    assert moves(classes, there, ingress("acme", scheme="internet-facing")) is True


def test_an_ingress_without_a_load_balancer_has_no_hostname() -> None:
    assert hostname_of({"metadata": {}}) == ""
    assert hostname_of({"metadata": {}, "status": {"loadBalancer": {"ingress": [{"hostname": "a"}]}}}) == "a"
