"""What holds of the real node without one: its addresses, its place in the testbed, and what a machine must have."""

from __future__ import annotations

import ipaddress
import json
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from testbed import lifecycle, paths
from testbed.cluster import SERVICE_NETWORK
from testbed.errors import TestbedError
from testbed.node import configuration, link, requirements
from testbed.node.parts import Parts

_LINK = link.Link("198.18.0.1", "198.18.0.2", "studios0")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A testbed that has never been up, on a machine that can have a real node."""
    monkeypatch.setattr(lifecycle, "_NODES", tmp_path / "nodes")
    monkeypatch.setattr(lifecycle, "PORTS", tmp_path / "ports.json")
    monkeypatch.setattr(requirements, "missing", lambda: None)
    return tmp_path


def test_a_link_is_chosen_once_and_both_ends_are_in_one_small_network(tmp_path: Path) -> None:
    chosen = link.kept_link(tmp_path / "link.json")
    assert link.kept_link(tmp_path / "link.json") == chosen
    host, node = ipaddress.ip_address(chosen.host), ipaddress.ip_address(chosen.node)
    assert host in link.ADDRESSES
    assert list(ipaddress.ip_network(f"{host}/30", strict=False).hosts()) == [host, node]
    assert len(chosen.device) <= 15  # the longest that the kernel takes


def test_kwoks_nodes_are_the_default_and_those_that_there_are_stay(state: Path) -> None:
    assert lifecycle._choose_nodes(None) == lifecycle.KWOK
    assert lifecycle._choose_nodes(None) == lifecycle.KWOK


def test_a_testbed_that_is_up_does_not_change_its_nodes(state: Path) -> None:
    lifecycle._choose_nodes(lifecycle.REAL)
    assert lifecycle._choose_nodes(None) == lifecycle.REAL
    with pytest.raises(TestbedError, match=r"up on nodes of another kind \(real\); end it first: make down"):
        lifecycle._choose_nodes(lifecycle.KWOK)


def test_a_testbed_of_an_earlier_checkout_has_kwoks_nodes(state: Path) -> None:
    (state / "ports.json").touch()
    with pytest.raises(TestbedError, match=r"\(kwok\)"):
        lifecycle._choose_nodes(lifecycle.REAL)


def test_a_machine_that_cannot_have_a_real_node_is_told_why(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "missing", lambda: "a real node needs root")
    with pytest.raises(TestbedError, match=r"^a real node needs root$"):
        lifecycle._choose_nodes(lifecycle.REAL)
    assert not (state / "nodes").exists()


@pytest.mark.parametrize(
    ("system", "machine", "uid", "programs", "reason"),
    [
        ("Darwin", "arm64", 501, True, "a real node needs Linux on x86_64, and this is Darwin on arm64"),
        ("Linux", "x86_64", 1000, True, "a real node needs root"),
        ("Linux", "x86_64", 0, False, "a real node needs iptables, runc: apt-get install iptables runc"),
    ],
)
def test_what_is_missing_is_named_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str, uid: int, programs: bool, reason: str
) -> None:
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr("os.geteuid", lambda: uid)
    monkeypatch.setattr(requirements, "BUSYBOX", Path("/"))
    monkeypatch.setattr(requirements, "is_static", lambda program: True)
    missing = set() if programs else {"runc", "iptables"}
    monkeypatch.setattr("shutil.which", lambda name: None if name in missing else f"/usr/bin/{name}")
    assert requirements.missing() == reason


@pytest.mark.skipif(sys.platform != "linux", reason="it looks at a program of Linux")
def test_a_busybox_that_needs_libraries_does_not_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(requirements, "BUSYBOX", Path("/bin/sh"))
    assert requirements.missing() == "a real node needs busybox-static: apt-get install busybox-static"


def test_the_node_has_the_name_the_labels_and_the_instance_of_kwoks_first_one() -> None:
    parts = Parts(*(Path("/programs") for _ in range(5)))
    kubelet = parts.commands(_LINK)["kubelet"]
    assert "--hostname-override=node-a" in kubelet
    assert (
        "--node-labels=node.kubernetes.io/instance-type=m6i.12xlarge,topology.kubernetes.io/region=us-east-1,"
        "topology.kubernetes.io/zone=us-east-1a" in kubelet
    )
    assert configuration.CLIENTS["kubelet"] == ("system:node:node-a", ("system:nodes",))


def test_coredns_is_where_the_kubelet_says_and_within_the_network_of_services() -> None:
    manifest = paths.TESTBED / "node" / "manifests" / "coredns.yml"
    services = [each for each in YAML(typ="safe", pure=True).load_all(manifest) if each["kind"] == "Service"]
    assert [each["spec"]["clusterIP"] for each in services] == [configuration.CLUSTER_DNS]
    assert ipaddress.ip_address(configuration.CLUSTER_DNS) in ipaddress.ip_network(SERVICE_NETWORK)


def test_the_nodes_files_hold_no_key_and_lead_to_the_relay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configuration, "FOLDER", tmp_path)
    configuration.Configuration(_LINK, Path("/programs")).write()
    for name in configuration.CLIENTS:
        kubeconfig = json.loads((tmp_path / f"{name}.kubeconfig").read_text())
        assert kubeconfig["clusters"][0]["cluster"]["server"] == "https://198.18.0.1:6443"
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and "PRIVATE KEY" in file.read_text()]
