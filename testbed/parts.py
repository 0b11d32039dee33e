"""The parts that the testbed is made of: how near each is to the original, its version, and where it comes from."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from importlib import metadata
from pathlib import Path
from typing import Final

from rich.console import Console

from testbed import paths, tables, targets
from testbed.docker import engine as docker
from testbed.node import requirements
from testbed.plugins.launchers import PACKAGES, Origin, find
from testbed.traffic import process as traffic

BUILT: Final = "its Go module"
_YAML: Final = "github.com/pulumi/pulumi-yaml"
_PROCESSES: Final = "pods as processes, for verify"
_BRIDGED: Final = f"HashiCorp's, bridge {targets.BRIDGE_VERSION}"
_BUILT_PLUGINS: Final = {
    "kubernetes": targets.PULUMI_KUBERNETES_VERSION,
    **targets.BRIDGED,
    "pulumi-python": targets.PULUMI_VERSION,
}
#: What a real node has beside what Kubernetes brings: part → the folder of its go.mod, and its module.
_REAL_NODE: Final = {
    "containerd": ("containerd", "github.com/containerd/containerd/v2"),
    "CNI plugins": ("cni", "github.com/containernetworking/plugins"),
    "CoreDNS": ("coredns", "github.com/coredns/coredns"),
    "kube-network-policies": ("networkpolicies", "sigs.k8s.io/kube-network-policies"),
}


class Kind(Enum):
    """How near a part is to what users run."""

    OFFICIAL = "official"
    #: What the official plugin is made of, put together here.
    UPSTREAM = "upstream"
    STAND_IN = "stand-in"
    #: This machine can't have it: what needs it is left out.
    MISSING = "not here"
    #: It is not part of this run.
    UNUSED = "not used"


class Run(Enum):
    """What the table is about: each has parts of its own."""

    ON_KWOK = "make demo"
    ON_NODE = "make demo NODE=real"
    ON_COMPOSE = "make demo TARGET=compose"
    TESTS = "make test"
    ALL_TESTS = "make test-all"


@dataclass(frozen=True)
class Part:
    """One row: what it is, how near it is to the original, its version, and where that comes from."""

    name: str
    kind: Kind
    version: str
    source: str


def parts(run: Run = Run.TESTS) -> list[Part]:
    """All parts that a run has on this machine, and which it does without."""
    common = [*_engine(), *_plugins(), *_control_plane()]
    if run is Run.ON_KWOK:
        lacking = traffic.missing()
        served = [Part(_PROCESSES, Kind.MISSING, "", lacking)] if lacking else [*_pods_as_processes(), *_traffic()]
        return [*common, *_kwok(), *served, *_aws()]
    if run is Run.ON_NODE:
        return [*common, *_real_node(), *_images(), *_traffic(), *_aws()]
    if run is Run.ON_COMPOSE:
        return [*common, *_kwok(), *_compose(), *_images(), *_traffic(), *_aws()]
    nodes = [*_kwok(), *_pods_as_processes(), *_real_node()]
    slow = _of_slow_tests(used=run is Run.ALL_TESTS)
    return [*common, *nodes, *_compose(), *_images(), *_traffic(), *slow, *_aws()]


def show(run: Run = Run.TESTS) -> None:
    """Prints the table."""
    rows = [(part.name, part.kind.value, part.version, part.source) for part in parts(run)]
    tables.show(Console(highlight=False), f"Parts of {run.value}", ("part", "kind", "version", "from"), rows)


def _engine() -> Iterator[Part]:
    installed = shutil.which("pulumi", path=path_without_testbed())
    if installed:
        yield Part("Pulumi engine", Kind.OFFICIAL, _version(installed, "version"), "the PATH")
    else:
        yield Part("Pulumi engine", Kind.OFFICIAL, targets.PULUMI_VERSION, BUILT)


def plugin_version(package: str) -> str:
    """The version of what serves the package; a stand-in keeps to the contract of the SDK's."""
    found = find(paths.BIN, dict.fromkeys(_BUILT_PLUGINS, Path()))[f"pulumi-resource-{package}"]
    return _BUILT_PLUGINS[package] if found.origin is Origin.BUILT else metadata.version(f"pulumi-{package}")


def _plugins() -> Iterator[Part]:
    for name, each in find(paths.BIN, dict.fromkeys(_BUILT_PLUGINS, Path())).items():
        package = name.removeprefix("pulumi-resource-").removeprefix("pulumi-language-")
        sdk = metadata.version("pulumi" if package in ("python", "pulumi-python") else f"pulumi-{package}")
        title = {
            "python": "Pulumi language host for Python",
            "pulumi-python": "Pulumi dynamic provider",
        }.get(package, f"Pulumi provider {package}")
        if each.origin is Origin.INSTALLED:
            # Those of a provider are looked for in the SDK's version; one on the PATH may be of any.
            yield Part(title, Kind.OFFICIAL, sdk if package in PACKAGES else "", str(each.program))
        elif each.origin is Origin.STAND_IN:
            yield Part(
                title, Kind.STAND_IN, "", f"testbed/{'language' if package == 'python' else f'plugins/{package}'}"
            )
            if package == "python":
                yield Part("pulumi-language-python-exec", Kind.OFFICIAL, targets.PULUMI_VERSION, BUILT)
        elif package in targets.BRIDGED:
            yield Part(title, Kind.UPSTREAM, plugin_version(package), _BRIDGED)
        else:
            yield Part(title, Kind.OFFICIAL, plugin_version(package), BUILT)


