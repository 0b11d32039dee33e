"""What the load balancer controller says of an Ingress, and which of it is about the change of this run."""

from __future__ import annotations

from typing import Any

from live.ingress import complaints, hostname_of, leads_elsewhere, verdict_in
from settings.balancers import ALB

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


def test_another_scheme_or_group_leads_to_another_load_balancer_and_nothing_else_does() -> None:
    has = {f"{ALB}scheme": "internal", f"{ALB}group.name": "a", f"{ALB}ssl-policy": "x"}
    live = {"metadata": {"annotations": has}}
    assert not leads_elsewhere(live, {**has, f"{ALB}ssl-policy": "y"})
    assert leads_elsewhere(live, {**has, f"{ALB}scheme": "internet-facing"})
    assert leads_elsewhere(live, {key: value for key, value in has.items() if "group" not in key})


def test_an_ingress_without_a_load_balancer_has_no_hostname() -> None:
    assert hostname_of({"metadata": {}}) == ""
    assert hostname_of({"metadata": {}, "status": {"loadBalancer": {"ingress": [{"hostname": "a"}]}}}) == "a"
