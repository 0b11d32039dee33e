"""What is said of the pods, seen on pods that run. The tests go on from each other, as a stack's life does."""

from __future__ import annotations

import errno
import json
import os
import signal
import stat
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from settings.mounts import CA_MOUNT
from testbed import paths
from testbed.lifecycle import HOST
from testbed.traffic.site import Site
from tests.engine.stack import Finished
from tests.engine.verified import World
from tests.real import beside
from tests.real.conftest import CA_KEY, CA_SECRET, CONNECT, DRAIN, Studios
from tests.real.on_the_node import (
    Process,
    asking,
    connect,
    further_addresses,
    node_port,
    ready,
    until,
    watching,
)

#: Where EC2 gives a node's credentials to any client, and an address of documentation (RFC 5737).
INSTANCE_METADATA, ELSEWHERE = "169.254.169.254", "198.51.100.7"
#: The only capability that a container may ever have: CAP_NET_BIND_SERVICE.
NET_BIND_SERVICE = 1 << 10
#: Filtering by a program, of the three modes of seccomp.
FILTERED = "2"
UID = "65532"


def _one(studios: Studios, app: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = until(f"a ready pod of {app}", lambda: list(filter(ready, studios.install.pods(app))))
    return found[0]


def _proxy_host(studios: Studios) -> str:
    return f"connect.{studios.install.settings()['platformUrl'].removeprefix('https://')}"


@pytest.mark.usefixtures("unreachable")
def test_every_pod_becomes_ready(studios: Studios) -> None:
    expected = {"connect-proxy": 2, "connect-server": 2, "backend": 1, "cron": 1, "frontend": 1, "redis": 1}
    assert {app: sum(map(ready, studios.install.pods(app))) for app in expected} == expected


def test_a_session_echoes_through_load_balancer_and_pods_and_verify_finds_that_all_holds(
    studios: Studios, tmp_path: Path
) -> None:
    install = studios.install
    site = Site(install.environment, install.namespace, tmp_path, f"https://connect.{HOST}", on_node=True)
    try:
        log = tmp_path / "session.log"
        until("a tunnel of the session", lambda: "tunnel open" in log.read_text(), 90)
        world = World(install, studios.stack, site)
        # The proxies have asked for Platform before there were names, and ask again every five seconds.
        runs: list[Finished] = []

        def all_holds() -> bool:
            runs.append(world.command())
            return runs[-1].code == 0

        # One proxy may be about to register while the other has done so: a run more might meet that one.
        until("all that is asked to hold", all_holds, 60)
        lines = runs[-1].stdout.splitlines()
        assert lines[-1] == "Everything that was asked holds: 23 hold, 0 do not, 0 not checked, 1 not asked."
    finally:
        site.close()


@pytest.mark.parametrize("app", CONNECT)
def test_a_container_runs_as_the_user_of_the_image_filtered_and_with_one_capability_at_most(
    studios: Studios, app: str
) -> None:
    status = Process.of(_one(studios, app)).status
    assert status["Uid"].split() == [UID] * 4
    assert status["Gid"].split() == [UID] * 4
    assert status["Seccomp"] == FILTERED
    assert status["NoNewPrivs"] == "1"
    assert int(status["CapBnd"], 16) == NET_BIND_SERVICE
    assert {status[kind] for kind in ("CapEff", "CapAmb")} == {"0" * 16}


@pytest.mark.parametrize(("app", "folders"), [("connect-proxy", ("tmp", "data")), ("connect-server", ("tmp",))])
def test_a_container_can_write_to_its_folders_and_nowhere_else(
    studios: Studios, app: str, folders: tuple[str, ...]
) -> None:
    root = Process.of(_one(studios, app)).root
    for place in (".", "etc"):
        with pytest.raises(OSError, match="Read-only file system") as refused:
            (root / place / "written-by-a-test").touch()
        assert refused.value.errno == errno.EROFS
    for folder in folders:
        found = (root / folder).stat()
        assert stat.S_IMODE(found.st_mode) & 0o777 == 0o777
        assert str(found.st_gid) == UID
        (root / folder / "written-by-a-test").touch()
        (root / folder / "written-by-a-test").unlink()


def test_no_token_of_a_service_account_is_in_a_container(studios: Studios) -> None:
    for app in CONNECT:
        assert not (Process.of(_one(studios, app)).root / "var/run/secrets").exists()


@pytest.mark.parametrize("app", CONNECT)
def test_a_secret_is_a_file_of_the_containers_group_that_it_can_read_and_not_change(studios: Studios, app: str) -> None:
    file = Process.of(_one(studios, app)).root / CA_MOUNT.lstrip("/") / CA_KEY
    assert file.read_text() == (paths.PKI / "ca.crt").read_text()
    found = file.stat()
    assert (stat.S_IMODE(found.st_mode), found.st_uid, str(found.st_gid)) == (0o644, 0, UID)
    with pytest.raises(OSError, match="Read-only file system"):
        file.write_text("something else")


@pytest.mark.parametrize("app", ["backend", "cron"])
def test_platform_reads_the_pem_file_and_cannot_change_it(studios: Studios, app: str) -> None:
    file = Process.of(_one(studios, app)).root / "data/certs/oidc.pem"
    assert file.read_text().startswith("-----BEGIN ")
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    with pytest.raises(OSError, match="Read-only file system"):
        file.write_text("something else")


def test_network_policies_let_the_proxy_reach_the_server_and_neither_reach_the_credentials_of_the_node(
    studios: Studios,
) -> None:
    proxy, server = _one(studios, "connect-proxy"), _one(studios, "connect-server")
    (frontend,) = studios.install.pods("frontend")
    addresses = {
        "proxy": f"{proxy['status']['podIP']} 8081",
        "server": f"{server['status']['podIP']} 7777",
        "metadata": f"{INSTANCE_METADATA} 80",
        "elsewhere": f"{ELSEWHERE} 80",
    }
    with further_addresses(frontend, INSTANCE_METADATA, ELSEWHERE):
        reached = _reached_from_pods(studios, ("stranger", *CONNECT), addresses)
    assert reached == {
        "stranger": {"proxy", "metadata", "elsewhere"},
        # The same pod with another label: so it is the policy that keeps it out, and that lets it in.
        "connect-proxy": {"proxy", "server", "elsewhere"},
        "connect-server": {"proxy", "elsewhere"},
    }


def _reached_from_pods(studios: Studios, apps: Iterable[str], addresses: dict[str, str]) -> dict[str, set[str]]:
    """The names of the addresses to which a pod gets a connection, for a pod with each workload's label."""
    tries = "; ".join(f"nc -w 3 {where} </dev/null >/dev/null 2>&1 && echo {name}" for name, where in addresses.items())
    spec = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 0,
        "containers": [
            {
                "name": "tries",
                "image": "cr.seqera.io/public/busybox:1.36",
                # The policies' engine learns of a new pod a moment after it has begun.
                "command": ["sh", "-c", f"sleep 2; {tries}; true"],
                # A Service that asks for the label, too, would lead here what is meant for a pod of the stack.
                "readinessProbe": {"exec": {"command": ["false"]}},
            }
        ],
    }
    install, names = studios.install, {f"tries-as-{app}": app for app in apps}
    beside.create(install, dict.fromkeys(names, spec), {name: {"app": app} for name, app in names.items()})
    try:
        pods = [f"pod/{name}" for name in names]
        install.kubectl("wait", *pods, "--for=jsonpath={.status.phase}=Succeeded", "--timeout=60s")
        return {app: set(install.kubectl("logs", name).split()) for name, app in names.items()}
    finally:
        install.kubectl("delete", "pod", *names, "--wait=true")


