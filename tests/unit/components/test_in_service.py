"""An up ends once a load balancer is in service."""

from __future__ import annotations

from typing import Any, cast

import pulumi
import pytest

from components.in_service import NotInServiceError, ends_in_service, wait_until_in_service
from survey.aws import AwsAccount
from survey.aws_errors import AwsError
from tests.unit.components.mocks import run
from tests.unit.survey.test_balancer import BALANCER, HOSTNAME

OWNER = "Service platform/connect-proxy-ssh"


class Account:
    """An account in which a load balancer is in one state after the other; the last one stays. None: it is missing."""

    def __init__(self, *states: dict[str, str] | None) -> None:
        self.states, self.asked = states, 0

    def pages(self, _service: str, _operation: str, _key: str, read: Any, **_arguments: Any) -> list[Any]:
        state = self.states[min(self.asked, len(self.states) - 1)]
        self.asked += 1
        return [] if state is None else [read({**BALANCER, "State": state})]


MAKING, ACTIVE = {"Code": "provisioning"}, {"Code": "active"}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.in_service._PAUSE_SECONDS", 0.01)


def wait(account: Account, seconds: float = 30) -> int:
    wait_until_in_service(cast("AwsAccount", account), HOSTNAME, OWNER, seconds)
    return account.asked


def test_a_load_balancer_that_is_not_known_yet_or_still_made_is_waited_for() -> None:
    assert wait(Account(None, MAKING, MAKING, ACTIVE)) == 4
    assert wait(Account(ACTIVE)) == 1


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (MAKING, "it is still provisioning"),
        (None, f"AWS has no load balancer {HOSTNAME}"),
        ({"Code": "failed", "Reason": "no free address"}, "its state is failed: no free address"),
    ],
)
def test_one_that_does_not_come_into_service_in_time_is_told_with_its_state(
    state: dict[str, str] | None, reason: str
) -> None:
    with pytest.raises(NotInServiceError) as told:
        wait(Account(state), 0)
    assert str(told.value) == (
        f"the load balancer of {OWNER}, {HOSTNAME}, is not in service after 0 seconds: {reason}. "
        "Put that right and run pulumi up again: it goes on where it stopped"
    )


def test_an_identity_that_may_not_look_is_warned_that_it_was_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    class Denied(Account):
        def pages(self, *_words: Any, **_arguments: Any) -> list[Any]:
            raise AwsError("these credentials may not call elasticloadbalancing:DescribeLoadBalancers")

    warnings: list[str] = []
    monkeypatch.setattr("pulumi.log.warn", warnings.append)
    wait(Denied())
    (warning,) = warnings
    assert warning == (
        f"whether the load balancer of {OWNER} is in service was not checked: "
        "these credentials may not call elasticloadbalancing:DescribeLoadBalancers"
    )


@pytest.mark.parametrize(("is_preview", "asked"), [(True, 0), (False, 2)])
def test_an_update_waits_and_a_preview_does_not(is_preview: bool, asked: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pulumi.runtime.is_dry_run", lambda: is_preview)
    account = Account(MAKING, ACTIVE)
    run(lambda: ends_in_service(pulumi.Output.from_input(HOSTNAME), cast("AwsAccount", account), OWNER, 30))
    assert account.asked == asked


def test_without_an_account_nothing_is_asked() -> None:
    run(lambda: ends_in_service(pulumi.Output.from_input(HOSTNAME), None, OWNER, 30))
