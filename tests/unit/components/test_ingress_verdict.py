"""A change of the Ingress is done when the controller has brought it about, and fails when it is refused."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any, cast

import pulumi
import pytest
from pulumi.output import Unknown

from components.ingress_verdict import IngressRefusedError, IngressVerdict, Patience, wait_for_verdict
from live.ingress import Before, LiveIngress, Verdict
from survey.aws import AwsAccount
from survey.aws_errors import AwsError
from tests.unit.survey.conftest import FakeApi, api, named

__all__ = ["api"]

OLD, NEW = "old.elb.amazonaws.com", "new.elb.amazonaws.com"
QUICK = Patience(whole=0.4, refused=0.1, silent=0.1)
REFUSED = Verdict(complaints=["FailedDeployModel: SSLPolicyNotFound"])
ACCEPTED = Verdict(accepted=True)


class Steps:
    """An Ingress that is seen in one state after the other; the last one stays."""

    namespace, name = "platform", "connect-ingress"

    def __init__(self, *states: tuple[str, Verdict]) -> None:
        self._states = states
        self._next = iter(states)
        self._verdict = Verdict()

    def read(self) -> dict[str, Any]:
        hostname, self._verdict = next(self._next, self._states[-1])
        balancers = [{"hostname": hostname}] if hostname else []
        return {"metadata": {}, "status": {"loadBalancer": {"ingress": balancers}}}

    def before(self, _annotations: object) -> Before:
        return Before()

    def verdict(self, _before: Before) -> Verdict:
        return self._verdict


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.in_service._PAUSE_SECONDS", 0.01)


def wait(steps: Steps, *, moves: bool = False, effect: Callable[[Any, str], list[str] | None] = lambda *_: []) -> str:
    before = Before(hostname=OLD, moves=moves)
    return wait_for_verdict(cast("LiveIngress", steps), before, QUICK, effect)


def test_a_change_that_the_controller_accepts_is_done() -> None:
    assert wait(Steps((OLD, Verdict()), (OLD, ACCEPTED))) == OLD


def test_a_move_is_done_when_there_is_another_load_balancer() -> None:
    assert wait(Steps((OLD, ACCEPTED), (OLD, ACCEPTED), ("", Verdict()), (NEW, ACCEPTED)), moves=True) == NEW


def move(steps: Steps) -> str:
    return wait_for_verdict(cast("LiveIngress", steps), Before(hostname=OLD, moves=True), QUICK)


def test_a_move_is_known_as_soon_as_there_is_another_load_balancer() -> None:
    assert move(Steps((OLD, ACCEPTED), ("", Verdict()), (NEW, Verdict()))) == NEW
    assert move(Steps((OLD, REFUSED), (NEW, Verdict()))) == NEW


def test_a_move_that_leads_nowhere_is_no_success() -> None:
    with pytest.raises(IngressRefusedError, match=r"It has no other load balancer yet\."):
        move(Steps((OLD, ACCEPTED)))
    with pytest.raises(IngressRefusedError, match=r"It has no other load balancer yet\."):
        wait(Steps((OLD, ACCEPTED)), moves=True)


def may_move(*states: tuple[str, Verdict]) -> str:
    steps = cast("LiveIngress", Steps(*states))
    return wait_for_verdict(steps, Before(hostname=OLD, moves=None), QUICK)


def test_a_change_that_may_be_a_move_is_done_at_another_load_balancer_or_when_the_controller_says_so() -> None:
    assert may_move((OLD, Verdict()), ("", Verdict()), (NEW, Verdict())) == NEW
    assert may_move((OLD, Verdict()), (OLD, ACCEPTED)) == OLD
    # What it said first may have been of something else.
    assert may_move((OLD, ACCEPTED), (OLD, ACCEPTED), (NEW, Verdict())) == NEW


def test_a_change_that_may_be_a_move_is_not_done_while_the_controller_is_silent() -> None:
    with pytest.raises(IngressRefusedError, match="The controller gives no reason"):
        may_move((OLD, Verdict()))


def test_a_record_that_leads_to_a_load_balancer_that_was_replaced_is_no_success(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pulumi.runtime.is_dry_run", lambda: False)
    verdict = IngressVerdict(cast("LiveIngress", Steps((NEW, ACCEPTED))), None, QUICK)
    with pytest.raises(IngressRefusedError) as caught:
        asyncio.run(verdict.confirmed(OLD))
    assert str(caught.value) == (
        f"Ingress platform/connect-ingress has got another load balancer, {NEW}, while this run led its record to "
        f"{OLD}. Run pulumi up again: it leads there"
    )


CLASSES, PARAMS = "/apis/networking.k8s.io/v1/ingressclasses", "/apis/elbv2.k8s.aws/v1beta1/ingressclassparams"


@pytest.mark.parametrize("moves", [True, False, None])
def test_another_class_is_foreseen_as_another_load_balancer_unless_it_leads_to_the_same(
    api: FakeApi, moves: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = {"scheme": "internal", **({"group": {"name": "acme"}} if moves else {})}
    classes = [("alb", {}), ("acme", {"parameters": {"name": "acme"}})]
    live: dict[str, Any] = named("connect-ingress", spec={"ingressClassName": "alb"})
    live["status"] = {"loadBalancer": {"ingress": [{"hostname": f"internal-{OLD}"}]}}
    api.lists = {
        CLASSES: [named(name, spec={"controller": "ingress.k8s.aws/alb", **more}) for name, more in classes],
        PARAMS: [named("acme", spec=params)],
        "/apis/networking.k8s.io/v1/namespaces/platform/ingresses": [live],
    }
    if moves is None:
        api.refusals[f"{CLASSES}/acme"] = (403, "forbidden")
    ingress = LiveIngress(api.access, "platform", "connect-ingress")
    verdict = IngressVerdict(ingress, None, QUICK)
    wanted = {"metadata": {"annotations": {}}, "spec": {"ingressClassName": "acme"}}
    foreseen = verdict._foreseen(f"internal-{OLD}", wanted)
    assert isinstance(foreseen, Unknown) is (moves is not False)
    args = pulumi.ResourceHookArgs("", "", "", "", new_inputs={**wanted, "apiVersion": "networking.k8s.io/v1"})
    # The hook itself registers with an engine.
    monkeypatch.setattr("pulumi.ResourceHook", lambda _name, look: look)
    verdict.hook("before")(args)
    assert verdict._before is not None
    assert verdict._before.moves is moves


def test_a_move_that_the_controller_refuses_fails_in_its_words() -> None:
    with pytest.raises(IngressRefusedError, match="SSLPolicyNotFound"):
        move(Steps((OLD, REFUSED)))


def test_what_the_controller_refuses_fails_with_its_words_and_what_is_missing() -> None:
    with pytest.raises(IngressRefusedError) as caught:
        wait(Steps((OLD, REFUSED)), effect=lambda *_: ["its TLS policy is a, not b"])
    assert str(caught.value) == (
        "Ingress platform/connect-ingress is changed, and its load balancer is not.\n"
        "The load balancer controller says:\n"
        "  FailedDeployModel: SSLPolicyNotFound\n"
        "Not in effect:\n"
        "  its TLS policy is a, not b\n"
        "Put that right and run pulumi up again: it goes on where it stopped"
    )


def test_a_complaint_that_passes_by_itself_is_no_refusal() -> None:
    assert wait(Steps((OLD, REFUSED), (OLD, REFUSED), (OLD, ACCEPTED))) == OLD


def test_an_earlier_success_is_none_while_something_is_not_in_effect() -> None:
    missing: Iterator[list[str]] = iter([["no rule"], ["no rule"]])
    assert wait(Steps((OLD, ACCEPTED)), effect=lambda *_: next(missing, [])) == OLD
    with pytest.raises(IngressRefusedError) as caught:
        wait(Steps((OLD, ACCEPTED)), effect=lambda *_: ["its listener has no rule for *.example.com"])
    assert "  its listener has no rule for *.example.com\nThe controller gives no reason" in str(caught.value)


def test_without_events_the_effect_is_enough_and_without_either_time_is() -> None:
    assert wait(Steps((OLD, Verdict()))) == OLD
    assert wait(Steps((OLD, Verdict())), effect=lambda *_: None) == OLD


def test_a_complaint_without_the_effect_being_known_is_a_refusal() -> None:
    with pytest.raises(IngressRefusedError, match="SSLPolicyNotFound"):
        wait(Steps((OLD, REFUSED)), effect=lambda *_: None)


@pytest.mark.parametrize(("missing", "is_waited_for"), [("it is still provisioning", True), ("no rule", False)])
def test_an_unchanged_ingress_waits_as_long_as_a_new_one_for_a_load_balancer_that_aws_still_makes(
    missing: str, is_waited_for: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready_at = time.monotonic() + 0.3
    monkeypatch.setattr(
        "components.ingress_verdict.not_in_effect", lambda *_: [missing] if time.monotonic() < ready_at else []
    )
    patience = Patience(whole=60, refused=0.1, silent=0.05)
    verdict = IngressVerdict(cast("LiveIngress", Steps((OLD, ACCEPTED))), cast("AwsAccount", object()), patience)
    if is_waited_for:
        assert verdict._settled(OLD) == OLD
    else:
        with pytest.raises(IngressRefusedError, match="no rule"):
            verdict._settled(OLD)


def warned_of(account: object, monkeypatch: pytest.MonkeyPatch, *states: tuple[str, Verdict]) -> list[str]:
    """What is warned of once a change is confirmed, with this account."""
    warnings: list[str] = []

    # For no resource: such a message may come too late, and needs the event loop of the thread that it is sent in.
    monkeypatch.setattr("pulumi.log.warn", warnings.append)
    monkeypatch.setattr("pulumi.runtime.is_dry_run", lambda: False)
    ingress = cast("LiveIngress", Steps(*states or ((OLD, ACCEPTED),)))
    verdict = IngressVerdict(ingress, cast("AwsAccount", account), QUICK)
    verdict._before = Before(hostname=OLD, moves=False)
    try:
        assert asyncio.run(verdict.confirmed(OLD)) == OLD
    except IngressRefusedError:
        warnings.append("refused")
    return warnings


class Denied:
    def pages(self, *_words: Any, **_arguments: Any) -> Any:
        raise AwsError("these credentials may not call elasticloadbalancing:DescribeLoadBalancers")


NOT_CHECKED = (
    "whether the load balancer is as Ingress platform/connect-ingress asks for was not checked: these credentials may "
    "not call elasticloadbalancing:DescribeLoadBalancers"
)


def test_an_identity_that_may_not_look_is_warned_once_that_the_effect_was_not_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert warned_of(Denied(), monkeypatch, (OLD, Verdict()), (OLD, Verdict()), (OLD, ACCEPTED)) == [NOT_CHECKED]


def test_a_refusal_says_too_that_the_effect_was_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert warned_of(Denied(), monkeypatch, (OLD, REFUSED)) == [NOT_CHECKED, "refused"]


def test_where_the_account_is_not_known_the_same_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    (text,) = warned_of(None, monkeypatch)
    assert text.rpartition(": ")[2] == "the AWS provider's account is not known here"