def test_a_container_that_ends_is_started_again_and_becomes_ready(studios: Studios) -> None:
    pod = _one(studios, "connect-server")
    name = pod["metadata"]["name"]
    os.kill(Process.of(pod).pid, signal.SIGKILL)

    def restarted() -> bool:
        now = studios.install.get("pod", name)
        return bool(now["status"]["containerStatuses"][0]["restartCount"] == 1 and ready(now))

    until(f"{name} is ready again", restarted)


def test_a_pod_that_writes_more_than_its_folder_may_hold_is_evicted_and_replaced(studios: Studios) -> None:
    pod = _one(studios, "connect-proxy")
    name = pod["metadata"]["name"]
    with (Process.of(pod).root / "tmp" / "too-much").open("wb") as file:
        file.write(bytes(70 << 20))

    def evicted() -> str:
        # The Event, since a pod that ends well on being told to is called "Succeeded" all the same.
        about = f"--field-selector=involvedObject.name={name},reason=Evicted"
        return studios.install.kubectl("get", "events", about, "-o", "jsonpath={.items[*].message}").strip()

    assert until(f"{name} is evicted", evicted, 120) == 'Usage of EmptyDir volume "tmp" exceeds the limit "64Mi".'
    until("it has ended", lambda: studios.install.get("pod", name)["status"]["phase"] in {"Succeeded", "Failed"})
    until("two ready proxies", lambda: sum(map(ready, studios.install.pods("connect-proxy"))) == 2)
    studios.install.kubectl("delete", "pod", name)


