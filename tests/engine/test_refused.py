"""After a refused run, preview or `up`, the namespace, the zone and ACM are as they were."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.engine.conftest import NewInstall, NewStack
from tests.engine.install import Install
from tests.engine.stack import Stack

pytestmark = pytest.mark.slow

EVERYTHING = "networkpolicies,poddisruptionbudgets,resourcequotas,pods"


@dataclass(frozen=True)
class Refusal:
    """What stands against a stack, and what the message has of it.

    Args:
        says: in the message.
        settings: of the stack.
        done, undone: commands of kubectl that make it so, and that take it back.
        made: an object that is created, and deleted afterwards.
    """

    says: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    done: tuple[str, ...] = ()
    undone: tuple[str, ...] = ()
    made: Mapping[str, Any] | None = None


REFUSALS = {
    "a setting that is wrong": Refusal("proxyReplicas: ", {"proxyReplicas": 0}),
    "a zone that is missing": Refusal("is not a hosted zone of account", {"hostedZone": "{host}"}),
    "a workload that is missing": Refusal("cronDeployment: ", {"cronDeployment": "cron-jobs"}),
    "a Secret that is missing": Refusal("existingTokenSecret: ", {"existingTokenSecret": "no-such-secret"}),
    "another Platform": Refusal("platformUrl: ", {"platformUrl": "https://other.example.com"}),
    "no way to AWS": Refusal("aws:profile: ", {"aws:profile": "no-such-profile"}),
    "no way to the cluster": Refusal("kubeconfig: ", {"kubeconfig": "/no/such/kubeconfig"}),
    "a paused rollout": Refusal(
        "has a paused rollout",
        done=("rollout pause deployment/backend",),
        undone=("rollout resume deployment/backend",),
    ),
    "a name that is taken": Refusal(
        "is taken in namespace",
        made={"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "connect-proxy"}},
    ),
    "a quota that is too small": Refusal(
        "has the ResourceQuota",
        made={
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "few"},
            "spec": {"hard": {"pods": "1"}},
        },
    ),
}
USUAL = {"a zone that is missing", "a quota that is too small", "a paused rollout"}
"""What the ordinary suite tries; `make test-all` tries each."""


@pytest.fixture(scope="module")
def new(new_install: NewInstall, new_stack: NewStack) -> tuple[Install, Stack]:
    install = new_install("refused")
    return install, new_stack(install)


@pytest.fixture
def refusal(request: pytest.FixtureRequest, new: tuple[Install, Stack]) -> Iterator[Refusal]:
    install, stack = new
    found: Refusal = REFUSALS[request.param]
    usual = dict(stack.config)
    for command in found.done:
        install.kubectl(*command.split())
    if found.made is not None:
        install.kubectl("create", "-f", "-", stdin=json.dumps(found.made))
    # `{host}` is Platform's, which a zone must hold.
    written = {key: install.host if value == "{host}" else value for key, value in found.settings.items()}
    stack.set(**written)
    yield found
    stack.set(**{key: usual.get(key) for key in found.settings})
    if found.made is not None:
        install.kubectl("delete", "-f", "-", stdin=json.dumps(found.made))
    for command in found.undone:
        install.kubectl(*command.split())


def snapshot(install: Install) -> tuple[Any, ...]:
    """Everything that a refused run must leave as it is."""
    zone = install.client("route53").get_paginator("list_resource_record_sets").paginate(HostedZoneId=install.zone_id)
    return (
        install.objects(),
        install.names(EVERYTHING),
        [record for page in zone for record in page["ResourceRecordSets"] if install.host in record["Name"]],
        install.certificates(),
    )


@pytest.mark.parametrize(
    "refusal",
    [name if name in USUAL else pytest.param(name, marks=pytest.mark.slow) for name in REFUSALS],
    indirect=True,
)
def test_a_refused_run_leaves_everything_as_it_is_and_is_plain_words(
    new: tuple[Install, Stack], refusal: Refusal
) -> None:
    install, stack = new
    before = snapshot(install)
    for run in (stack.preview_text, stack.up):
        finished = run()
        assert finished.code != 0, finished.text
        assert refusal.says in finished.text
        assert "Traceback" not in finished.text
        assert "Exception calling application" not in finished.text
        assert snapshot(install) == before