def _control_plane() -> Iterator[Part]:
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    for name, version in (("etcd", targets.ETCD_VERSION), ("kube-apiserver", targets.KUBERNETES_VERSION)):
        if assets:
            yield Part(name, Kind.OFFICIAL, _version(f"{assets}/{name}", "--version"), f"KUBEBUILDER_ASSETS={assets}")
        else:
            yield Part(name, Kind.OFFICIAL, version, BUILT)
    for name in ("kube-controller-manager", "kube-scheduler"):
        yield Part(name, Kind.OFFICIAL, targets.KUBERNETES_VERSION, BUILT)
    yield Part("AWS Load Balancer Controller", Kind.OFFICIAL, targets.LOAD_BALANCER_VERSION, BUILT)


def _kwok() -> Iterator[Part]:
    yield Part("nodes that run no containers", Kind.STAND_IN, targets.KWOK_VERSION, f"kwok, {BUILT}")


def _pods_as_processes() -> Iterator[Part]:
    yield Part(_PROCESSES, Kind.STAND_IN, "", "testbed/traffic")


def _real_node() -> Iterator[Part]:
    if reason := requirements.missing():
        yield Part("a real node", Kind.MISSING, "", reason)
        return
    for name in ("kubelet", "kube-proxy"):
        yield Part(name, Kind.OFFICIAL, targets.KUBERNETES_VERSION, BUILT)
    for name, (target, module) in _REAL_NODE.items():
        yield Part(name, Kind.OFFICIAL, targets.pinned(target, module), BUILT)
    yield from _installed("runc", "runc")
    yield Part("pause container", Kind.STAND_IN, "", "testbed/node/stock.py")


def _compose() -> Iterator[Part]:
    if reason := docker.why_not():
        yield Part("Docker engine and Compose", Kind.MISSING, "", reason)
        return
    yield from _installed("Docker engine", "dockerd")
    yield Part("Docker Compose", Kind.OFFICIAL, targets.COMPOSE_VERSION, BUILT)
    yield Part("MySQL, on Compose", Kind.STAND_IN, "", "testbed/go/studios")


def _traffic() -> Iterator[Part]:
    yield Part("Platform and Connect", Kind.STAND_IN, "", "testbed/go/studios")
    yield from _installed("Redis", "redis-server")
    yield Part("data plane of load balancers", Kind.STAND_IN, "", "testbed/go/dataplane")
    yield Part("DNS servers", Kind.STAND_IN, "", "testbed/traffic")


def _images() -> Iterator[Part]:
    if requirements.missing() is None or docker.why_not() is None:
        yield Part("registry of images", Kind.STAND_IN, "", "testbed/images")


def _of_slow_tests(*, used: bool) -> Iterator[Part]:
    if used:
        yield Part("Helm", Kind.OFFICIAL, targets.HELM_VERSION, BUILT)
        yield Part("Seqera's Helm chart", Kind.STAND_IN, "", "testbed/platform/chart.py")
        yield Part("Pulumi YAML", Kind.OFFICIAL, targets.pinned("languages", _YAML), BUILT)
        yield Part("Pulumi's generators of SDKs", Kind.OFFICIAL, targets.PULUMI_VERSION, BUILT)
        yield Part("Pulumi Cloud, for Pulumi ESC", Kind.STAND_IN, "", "testbed/go/cloud")
    else:
        only = f"only {Run.ALL_TESTS.value} has them"
        yield Part("Helm, Seqera's Helm chart", Kind.UNUSED, "", only)
        yield Part("Pulumi YAML, SDKs, Cloud", Kind.UNUSED, "", only)


def _aws() -> Iterator[Part]:
    yield Part("AWS", Kind.STAND_IN, metadata.version("moto"), "moto, and testbed/emulator")


def _installed(name: str, program: str) -> Iterator[Part]:
    if shutil.which(program):
        yield Part(name, Kind.OFFICIAL, _version(program, "--version"), "this machine")
    else:
        yield Part(name, Kind.MISSING, "", f"{program} is not installed")


def path_without_testbed() -> str:
    """The PATH, without the folder that the testbed lays its engine into."""
    return os.pathsep.join(f for f in os.environ.get("PATH", "").split(os.pathsep) if f != str(paths.BIN))


def _version(program: str, word: str) -> str:
    """What the program says its version is: the first thing that looks like one."""
    said = subprocess.run([program, word], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\d+\.\d+\.\d+", said)
    return found[0] if found else "unknown"
