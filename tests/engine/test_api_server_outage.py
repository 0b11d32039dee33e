"""The API server ends in the middle of an `up` and of a `destroy`: a message, and the same command finishes the job.

The stacks of this module have an API server of their own, on the testbed's objects, so that others aren't disturbed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from testbed.further_api_server import FurtherApiServer, further_api_server
from tests.engine.conftest import NewInstall, NewStack
from tests.engine.install import Install
from tests.engine.stack import Finished, Stack

pytestmark = pytest.mark.slow

#: What the clients say of a server that isn't there, each in its own words.
AWAY = ("does not answer", "Connection refused", "connection refused", "Connection aborted", "is unreachable")


@dataclass
class Work:
    """A stack with an API server of its own."""

    install: Install
    stack: Stack
    server: FurtherApiServer
    before: dict[str, Any]
    certificates: dict[str, str]

    def without_server_once(self, moment: Callable[[Install], bool], command: Callable[[], Finished]) -> Finished:
        """Runs a command, and ends the server at the moment; starts it again when the command has ended."""
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(command)
            while not running.done() and not moment(self.install):
                time.sleep(0.05)
            assert not running.done(), f"it ended before the moment:\n{running.result().text}"
            self.server.stop()
            try:
                return running.result()
            finally:
                self.server.start()


@pytest.fixture(scope="module")
def work(new_install: NewInstall, new_stack: NewStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Work]:
    install = new_install("outage")
    for name in ("cron", "backend"):
        # A restart takes its time, as that of a real Platform does.
        install.kubectl("patch", "deployment", name, "--patch", json.dumps({"spec": {"minReadySeconds": 4}}))
        install.kubectl("rollout", "status", "deployment", name, "--timeout=30s")
    with further_api_server(install.namespace) as server:
        kubeconfig = tmp_path_factory.mktemp("outage") / "kubeconfig"
        kubeconfig.touch(mode=0o600)
        kubeconfig.write_text(server.kubeconfig())
        # A provider that waits for pods, and has lost the server, ends with its time.
        stack = new_stack(install, variables={"KUBECONFIG": str(kubeconfig)}, drainSeconds=0, readyTimeout=90)
        yield Work(install, stack, server, install.objects(), install.certificates())
        stack.destroy().ok()


def _pods_are_waited_for(install: Install) -> bool:
    if not install.pods("connect-server"):
        return False
    # The provider follows them by then. One that has only begun to look waits until the server is back.
    time.sleep(2)
    return True


def _is_changed(install: Install) -> bool:
    return "TOWER_DATA_STUDIO_CONNECT_URL" in install.get("configmap", "tower-backend-cfg")["data"]


def _backend_restarts(install: Install) -> bool:
    annotations = install.get("deployment", "backend")["spec"]["template"]["metadata"].get("annotations", {})
    return "checksum/studios" in annotations


def _ingress_is_gone(install: Install) -> bool:
    return "ingress.networking.k8s.io/connect-ingress" not in install.names("ingresses")


def _cron_is_given_back(install: Install) -> bool:
    annotations = install.get("deployment", "cron")["spec"]["template"]["metadata"].get("annotations", {})
    return "checksum/studios" not in annotations


UP = {
    "Platform's settings are changed": _is_changed,
    "Platform's backend restarts": _backend_restarts,
}
DESTROY = {"the Ingress is gone": _ingress_is_gone, "cron is given back": _cron_is_given_back}


def _says_that_it_is_away(finished: Finished) -> None:
    assert finished.code != 0
    assert "Traceback" not in finished.text
    assert any(words in finished.text for words in AWAY), finished.text


def test_an_up_that_waits_for_pods_without_its_api_server_says_so_and_not_that_they_may_not_be_seen(work: Work) -> None:
    work.stack.set(nodeSelector={"kubernetes.io/arch": "s390x"}, readyTimeout=15)
    finished = work.without_server_once(_pods_are_waited_for, work.stack.up)
    work.stack.set(nodeSelector=None, readyTimeout=90)
    _says_that_it_is_away(finished)
    assert "may not be listed" not in finished.text


@pytest.mark.parametrize("moment", UP)
def test_an_up_without_its_api_server_ends_in_a_message(work: Work, moment: str) -> None:
    _says_that_it_is_away(work.without_server_once(UP[moment], work.stack.up))


def test_a_command_that_does_not_reach_the_api_server_names_it_and_changes_nothing(work: Work) -> None:
    work.server.stop()
    known = work.stack.urns()
    finished = work.stack.up()
    left = work.stack.urns()
    work.server.start()
    _says_that_it_is_away(finished)
    assert work.server.url in finished.text
    assert left == known


def test_one_more_up_finishes_the_job_and_nothing_is_lost_or_doubled(work: Work) -> None:
    work.stack.up().ok()
    assert work.stack.preview("--expect-no-changes").changes == {}
    assert len(work.install.certificates()) == len(work.certificates) + 1
    for app in ("connect-proxy", "connect-server"):
        assert len(work.install.pods(app)) == 2


def test_a_destroy_waits_minutes_and_not_ten_for_what_is_held_up_while_its_api_server_is_away(work: Work) -> None:
    def hold(finalizers: list[str] | None) -> None:
        patch = json.dumps({"metadata": {"finalizers": finalizers}})
        work.install.kubectl("patch", "poddisruptionbudget", "connect-proxy", "--type=merge", "--patch", patch)

    def is_ending(install: Install) -> bool:
        return "deletionTimestamp" in install.get("poddisruptionbudget", "connect-proxy")["metadata"]

    hold(["example.com/held-up"])
    try:
        finished = work.without_server_once(is_ending, work.stack.destroy)
    finally:
        hold(None)
    _says_that_it_is_away(finished)


@pytest.mark.parametrize("moment", DESTROY)
def test_a_destroy_without_its_api_server_ends_in_a_message(work: Work, moment: str) -> None:
    _says_that_it_is_away(work.without_server_once(DESTROY[moment], work.stack.destroy))


def test_one_more_destroy_leaves_nothing_behind(work: Work) -> None:
    work.stack.destroy().ok()
    assert work.install.objects() == work.before
    assert work.install.certificates() == work.certificates
