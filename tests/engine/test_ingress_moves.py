"""A move to another load balancer is finished within one `up`; what the controller refuses fails, in its words."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import pytest

from settings.fields import default_of
from testbed.emulator.denials import DENIALS
from testbed.emulator.pace import PACE
from tests.engine.conftest import NewInstall, NewStack
from tests.engine.install import Install
from tests.engine.stack import Stack

pytestmark = pytest.mark.slow

SECONDS = 10.0
"""The emulator's own delay: how long AWS takes to make a load balancer, and to change a record."""
CHANGE = "ChangeResourceRecordSets"
DELETING = {"DeleteLoadBalancer", "DeleteListener", "DeleteRule", "DeleteTargetGroup"}
INGRESS, RECORD = "studios-ingress-ingress", "studios-record-alias"


@dataclass(frozen=True)
class Moves:
    """What an install moved at AWS, without the calls of others: they have load balancers and records there, too."""

    deleted: Sequence[float]
    """When a part of the previous load balancer was deleted."""
    changed: Sequence[float]
    """When a record of the install was changed."""
    gone: Sequence[float]
    """When the previous load balancer itself was deleted."""


@dataclass
class Moved:
    """A stack of which the load balancer is moved, and the emulator's account of its calls."""

    install: Install
    stack: Stack

    @property
    def hostname(self) -> str:
        return str(self.stack.outputs()["loadBalancerHostname"])

    @property
    def record(self) -> str:
        (record,) = (each for key, each in self.install.records().items() if key == f"*.{self.install.host} A")
        return str(record["AliasTarget"]["DNSName"]).rstrip(".")

    def deny(self, **operations: list[str]) -> None:
        """Denies these calls to whoever has an access key of that name."""
        url = f"{self.install.environment['AWS_ENDPOINT_URL']}{DENIALS}"
        body = json.dumps(operations).encode()
        request = urllib.request.Request(url, data=body, method="PUT")  # noqa: S310 (the emulator's)
        urllib.request.urlopen(request, timeout=30).close()  # noqa: S310

    def pace(self, seconds: dict[str, float] | None = None) -> list[tuple[float, str, str]]:
        body = None if seconds is None else json.dumps(seconds).encode()
        url = f"{self.install.environment['AWS_ENDPOINT_URL']}{PACE}"
        method = "GET" if body is None else "PUT"
        request = urllib.request.Request(url, data=body, method=method)  # noqa: S310 (the emulator's)
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            found: dict[str, Any] = json.load(answer)
        return [(float(at), str(operation), str(sent)) for at, operation, sent in found["calls"]]

    def moves(self, previous: Sequence[str]) -> Moves:
        """The calls since the last :meth:`pace` that changed this install's records, or deleted one of these ARNs."""
        calls = self.pace()
        marks = [quote(arn, safe="") for arn in previous]
        deletes = [
            (at, operation)
            for at, operation, sent in calls
            if operation in DELETING and any(mark in sent for mark in marks)
        ]
        return Moves(
            deleted=[at for at, _ in deletes],
            changed=[at for at, operation, sent in calls if operation == CHANGE and self.install.host in sent],
            gone=[at for at, operation in deletes if operation == "DeleteLoadBalancer"],
        )

    def parts(self) -> list[str]:
        """The ARNs of the load balancer, its listeners, their rules and its target groups."""
        elb = self.install.client("elbv2")
        balancer = self.install.load_balancer(self.hostname)["LoadBalancerArn"]
        listeners = [each["ListenerArn"] for each in elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"]]
        rules = [rule["RuleArn"] for each in listeners for rule in elb.describe_rules(ListenerArn=each)["Rules"]]
        groups = elb.describe_target_groups(LoadBalancerArn=balancer)["TargetGroups"]
        return [balancer, *listeners, *rules, *(each["TargetGroupArn"] for each in groups)]


@pytest.fixture(scope="module")
def moved(new_install: NewInstall, new_stack: NewStack) -> Moved:
    install = new_install("moved")
    stack = new_stack(install)
    stack.up().ok()
    return Moved(install, stack)


# The tests of this file are steps of one life, in this order.


def test_an_update_that_stays_on_the_load_balancer_waits_for_its_effect_and_leaves_the_record(moved: Moved) -> None:
    before = moved.hostname
    assert moved.stack.set(idleTimeout=600).preview().changes == {INGRESS: "update"}
    moved.stack.up().ok()
    assert moved.hostname == moved.record == before
    balancer = moved.install.load_balancer(before)["LoadBalancerArn"]
    attributes = moved.install.client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=balancer)["Attributes"]
    assert {"Key": "idle_timeout.timeout_seconds", "Value": "600"} in attributes


RIGHTS = ("DescribeListeners", "DescribeRules", "DescribeLoadBalancerAttributes")


