"""Whether a load balancer is as its Ingress asks for, by recorded answers of AWS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from settings.balancers import ALB
from settings.default_tags import pairs_in
from survey.aws import AwsAccount
from survey.aws_errors import AwsError
from survey.balancer import not_in_effect

HOSTNAME = "k8s-studios-1.eu-west-1.elb.amazonaws.com"
BALANCER = {
    "DNSName": HOSTNAME.upper(),
    "LoadBalancerArn": "balancer",
    "Scheme": "internal",
    "State": {"Code": "active"},
}
OURS, OTHER = "arn:aws:acm:eu-west-1:111122223333:certificate/ours", "arn:aws:acm:eu-west-1:111122223333:certificate/x"


def live(**annotations: str) -> dict[str, Any]:
    asked = {
        "scheme": "internal",
        "ssl-policy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
        "certificate-arn": OURS,
        "load-balancer-attributes": "idle_timeout.timeout_seconds=301,routing.http2.enabled=false",
        **{name.replace("_", "-"): value for name, value in annotations.items()},
    }
    return {
        "metadata": {"annotations": {f"{ALB}{name}": value for name, value in asked.items()}},
        "spec": {"rules": [{"host": "*.example.com"}]},
    }


class Answers:
    """AWS, as it answers of a load balancer that is all right."""

    def __init__(self, **changes: Any) -> None:
        rule = {"Conditions": [{"Field": "host-header", "HostHeaderConfig": {"Values": ["*.example.com"]}}]}
        listener = {
            "ListenerArn": "listener",
            "Port": 443,
            "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
            "Certificates": [{"CertificateArn": OURS}],
        }
        attributes = {"idle_timeout.timeout_seconds": "301", "routing.http2.enabled": "false", "other": "1"}
        self.answers: dict[str, Any] = {
            "describe_load_balancers": [
                {"LoadBalancerArn": "gateway", "Type": "gateway"},
                {"DNSName": "other", "LoadBalancerArn": "x", "Scheme": "internet-facing"},
                BALANCER,
            ],
            "describe_listeners": [{"Port": 80, "ListenerArn": "plain"}, listener],
            "describe_listener_certificates": [{"CertificateArn": OURS}],
            "describe_rules": [{"Conditions": []}, rule],
            "describe_load_balancer_attributes": {
                "Attributes": [{"Key": key, "Value": value} for key, value in attributes.items()]
            },
            **changes,
        }

    def call(self, _service: str, operation: str, read: Callable[[Any], Any], **_arguments: Any) -> Any:
        return read(self.answers[operation])

    def pages(self, _service: str, operation: str, _key: str, read: Callable[[Any], Any], **_arguments: Any) -> Any:
        return [read(each) for each in self.answers[operation]]


def missing(ingress: dict[str, Any], **changes: Any) -> list[str]:
    return not_in_effect(cast("AwsAccount", Answers(**changes)), ingress, HOSTNAME)


def test_a_load_balancer_that_is_as_asked_for_lacks_nothing() -> None:
    assert missing(live()) == []


def test_everything_that_differs_is_told() -> None:
    wanted = live(
        scheme="internet-facing",
        ssl_policy="ELBSecurityPolicy-2016-08",
        certificate_arn=f"{OURS},{OTHER}",
        load_balancer_attributes="idle_timeout.timeout_seconds=60,client_keep_alive.seconds=1",
    )
    wanted["spec"]["rules"].append({"host": "connect.example.com"})
    assert missing(wanted) == [
        "its scheme is internal, not internet-facing",
        "its TLS policy is ELBSecurityPolicy-TLS13-1-2-2021-06, not ELBSecurityPolicy-2016-08",
        f"its listener has no certificate {OTHER}",
        "its listener has no rule for connect.example.com",
        "its attribute idle_timeout.timeout_seconds is 301, not 60",
        "its attribute client_keep_alive.seconds is unknown to AWS, not 1",
    ]


def test_a_certificate_beside_the_default_one_counts() -> None:
    listener = {**Answers().answers["describe_listeners"][1], "Certificates": [{"CertificateArn": OTHER}]}
    assert missing(live(), describe_listeners=[listener]) == []


def test_a_load_balancer_that_aws_does_not_have_and_one_without_https_are_told() -> None:
    assert missing(live(), describe_load_balancers=[]) == [f"AWS has no load balancer {HOSTNAME}"]
    assert missing(live(), describe_listeners=[]) == ["there is no listener at port 443"]


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ({"Code": "provisioning"}, ["it is still provisioning"]),
        ({"Code": "active_impaired", "Reason": "no capacity"}, []),
        ({"Code": "failed", "Reason": "no free address"}, ["its state is failed: no free address"]),
        ({"Code": "failed"}, ["its state is failed: AWS gives no reason"]),
    ],
)
def test_a_load_balancer_that_does_not_serve_yet_is_told_and_nothing_else_of_it(
    state: dict[str, str], told: list[str]
) -> None:
    assert missing(live(), describe_load_balancers=[{**BALANCER, "State": state}]) == told


def test_an_identity_that_may_not_look_is_told_so() -> None:
    class Denied(Answers):
        def pages(self, *_words: Any, **_arguments: Any) -> Any:
            raise AwsError("these credentials may not call it", code="AccessDenied")

    with pytest.raises(AwsError):
        not_in_effect(cast("AwsAccount", Denied()), live(), HOSTNAME)


def test_the_annotation_of_attributes_is_read_as_the_controller_reads_it() -> None:
    assert pairs_in("a=1, b.c = x=y ,,d") == {"a": "1", "b.c": "x=y"}
    assert pairs_in("") == {}
