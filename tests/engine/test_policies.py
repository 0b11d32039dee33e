"""The policy pack on the engine: each policy with a resource that breaks it and one that keeps it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from testbed import paths
from tests.engine.conftest import NewInstall, NewStack
from tests.engine.stack import Finished, Stack, program_in

pytestmark = pytest.mark.slow

PACK = paths.CHECKOUT / "policy"
POLICIES = {
    "no-plain-credentials",
    "tls-1-2-or-newer",
    "certificate-covers-host",
    "long-idle-timeout",
    "public-services",
    "no-open-security-group",
    "restricted-pods",
    "pinned-images",
    "strong-rsa-key",
    "protected-rsa-key",
}
#: ``[mandatory]  pinned-images  (kubernetes:apps/v1:Deployment: proxy)``, as the engine prints a violation.
VIOLATION = re.compile(r"\[mandatory\] +(?P<policy>[a-z0-9-]+) +\(\S+: (?P<resource>\S+)\)")


def violations(finished: Finished) -> dict[str, set[str]]:
    """Policy → the resources that break it."""
    found: dict[str, set[str]] = {}
    for match in VIOLATION.finditer(finished.text):
        found.setdefault(match["policy"], set()).add(match["resource"])
    return found


@pytest.fixture(scope="module", autouse=True)
def _installed(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> None:
    """The pack's own virtualenv."""
    if not (PACK / ".venv").exists():
        Stack("none", PACK, environment).pulumi("install").ok()


@pytest.fixture(scope="module")
def broken(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    program = paths.CHECKOUT / "tests" / "engine" / "programs" / "policies"
    stack = Stack(
        "policies",
        tmp_path_factory.mktemp("policies"),
        environment,
        {"aws:region": environment["AWS_REGION"]},
        program=program_in(program),
    ).create()
    yield stack.preview_text("--policy-pack", str(PACK))
    stack.remove()


def test_each_policy_stops_what_breaks_it_and_nothing_else(broken: Finished) -> None:
    assert broken.code != 0
    assert violations(broken) == {policy: {policy} for policy in POLICIES}


def test_the_program_keeps_every_policy(new_install: NewInstall, new_stack: NewStack) -> None:
    stack = new_stack(new_install("policy"), secret={"redisPassword": "s3cr3t-redis-password"}, protectKey=True)
    finished = stack.preview_text("--policy-pack", str(PACK)).ok()
    assert violations(finished) == {}
    assert "seqera-studios|local|" in finished.text


def test_without_protection_of_the_key_the_program_breaks_one_policy(
    new_install: NewInstall, new_stack: NewStack
) -> None:
    finished = new_stack(new_install("unprotected")).preview_text("--policy-pack", str(PACK))
    assert finished.code != 0
    assert violations(finished) == {"protected-rsa-key": {"studios-oidc-key"}}
