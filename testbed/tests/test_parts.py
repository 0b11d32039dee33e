"""What the testbed says it is made of."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import pytest

from testbed import parts, paths, targets
from testbed.docker import engine
from testbed.node import requirements

README = (paths.TESTBED / "README.md").read_text()
#: Programs of the machine, each with what it says of its version.
PROGRAMS = {
    "dockerd": "Docker version 29.1.2, build 1",
    "runc": "runc version 1.3.4\ncommit: 0",
    "redis-server": "Redis server v=7.2.9 sha=00000000:0",
}
#: Part → kind, where Debian has all that is needed and no plugin is installed.
COMMON = {
    "Pulumi engine": "official",
    "Pulumi provider random": "upstream",
    "Pulumi provider tls": "upstream",
    "Pulumi provider kubernetes": "official",
    "Pulumi provider aws": "stand-in",
    "Pulumi language host for Python": "stand-in",
    "pulumi-language-python-exec": "official",
    "Pulumi dynamic provider": "official",
    "etcd": "official",
    "kube-apiserver": "official",
    "kube-controller-manager": "official",
    "kube-scheduler": "official",
    "AWS Load Balancer Controller": "official",
    "AWS": "stand-in",
}
KWOK = {"nodes that run no containers": "stand-in"}
PROCESSES = {"pods as processes, for verify": "stand-in"}
NODE = {
    "kubelet": "official",
    "kube-proxy": "official",
    "containerd": "official",
    "CNI plugins": "official",
    "CoreDNS": "official",
    "kube-network-policies": "official",
    "runc": "official",
    "pause container": "stand-in",
}
IMAGES = {"registry of images": "stand-in"}
DOCKER = {"Docker engine": "official", "Docker Compose": "official", "MySQL, on Compose": "stand-in"}
TRAFFIC = {
    "Platform and Connect": "stand-in",
    "Redis": "official",
    "data plane of load balancers": "stand-in",
    "DNS servers": "stand-in",
}
NOT_SLOW = {"Helm, Seqera's Helm chart": "not used", "Pulumi YAML, SDKs, Cloud": "not used"}
SLOW = {
    "Helm": "official",
    "Seqera's Helm chart": "stand-in",
    "Pulumi YAML": "official",
    "Pulumi's generators of SDKs": "official",
    "Pulumi Cloud, for Pulumi ESC": "stand-in",
}
RUNS = {
    parts.Run.ON_KWOK: COMMON | KWOK | PROCESSES | TRAFFIC,
    parts.Run.ON_NODE: COMMON | NODE | IMAGES | TRAFFIC,
    parts.Run.ON_COMPOSE: COMMON | KWOK | DOCKER | IMAGES | TRAFFIC,
    parts.Run.TESTS: COMMON | KWOK | PROCESSES | NODE | DOCKER | IMAGES | TRAFFIC | NOT_SLOW,
    parts.Run.ALL_TESTS: COMMON | KWOK | PROCESSES | NODE | DOCKER | IMAGES | TRAFFIC | SLOW,
}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which everything can run; returns the folder with its programs."""
    for name, says in PROGRAMS.items():
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{says}'\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.setattr(requirements, "missing", lambda: None)
    monkeypatch.setattr(engine, "why_not", lambda: None)
    return tmp_path


def table(run: parts.Run = parts.Run.TESTS) -> dict[str, parts.Part]:
    made_of = parts.parts(run)
    found = {part.name: part for part in made_of}
    assert len(found) == len(made_of)
    return found


def kinds(run: parts.Run) -> dict[str, str]:
    return {name: part.kind.value for name, part in table(run).items()}


@pytest.mark.parametrize("run", parts.Run, ids=lambda run: run.value)
def test_each_run_names_all_its_parts_and_no_others(run: parts.Run, machine: Path) -> None:
    assert kinds(run) == RUNS[run]


