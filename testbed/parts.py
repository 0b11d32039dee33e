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
from testbed.plugins.launchers import Origin, find

BUILT: Final = "built from its Go module"
_DEBIAN: Final = "installed on this machine"
_BRIDGED: Final = f"HashiCorp's, {BUILT}, under Pulumi's bridge {targets.BRIDGE_VERSION} with our mapping"
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


@dataclass(frozen=True)
class Part:
    """One row: what it is, whether the original serves, its version, and where that comes from."""

    name: str
    kind: Kind
    version: str
    source: str


def parts() -> list[Part]:
    """All parts that a demo or the tests run on, on this machine."""
    return [*_engine(), *_plugins(), *_kubernetes(), *_compose(), *_aws()]


def show() -> None:
    """Prints the table."""
    rows = [(part.name, part.kind.value, part.version, part.source) for part in parts()]
    tables.show(Console(highlight=False), "Parts", ("part", "kind", "version", "from"), rows)


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
            "pulumi-python": "Pulumi provider of dynamic resources",
        }.get(package, f"Pulumi provider {package}")
        if each.origin is Origin.INSTALLED:
            yield Part(title, Kind.OFFICIAL, sdk, str(each.program))
        elif each.origin is Origin.STAND_IN:
            folder = "language" if package == "python" else f"plugins/{package}"
            yield Part(title, Kind.STAND_IN, "", f"testbed/{folder}, for SDK {sdk}")
            if package == "python":
                yield Part("pulumi-language-python-exec", Kind.OFFICIAL, targets.PULUMI_VERSION, BUILT)
        elif package in targets.BRIDGED:
            yield Part(title, Kind.UPSTREAM, plugin_version(package), _BRIDGED)
        else:
            yield Part(title, Kind.OFFICIAL, plugin_version(package), BUILT)


def _kubernetes() -> Iterator[Part]:
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    for name, version in (("etcd", targets.ETCD_VERSION), ("kube-apiserver", targets.KUBERNETES_VERSION)):
        if assets:
            yield Part(name, Kind.OFFICIAL, _version(f"{assets}/{name}", "--version"), f"KUBEBUILDER_ASSETS={assets}")
        else:
            yield Part(name, Kind.OFFICIAL, version, BUILT)
    yield Part("kube-controller-manager, kube-scheduler", Kind.OFFICIAL, targets.KUBERNETES_VERSION, BUILT)
    yield Part("AWS Load Balancer Controller", Kind.OFFICIAL, targets.LOAD_BALANCER_VERSION, BUILT)
    yield Part("nodes without containers (default)", Kind.STAND_IN, targets.KWOK_VERSION, f"kwok, {BUILT}")
    yield Part("kubelet, kube-proxy (NODE=real)", Kind.OFFICIAL, targets.KUBERNETES_VERSION, BUILT)
    for title, (target, module) in _REAL_NODE.items():
        yield Part(f"{title} (NODE=real)", Kind.OFFICIAL, targets.pinned(target, module), BUILT)


def _compose() -> Iterator[Part]:
    yield Part("Docker Compose", Kind.OFFICIAL, targets.COMPOSE_VERSION, BUILT)
    docker = shutil.which("dockerd")
    if docker:
        yield Part("Docker engine", Kind.OFFICIAL, _version(docker, "--version"), _DEBIAN)


def _aws() -> Iterator[Part]:
    yield Part("AWS", Kind.STAND_IN, metadata.version("moto"), "moto, from PyPI, made stricter in testbed/emulator")


def path_without_testbed() -> str:
    """The PATH, without the folder that the testbed lays its engine into."""
    return os.pathsep.join(f for f in os.environ.get("PATH", "").split(os.pathsep) if f != str(paths.BIN))


def _version(program: str, word: str) -> str:
    """What the program says its version is: the first thing that looks like one."""
    said = subprocess.run([program, word], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\d+\.\d+\.\d+", said)
    return found[0] if found else "unknown"
