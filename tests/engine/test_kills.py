"""The engine killed in the middle of `up` or `destroy`: one command finishes the job, nothing is lost or doubled."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.engine.conftest import NewInstall, NewStack
from tests.engine.install import Install
from tests.engine.killing import Killer
from tests.engine.relays import relays
from tests.engine.stack import Stack

PROVIDER = "pulumi-resource-kubernetes"
#: The objects that the program makes, of the kinds that are compared.
STUDIOS = {
    "configmap/connect-proxy",
    "configmap/connect-server",
    "deployment.apps/connect-proxy",
    "ingress.networking.k8s.io/connect-ingress",
    "secret/connect-registration-token",
    "secret/platform-oidc-certs",
    "service/connect-proxy",
    "service/connect-server",
    "statefulset.apps/connect-server",
}

IN_A_ROW = 6
"""At least so many writes form a chain: the certificate, its validation, Platform's objects, the proxy's Service, the
Ingress, the record; on destroy the record, the Ingress, the proxy's Service, Platform's objects, the server, its
ConfigMap. The engine begins each once it knows that the one before is done, and a killed engine begins none: each is
first tried in a run of its own, which is killed there or before."""


class Killed(NamedTuple):
    """A stack with an engine that gets killed."""

    install: Install
    stack: Stack
    killer: Killer
    before: dict[str, Any]
    names: set[str]
    certificates: dict[str, str]
    records: dict[str, Any]

    def pulumi(self, command: str) -> tuple[str, ...]:
        """What a user types at first."""
        return ("pulumi", command, "--stack", self.stack.name, "--yes", "--skip-preview", "--non-interactive")

    def recover(self, finish: str = "up") -> tuple[str, ...]:
        """What `make recover` runs."""
        return (sys.executable, "-m", "pipeline", "recover", self.stack.name, finish)


@pytest.fixture
def killed(new_install: NewInstall, new_stack: NewStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killed]:
    install = new_install("kills")
    with relays(install.environment, tmp_path_factory.mktemp("relay")) as (api, aws, variables):
        # Previews are looked at elsewhere, and would double the time.
        stack = new_stack(install, variables={**variables, "PULUMI_OPTION_SKIP_PREVIEW": "true"})
        yield Killed(
            install,
            stack,
            Killer(stack, (api, aws)),
            install.objects(),
            install.names(),
            install.certificates(),
            install.records(),
        )


def _assert_complete(killed: Killed) -> None:
    """Everything is there, once, and as the program wants it."""
    assert killed.stack.preview("--expect-no-changes").changes == {}
    assert json.loads(killed.stack.state())["deployment"].get("pending_operations", []) == []
    new = killed.install.names() - killed.names
    assert new == STUDIOS
    assert len(killed.install.certificates()) == len(killed.certificates) + 1
    assert {pod["status"]["phase"] for pod in killed.install.pods("connect-proxy")} == {"Running"}


def _assert_gone(killed: Killed) -> None:
    """Nothing is left, and Platform is as it was."""
    assert killed.install.objects() == killed.before
    assert killed.install.certificates() == killed.certificates
    left = {name for name in killed.install.records() if name not in killed.records}
    # The validation of Platform's own certificate may need it: docs/recovery.md and the README say so.
    assert {name.partition(" ")[2] for name in left} <= {"CNAME"}
    assert json.loads(killed.stack.state())["deployment"].get("resources", []) == []


@pytest.mark.slow
def test_killed_after_each_of_its_writes_an_up_and_a_destroy_are_finished_one_at_a_time(killed: Killed) -> None:
    # One step at a time, so that each write is followed by a kill.
    killer = killed.killer.one_step_at_a_time()
    killer.until_finished(killer.kill_after_next_write, killed.pulumi("up"), killed.recover("up"))
    assert len(killer.points) > 15
    _assert_complete(killed)

    killer.points.clear()
    killer.until_finished(killer.kill_after_next_write, killed.pulumi("destroy"), killed.recover("destroy"))
    assert len(killer.points) > 12
    _assert_gone(killed)


def test_killed_while_it_waits_for_pods_an_up_is_finished_at_once_with_the_image_put_right(killed: Killed) -> None:
    killed.stack.set(serverImage="cr.seqera.io/enterprise/studios/server:no-such-1")
    killer = killed.killer.sparing_plugins()
    assert killer.kill_after("POST statefulsets/connect-server", *killed.pulumi("up")).code != 0
    _wait_until(lambda: any(_waits(pod) for pod in killed.install.pods("connect-server")))
    assert PROVIDER in killer.outlived()

    killed.stack.set(serverImage=None)
    recovered = killed.killer.run(*killed.recover()).ok()
    assert f"ended what a dead engine had left running: {PROVIDER}" in recovered.text
    _wait_until(lambda: killer.outlived() == [])
    _assert_complete(killed)


def _waits(pod: dict[str, Any]) -> bool:
    return any("waiting" in status["state"] for status in pod["status"].get("containerStatuses", []))


def _wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "this never came true"
        time.sleep(0.2)


@pytest.mark.slow
def test_killed_before_its_writes_while_others_are_under_way_an_up_and_a_destroy_are_finished(killed: Killed) -> None:
    killer = killed.killer
    killer.until_finished(killer.kill_before_next_write, killed.pulumi("up"), killed.recover("up"))
    assert len(killer.points) >= IN_A_ROW
    _assert_complete(killed)

    killer.points.clear()
    killer.until_finished(killer.kill_before_next_write, killed.pulumi("destroy"), killed.recover("destroy"))
    assert len(killer.points) >= IN_A_ROW
    _assert_gone(killed)


@pytest.mark.slow
@pytest.mark.parametrize("write", ["RequestCertificate", "PATCH deployments/cron", "POST ingresses/connect-ingress"])
def test_an_up_that_was_killed_can_be_given_up_and_leaves_nothing(killed: Killed, write: str) -> None:
    finished = killed.killer.kill_after(write, *killed.pulumi("up"))
    assert finished.code != 0
    # Without recovery, the user reads why nothing goes on.
    assert "the stack is currently locked by 1 lock(s)" in killed.stack.up().text
    killed.killer.run(*killed.recover("destroy")).ok()
    _assert_gone(killed)


@pytest.mark.slow
def test_a_certificate_that_was_to_replace_another_is_taken_on_and_the_other_one_deleted(killed: Killed) -> None:
    killed.stack.up().ok()
    (first,) = killed.install.certificates().keys() - killed.certificates.keys()
    killed.stack.set(pathRouting=True)
    assert killed.killer.kill_after("RequestCertificate", *killed.pulumi("up")).code != 0
    assert len(killed.install.certificates()) == len(killed.certificates) + 2
    killed.killer.run(*killed.recover()).ok()
    _assert_complete(killed)
    assert first not in killed.install.certificates()
    killed.stack.destroy().ok()
    _assert_gone(killed)


@pytest.mark.slow
def test_what_somebody_else_made_under_the_name_in_the_meantime_is_left_alone(killed: Killed) -> None:
    finished = killed.killer.kill_before("POST services/connect-server", *killed.pulumi("up"))
    assert finished.code != 0
    killed.install.kubectl("create", "service", "clusterip", "connect-server", "--tcp=80")
    given_up = killed.killer.run(*killed.recover("destroy")).ok()
    told = f"{killed.install.namespace}/connect-server exists, and this stack hasn't made it; it is not touched"
    assert told in given_up.text
    killed.install.kubectl("delete", "service", "connect-server")
    _assert_gone(killed)


@pytest.mark.slow
def test_killed_while_it_wrote_its_state_into_a_folder_it_can_be_read_again(killed: Killed) -> None:
    assert killed.killer.kill_after("POST services/connect-server", *killed.pulumi("up")).code != 0
    folder = Path(urlsplit(killed.stack.environment["PULUMI_BACKEND_URL"]).path)
    (beside,) = folder.rglob(f"{killed.stack.name}.json.attrs")
    beside.write_text("")
    assert "failed to load checkpoint" in killed.stack.up().text
    killed.killer.run(*killed.recover()).ok()
    _assert_complete(killed)