def test_a_pod_that_is_to_end_serves_those_who_are_connected(studios: Studios) -> None:
    port = node_port(studios.install, "connect-proxy")
    names = studios.install.pod_names("connect-proxy")["connect-proxy"]
    connection = connect(port)
    connection.request("GET", "/health", headers={"Host": _proxy_host(studios)})
    connection.getresponse().read()
    began = time.monotonic()
    studios.install.kubectl("delete", "pod", *names, "--wait=false")
    time.sleep(DRAIN - 3)
    connection.request("GET", "/health", headers={"Host": _proxy_host(studios)})
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200
    until("the old pods are gone", lambda: not names & studios.install.pod_names("connect-proxy")["connect-proxy"])
    assert DRAIN <= time.monotonic() - began < DRAIN + 30


def test_a_server_that_drains_is_found_by_its_name_until_its_end(studios: Studios) -> None:
    address = studios.install.get("pod", "connect-server-0")["status"]["podIP"]
    studios.install.kubectl("delete", "pod", "connect-server-0", "--wait=false")

    def conditions() -> dict[str, bool]:
        selector = "kubernetes.io/service-name=connect-server"
        slices = json.loads(studios.install.kubectl("get", "endpointslices", "-l", selector, "-o", "json"))["items"]
        found = {each["addresses"][0]: each["conditions"] for slice_ in slices for each in slice_["endpoints"]}
        return dict(found.get(address, {}))

    until("the server drains", lambda: conditions().get("terminating"))
    assert conditions() == {"ready": True, "serving": True, "terminating": True}
    until("the server is back", lambda: ready(studios.install.get("pod", "connect-server-0")))


def test_an_update_of_both_replaces_every_pod_and_refuses_no_request(studios: Studios) -> None:
    before = studios.install.pod_names("connect-proxy")
    port = node_port(studios.install, "connect-proxy")
    with asking(port, "/health", _proxy_host(studios)) as client:
        studios.stack.set(logLevel="DEBUG", managementPort=9100, proxyReadinessPath="/ready").up().ok()
    assert client.refused == []
    assert client.answered > 20 * DRAIN
    assert not before["connect-proxy"] & studios.install.pod_names("connect-proxy")["connect-proxy"]


def test_a_proxy_that_is_asked_over_http_is_not_ready_without_redis(studios: Studios) -> None:
    def ready_pods(app: str) -> int:
        return sum(map(ready, studios.install.pods(app)))

    until("both servers are ready", lambda: ready_pods("connect-server") == 2)
    studios.install.kubectl("scale", "statefulset/redis", "--replicas=0")
    until("no proxy is ready", lambda: ready_pods("connect-proxy") == 0)
    # The servers are asked over TCP, which says nothing of Redis.
    assert ready_pods("connect-server") == 2
    studios.install.kubectl("scale", "statefulset/redis", "--replicas=1")
    until("both proxies are ready", lambda: ready_pods("connect-proxy") == 2)
    until("Platform is ready", lambda: ready_pods("backend") == ready_pods("cron") == 1)