@pytest.mark.parametrize(
    ("seconds", "denied"),
    [
        (610, RIGHTS),
        *((611 + at, [each]) for at, each in enumerate(RIGHTS)),
    ],
)
def test_who_may_not_look_at_the_load_balancer_is_warned_once_that_the_effect_was_not_checked(
    moved: Moved, seconds: int, denied: Sequence[str]
) -> None:
    moved.stack.set(idleTimeout=seconds)
    identity = {"AWS_ACCESS_KEY_ID": "limited", "AWS_SECRET_ACCESS_KEY": "limited"}
    limited = replace(moved.stack, environment={**moved.stack.environment, **identity})
    moved.deny(limited=list(denied))
    try:
        finished = limited.up().ok()
    finally:
        moved.deny()
    place = f"Ingress {moved.install.namespace}/connect-ingress"
    warnings = [line for line in finished.text.splitlines() if "was not checked" in line]
    # The engine prints a diagnostic as it comes, and once more at the end.
    (warning,) = {line.partition("warning: ")[2] for line in warnings}
    assert warning == (
        f"whether the load balancer is as {place} asks for was not checked: these credentials may not call "
        f"elasticloadbalancing:{denied[0]}; allow it (docs/rights.md lists what a deployment needs)"
    )
    assert len(warnings) <= 2
    assert moved.stack.preview("--expect-no-changes").changes == {}


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"loadBalancerGroup": "moved"}, id="to a shared load balancer"),
        pytest.param({"loadBalancerScheme": "internal"}, id="to an internal one"),
        pytest.param({"loadBalancerGroup": None, "loadBalancerScheme": None}, id="back to one of its own"),
    ],
)
def test_record_and_outputs_follow_to_another_load_balancer_within_one_up(
    moved: Moved, settings: dict[str, str | None], capsys: pytest.CaptureFixture[str]
) -> None:
    before, previous = moved.hostname, moved.parts()
    assert moved.stack.set(**settings).preview().changes == {INGRESS: "update", RECORD: "update"}
    # Others' records go on: a change that is late meets the next one of a stack that was killed meanwhile.
    moved.pace({"CreateLoadBalancer": SECONDS, f"{CHANGE} {moved.install.host}": SECONDS})
    try:
        moved.stack.up().ok()
        moves = moved.moves(previous)
    finally:
        moved.pace({})
    assert moved.hostname == moved.record != before
    assert moved.stack.preview("--refresh", "--expect-no-changes").changes == {}
    deleted = min(moves.deleted)
    changed = min(at for at in moves.changed if at > deleted)
    with capsys.disabled():
        print(f"\nfirst delete call to the record's change: {changed - deleted:.1f} s; one delay: {SECONDS:.1f} s")  # noqa: T201
    assert changed - deleted <= 2 * SECONDS


def test_another_name_and_another_target_type_are_finished_within_one_up(moved: Moved) -> None:
    before, previous = moved.hostname, moved.parts()
    moved.pace({})
    moved.stack.set(ingressName="sessions").up().ok()
    moves = moved.moves(previous)
    assert moved.hostname == moved.record != before
    assert min(moves.gone) > min(moves.changed)
    moved.stack.set(targetType="ip").up().ok()
    groups = moved.install.client("elbv2").describe_target_groups(
        LoadBalancerArn=moved.install.load_balancer(moved.hostname)["LoadBalancerArn"]
    )["TargetGroups"]
    assert [group["TargetType"] for group in groups] == ["ip"]
    assert moved.stack.preview("--refresh", "--expect-no-changes").changes == {}


def test_an_update_that_the_controller_refuses_fails_in_its_words_and_again_until_it_is_put_right(
    moved: Moved,
) -> None:
    before, outputs, config = moved.hostname, moved.stack.outputs(), moved.stack.config
    name, was = config.get("ingressName", "connect-ingress"), config.get("idleTimeout", default_of("idleTimeout"))
    subnets = {"alb.ingress.kubernetes.io/subnets": "subnet-0123456789abcdef0"}
    finished = moved.stack.set(ingressAnnotations=subnets, idleTimeout=700).up()
    assert finished.code != 0
    assert "Traceback" not in finished.text
    said = f"Ingress {moved.install.namespace}/{name} is changed, and its load balancer is not."
    assert said in finished.text
    assert finished.text.count("FailedBuildModel: Failed build model due to") >= 1
    assert f"its attribute idle_timeout.timeout_seconds is {was}, not 700" in finished.text
    assert moved.record == before
    assert moved.stack.outputs() == outputs
    again = moved.stack.up()
    assert again.code != 0
    assert said in again.text
    moved.stack.set(ingressAnnotations=None, idleTimeout=700).up().ok()
    assert moved.hostname == moved.record == before
    assert moved.stack.preview("--expect-no-changes").changes == {}