@pytest.mark.parametrize("run", parts.Run, ids=lambda run: run.value)
def test_the_table_fits_80_columns_and_breaks_no_word(
    run: parts.Run, machine: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    parts.show(run)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == f"Parts of {run.value}"
    assert len(lines) == 3 + len(RUNS[run])  # one line a part
    assert max(map(len, lines)) <= 80
    assert "…" not in "".join(lines)


def test_what_is_installed_has_the_version_that_it_says(machine: Path) -> None:
    found = table()
    assert found["Docker engine"] == parts.Part("Docker engine", parts.Kind.OFFICIAL, "29.1.2", "this machine")
    assert found["runc"] == parts.Part("runc", parts.Kind.OFFICIAL, "1.3.4", "this machine")
    assert found["Redis"] == parts.Part("Redis", parts.Kind.OFFICIAL, "7.2.9", "this machine")


def test_what_this_machine_cannot_have_is_named_with_the_reason(
    machine: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (machine / "redis-server").unlink()
    monkeypatch.setattr(requirements, "missing", lambda: "a real node needs root")
    monkeypatch.setattr(engine, "why_not", lambda: "only root can start a Docker engine; run the tests as root")
    assert {name: part for name, part in table().items() if part.kind is parts.Kind.MISSING} == {
        name: parts.Part(name, parts.Kind.MISSING, "", reason)
        for name, reason in (
            ("a real node", "a real node needs root"),
            ("Docker engine and Compose", "only root can start a Docker engine; run the tests as root"),
            ("Redis", "redis-server is not installed"),
        )
    }
    assert (NODE | DOCKER | IMAGES).keys().isdisjoint(table())
    parts.show()
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line.split() for line in lines if line.startswith("a real node")] == [
        ["a", "real", "node", "not", "here", "a", "real", "node", "needs", "root"]
    ]


def test_a_demo_without_traffic_does_not_claim_what_only_serves_traffic(machine: Path) -> None:
    (machine / "redis-server").unlink()
    assert kinds(parts.Run.ON_KWOK) == COMMON | KWOK | {"pods as processes, for verify": "not here"}


def test_what_is_built_has_the_version_that_is_pinned(machine: Path) -> None:
    found = table()
    assert found["AWS Load Balancer Controller"] == parts.Part(
        "AWS Load Balancer Controller", parts.Kind.OFFICIAL, targets.LOAD_BALANCER_VERSION, "its Go module"
    )
    assert found["etcd"].version == targets.pinned("kubernetes", "go.etcd.io/etcd/server/v3")
    for script in ("pulumi-language-python-exec", "Pulumi dynamic provider"):
        assert found[script] == parts.Part(script, parts.Kind.OFFICIAL, targets.PULUMI_VERSION, "its Go module")
    assert found["Pulumi provider random"].version == targets.BRIDGED["random"]
    assert found["containerd"].version == targets.pinned("containerd", "github.com/containerd/containerd/v2")
    assert found["AWS"] == parts.Part(
        "AWS", parts.Kind.STAND_IN, metadata.version("moto"), "moto, and testbed/emulator"
    )


def test_an_engine_on_the_path_is_named_with_its_own_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pulumi = tmp_path / "pulumi"
    pulumi.write_text("#!/bin/sh\necho v3.999.1\n")
    pulumi.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{paths.BIN}:/usr/bin:/bin")
    assert table()["Pulumi engine"] == parts.Part("Pulumi engine", parts.Kind.OFFICIAL, "3.999.1", "the PATH")


def test_a_language_host_on_the_path_may_be_of_any_version(machine: Path) -> None:
    host = machine / "pulumi-language-python"
    host.write_text("#!/bin/sh\n")
    host.chmod(0o755)
    name = "Pulumi language host for Python"
    assert table()[name] == parts.Part(name, parts.Kind.OFFICIAL, "", str(host))


@pytest.mark.parametrize("version", [targets.BRIDGE_VERSION, *targets.BRIDGED.values()])
def test_the_readme_names_what_is_bridged_in_the_version_that_is_built(version: str) -> None:
    assert re.search(rf"^\| (Pulumi's bridge|HashiCorp's .* provider) \| {re.escape(version)} \|", README, re.MULTILINE)


def test_the_readme_lists_what_needs_a_newer_kubernetes_provider() -> None:
    marked = {
        version
        for path in (paths.CHECKOUT / "tests").rglob("test_*.py")
        for version in re.findall(r'kubernetes_provider\("([\d.]+)"\)', path.read_text())
    }
    listed = set(re.findall(r"^\| (\d+\.\d+\.\d+) \|", README, re.MULTILINE))
    assert listed == marked


def test_the_readme_says_which_tests_run_on_docker() -> None:
    rows = re.findall(r"^\| `(tests/\w+|testbed/tests)` \|(.*)\|$", README, re.MULTILINE)
    said = {folder for folder, cells in rows if cells.split("|")[3].strip().startswith("official")}
    groups = {folder for folder, _ in rows}
    assert groups == {*(f"tests/{name}" for name in ("unit", "delivery", "engine", "real", "docker")), "testbed/tests"}
    marked = re.compile(r"^@pytest\.mark\.docker$|^pytestmark = .*\bpytest\.mark\.docker\b", re.MULTILINE)
    found = {
        folder
        for folder in groups
        for path in (paths.CHECKOUT / folder).rglob("test_*.py")
        if marked.search(path.read_text())
    }
    assert said == found
