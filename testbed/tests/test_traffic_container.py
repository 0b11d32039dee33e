"""A pod's process gets what a kubelet would give its container: the variables and files of its spec, or a reason."""

from __future__ import annotations

import base64
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from testbed.traffic.addresses import Network, Routes, take
from testbed.traffic.container import NotStartedError, Spec
from testbed.traffic.running import Running

POD: dict[str, Any] = {
    "metadata": {"name": "proxy-1", "namespace": "platform", "uid": "u-1"},
    "spec": {
        "nodeName": "node-1",
        "volumes": [
            {"name": "certs", "secret": {"secretName": "oidc", "items": [{"key": "oidc.pem", "path": "a/key.pem"}]}},
            {"name": "config", "configMap": {"name": "tower-yml"}},
            {"name": "data", "emptyDir": {}},
        ],
    },
    "status": {"hostIP": "10.0.0.1"},
}
OBJECTS: dict[tuple[str, str], Mapping[str, Any]] = {
    ("configmaps", "settings"): {"data": {"A": "from the map", "B": "too"}},
    ("configmaps", "tower-yml"): {"data": {"tower.yml": "tower: {}\n"}},
    ("secrets", "oidc"): {"data": {"oidc.pem": base64.b64encode(b"the key").decode(), "other": ""}},
    ("secrets", "token"): {"data": {"token": base64.b64encode(b"t0ken").decode()}},
}


def spec(**container: Any) -> Spec:
    def get(kind: str, name: str) -> Mapping[str, Any] | None:
        return OBJECTS.get((kind, name))

    return Spec(POD, container, get, "127.64.0.3")


def test_variables_of_env_come_before_those_of_maps_and_quote_earlier_ones() -> None:
    made = spec(
        envFrom=[{"configMapRef": {"name": "settings"}}, {"prefix": "P_", "secretRef": {"name": "token"}}],
        env=[
            {"name": "B", "value": "own"},
            {"name": "C", "value": "$(B) and $(A), $$(B) and $(NONE)"},
            {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "token", "key": "token"}}},
            {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "ADDRESS", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "GONE", "valueFrom": {"configMapKeyRef": {"name": "none", "key": "x", "optional": True}}},
        ],
    )
    assert made.environment() == {
        "A": "from the map",
        "B": "own",
        "P_token": "t0ken",
        "C": "own and from the map, $(B) and $(NONE)",
        "TOKEN": "t0ken",
        "NAME": "proxy-1",
        "ADDRESS": "127.64.0.3",
    }


@pytest.mark.parametrize(
    ("container", "reason"),
    [
        ({"envFrom": [{"secretRef": {"name": "none"}}]}, 'secret "none" not found'),
        (
            {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "token", "key": "none"}}}]},
            "couldn't find key none in secret token",
        ),
    ],
)
def test_what_must_exist_and_does_not_is_a_reason_not_to_start(container: dict[str, Any], reason: str) -> None:
    with pytest.raises(NotStartedError) as caught:
        spec(**container).environment()
    assert str(caught.value) == reason


def test_files_are_laid_out_as_they_are_mounted_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    spec(
        volumeMounts=[
            {"name": "certs", "mountPath": "/data/certs"},
            {"name": "config", "mountPath": "/tower.yml", "subPath": "tower.yml"},
            {"name": "data", "mountPath": "/data/own"},
        ]
    ).write_files(tmp_path)
    key = tmp_path / "data/certs/a/key.pem"
    assert (key.read_text(), key.stat().st_mode & 0o777) == ("the key", 0o600)
    assert [path.name for path in (tmp_path / "data/certs").iterdir()] == ["a"]
    assert (tmp_path / "tower.yml").read_text() == "tower: {}\n"
    assert (tmp_path / "data/own").is_dir()


def test_a_mounted_key_that_does_not_exist_is_a_folder_as_for_a_kubelet(tmp_path: Path) -> None:
    mounts = [{"name": "config", "mountPath": "/etc/x.yml", "subPath": "x.yml"}]
    spec(volumeMounts=mounts).write_files(tmp_path)
    assert (tmp_path / "etc/x.yml").is_dir()


def started(folder: Path, code: str, **container: Any) -> Running:
    entry = {"name": "c", "image": "i:1", **container}
    made = Running(POD, entry, [sys.executable, "-c", code], {}, "127.0.0.1", folder / "root", spec(**entry), {})
    made.step()
    return made


def test_a_container_that_ends_is_told_with_its_last_words_and_started_again(tmp_path: Path) -> None:
    running = started(tmp_path, "import sys; print('no Redis'); sys.exit(3)")
    try:
        deadline = time.monotonic() + 20
        while not running.restarts and time.monotonic() < deadline:
            time.sleep(0.05)
            running.step()
        status = running.status()
        assert (status["ready"], status["restartCount"]) == (False, 1)
        assert status["state"]["waiting"]["reason"] == "CrashLoopBackOff"
        ended = status["lastState"]["terminated"]
        assert (ended["exitCode"], ended["reason"], ended["message"]) == (3, "Error", "no Redis\n")
        while running.restarts < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
            running.step()
        assert running.restarts == 2
    finally:
        running.stop()


def test_a_container_whose_secret_is_missing_waits_for_it(tmp_path: Path) -> None:
    running = started(tmp_path, "", envFrom=[{"secretRef": {"name": "none"}}])
    waiting = {"reason": "CreateContainerConfigError", "message": 'secret "none" not found'}
    assert (running.status()["state"], running.restarts) == ({"waiting": waiting}, 0)


def test_a_container_is_ready_once_its_probe_says_so(tmp_path: Path) -> None:
    probe = {"tcpSocket": {"port": "web"}}
    running = started(
        tmp_path, "import time; time.sleep(60)", readinessProbe=probe, ports=[{"name": "web", "containerPort": 9}]
    )
    try:
        assert (running.status()["ready"], running.status()["started"]) == (False, True)
        assert running.port("web") == 9
    finally:
        running.stop()


@pytest.fixture
def network() -> Iterator[Network]:
    made = take()
    yield made
    made.close()


def test_two_testbeds_have_networks_of_their_own(network: Network) -> None:
    other = take()
    assert other.second != network.second
    other.close()


def test_load_balancers_and_pods_have_addresses_that_stay(network: Network) -> None:
    one, two = network.balancer("one"), network.balancer("two")
    assert one != two
    assert network.balancer("one") == one
    assert network.pod("10.244.3.7") == f"127.{network.second}.3.7"
    assert network.name_server != network.further_name_server()


def test_a_target_is_found_by_its_address_by_its_port_or_where_it_is_on_loopback() -> None:
    routes = Routes({"10.244.0.3:8081": ("127.64.0.3:8081",)}, {31000: ("127.64.0.3:8081", "127.64.0.4:8081")})
    assert routes.of("10.244.0.3", 8081) == ("127.64.0.3:8081",)
    assert routes.of("10.0.0.1", 31000) == ("127.64.0.3:8081", "127.64.0.4:8081")
    assert routes.of(None, 31000) == ("127.64.0.3:8081", "127.64.0.4:8081")
    assert routes.of("127.0.0.1", 80) == ("127.0.0.1:80",)
    assert routes.of("10.0.0.1", 80) == ()