def test_platform_restarts_cron_first_then_backend_and_neither_is_ever_missing(studios: Studios) -> None:
    before = studios.install.pod_names("cron", "backend")
    with watching(studios.install, "cron", "backend") as watch:
        studios.stack.set(allowedWorkspaces=[1234567]).up().ok()
    for app in ("cron", "backend"):
        assert min(watch.ready(app)) == 1, app
        assert not before[app] & studios.install.pod_names(app)[app]
    cron_is_back = watch.first_ready_look_without("cron", before["cron"])
    assert cron_is_back <= watch.first_look_without("backend", before["backend"])


@pytest.mark.parametrize("app", CONNECT)
def test_a_pod_that_takes_no_connection_is_not_ready_then_started_again_and_ready_once_it_takes_them(
    studios: Studios, unreachable: dict[str, beside.Unreachable], app: str
) -> None:
    copy = unreachable[app]

    def pod() -> dict[str, Any]:
        return studios.install.get("pod", copy.name)

    def container() -> dict[str, Any]:
        found: dict[str, Any] = pod()["status"]["containerStatuses"][0]
        return found

    def started_again() -> bool:
        return bool(container()["restartCount"] >= 1 and "running" in container()["state"])

    # Six checks by which it is alive, one in 20 seconds, and its drain.
    until(f"{copy.name} is started again", started_again, 180)
    (not_ready,) = (each for each in pod()["status"]["conditions"] if each["type"] == "Ready")
    assert not_ready["status"] == "False"
    after = _seconds(not_ready["lastTransitionTime"]) - copy.since
    assert after < 60, "it was ready until its restart: nothing asked it whether it is"
    assert container()["started"] is False, "it counts as started although it takes no connection"
    copy.network.refuse_connections(refuse=False)
    until(f"{copy.name} is ready again", lambda: container()["started"] and ready(pod()), 120)


def _seconds(time_: str) -> float:
    return datetime.strptime(time_, "%Y-%m-%dT%H:%M:%S%z").timestamp()


@pytest.mark.usefixtures("unreachable")
def test_pods_that_cannot_start_say_what_kwoks_say(studios: Studios) -> None:
    install, broken = studios.install, beside.that_cannot_start(CA_SECRET)

    def told(name: str) -> dict[str, Any]:
        return beside.told_of(install.get("pod", name))

    of_kwok = {name: f"{name}-of-kwok" for name in broken}
    with beside.node_of_kwok("node-kwok"):
        beside.create(install, {of_kwok[name]: beside.on_node("node-kwok", spec) for name, spec in broken.items()})
        until("kwok's pods have a status", lambda: all(beside.has_status(install, name) for name in of_kwok.values()))
        expected = {name: told(of_kwok[name]) for name in broken}
        install.kubectl("delete", "pod", *of_kwok.values())
    for name in broken:
        # A kubelet says something else for a while, each time that it has tried; and where a try ended otherwise, until
        # its next one, which it puts off for five minutes at most.
        deadline = time.monotonic() + 330
        while told(name) != expected[name] and time.monotonic() < deadline:
            time.sleep(0.5)
        said = told(name)
        assert said == expected[name], json.dumps(said, indent=1)


def test_destroy_gives_platform_back_without_an_outage(studios: Studios) -> None:
    with watching(studios.install, "cron", "backend", "frontend") as watch:
        studios.stack.destroy().ok()
    for app in ("cron", "backend", "frontend"):
        assert min(watch.ready(app)) == 1, app
    assert studios.install.pod_names(*CONNECT) == {app: set() for app in CONNECT}
