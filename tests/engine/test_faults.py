"""What goes wrong on the way, in the API server and in AWS: a clear message, and `pulumi up` finishes the job."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from testbed.faults import Answer, Relay, Request, first, kubernetes_status
from tests.engine.conftest import NewInstall, NewStack
from tests.engine.install import Install
from tests.engine.relays import relays
from tests.engine.stack import Stack

pytestmark = pytest.mark.slow

#: What the API server answers to which write, and what a user reads. Each write waits for the one before: an object
#: that waits for nothing, as the server's StatefulSet, may be there after the first.
FAILURES: dict[str, tuple[Answer, str, str]] = {
    "500 to the first Secret": (
        kubernetes_status(500, "InternalError", "etcdserver: leader changed"),
        "/secrets",
        "etcdserver: leader changed",
    ),
    "503 to the proxy's Deployment": (
        kubernetes_status(503, "ServiceUnavailable", "the server is currently unable to handle the request"),
        r"/deployments(/connect-proxy)?(\?|$)",
        "the server is currently unable to handle the request",
    ),
}


def _writes(request: Request, place: str) -> bool:
    """Whether the request makes or changes an object there; a provider may do the first either way."""
    return request.method in ("POST", "PATCH") and bool(re.search(place, request.path)) and "dryRun" not in request.path


@dataclass
class Disturbed:
    """A stack that reaches the API server and AWS through relays."""

    install: Install
    stack: Stack
    api: Relay
    aws: Relay
    before: dict[str, Any]
    certificates: dict[str, str]


@pytest.fixture(scope="module")
def disturbed(
    new_install: NewInstall, new_stack: NewStack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Disturbed]:
    install = new_install("faults")
    with relays(install.environment, tmp_path_factory.mktemp("relay")) as (api, aws, variables):
        stack = new_stack(install, variables=variables)
        yield Disturbed(install, stack, api, aws, install.objects(), install.certificates())


@pytest.mark.parametrize("case", FAILURES)
def test_an_answer_that_refuses_a_write_is_what_the_user_reads(disturbed: Disturbed, case: str) -> None:
    answer, place, message = FAILURES[case]
    disturbed.api.fault = first(1, answer, lambda request: _writes(request, place))
    finished = disturbed.stack.up()
    disturbed.api.fault = None
    assert len(disturbed.api.disturbed) == 1, finished.text
    disturbed.api.disturbed.clear()
    assert finished.code != 0
    assert message in " ".join(finished.text.split())
    assert "Traceback" not in finished.text


def test_requests_that_came_too_fast_are_made_again(disturbed: Disturbed) -> None:
    too_many = kubernetes_status(429, "TooManyRequests", "Too many requests, please try again later.")
    disturbed.api.fault = first(2, too_many, lambda request: _writes(request, "/ingresses"))
    disturbed.stack.up().ok()
    disturbed.api.fault = None
    assert len(disturbed.api.disturbed) == 2
    disturbed.api.disturbed.clear()


def test_throttled_and_slow_calls_of_aws_only_take_longer(disturbed: Disturbed) -> None:
    throttled = Answer(
        400,
        b'{"__type": "ThrottlingException", "message": "Rate exceeded"}',
        "application/x-amz-json-1.1",
    )
    answers = [throttled, Answer(delay=2.0), throttled]

    def fault(request: Request) -> Answer | None:
        return answers.pop() if answers and request.aws_target.endswith("DescribeCertificate") else None

    disturbed.aws.fault = fault
    disturbed.stack.refresh().ok()
    disturbed.aws.fault = None
    assert answers == []


def test_one_more_up_finishes_the_job_and_nothing_is_doubled(disturbed: Disturbed) -> None:
    disturbed.stack.up().ok()
    assert disturbed.stack.preview("--expect-no-changes").changes == {}
    assert len(disturbed.install.certificates()) == len(disturbed.certificates) + 1
    assert len(disturbed.install.pods("connect-proxy")) == 2


def test_a_destroy_that_is_refused_once_is_finished_by_another_and_leaves_nothing(disturbed: Disturbed) -> None:
    unavailable = kubernetes_status(503, "ServiceUnavailable", "the server is currently unable to handle the request")
    disturbed.api.fault = first(1, unavailable, lambda request: request.method == "DELETE")
    finished = disturbed.stack.destroy()
    disturbed.api.fault = None
    assert "Traceback" not in finished.text
    disturbed.stack.destroy().ok()
    assert disturbed.install.objects() == disturbed.before
    assert disturbed.install.certificates() == disturbed.certificates
