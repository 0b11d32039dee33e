"""Brings the testbed up and takes it away: engine, Kubernetes, AWS, load balancer controller and a Platform install."""

from __future__ import annotations

import base64
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from testbed import build, loadbalancer, parts, paths, processes
from testbed.cluster import POD_NETWORK, kubectl
from testbed.emulator.seed import seed
from testbed.errors import TestbedError
from testbed.node import life as real_node
from testbed.node import requirements
from testbed.node.parts import TARGETS as NODE_TARGETS
from testbed.platform.install import install
from testbed.platform.shapes import GUIDE
from testbed.plugins.launchers import find, write_launchers
from testbed.ports import NOT_UP, PORTS, Ports, choose_ports, find_ports
from testbed.traffic import process as traffic

REGION = "us-east-1"
EKS_CLUSTER = "testbed"
#: Who the emulator takes callers for; no other credentials are ever read.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIATESTBEDTESTBED00", "AWS_SECRET_ACCESS_KEY": "testbed"}
#: The passphrase that Pulumi.local.yaml's salt belongs to. It protects nothing but the testbed's own state.
PASSPHRASE = "testbed"  # noqa: S105
#: The Platform install that a person meets; the tests make their own beside it.
NAMESPACE = "platform-stage"
HOST = "example.com"

#: The kinds of nodes: kwok's, which are quick and run nothing, or one that runs its pods.
KWOK, REAL = "kwok", "real"
_NODES = paths.STATE / "nodes"
#: The process that the nodes are in.
_PROCESS_OF = {KWOK: "kwok", REAL: real_node.PROCESS}


def up(nodes: str | None = None) -> None:
    """Starts whatever isn't running and returns when a ``pulumi up`` can begin; doing so twice is harmless.

    Args:
        nodes: ``kwok`` or ``real``; None for those that there are, and kwok's if there are none yet.

    Raises:
        TestbedError: it is up on other nodes, something did not start, or this machine can't have a real node.
    """
    with _alone():
        nodes = _choose_nodes(nodes)
        binaries = build.binaries(NODE_TARGETS if nodes == REAL else ())
        ports = find_ports() or choose_ports()
        environment = _aws(ports)
        # The clients of this process, too, must reach nothing but the emulator.
        os.environ.update(environment)
        module: list[str | Path] = [paths.PYTHON, "-m"]
        if not processes.running("emulator"):
            # Its memory is gone with it: what the controller made there has to be made anew.
            processes.stop([loadbalancer.PROCESS])
        processes.start("emulator", [*module, "testbed.emulator", "--port", str(ports.emulator)], environment)
        processes.wait_until("emulator", lambda: processes.listening(ports.emulator))
        cluster = ports.cluster
        cluster.prepare(f"{ports.emulator_url}/_testbed/token-review")
        cluster.start(binaries)
        if nodes == REAL:
            real_node.start(ports.api)
        else:
            cluster.start_kwok(binaries)
        vpc = seed(
            ports.emulator_url,
            cluster_name=EKS_CLUSTER,
            cluster_endpoint=cluster.endpoint,
            cluster_ca=base64.b64encode(cluster.ca.encode()).decode(),
            nodes=kubectl("get", "nodes", "-o", "jsonpath={.items[*].spec.providerID}").split(),
            pods=POD_NETWORK,
        )
        loadbalancer.start(binaries, EKS_CLUSTER, REGION, vpc, environment)
        _install_engine(binaries)
        platform(NAMESPACE, HOST)


def platform(namespace: str, host: str, shape: str = GUIDE) -> None:
    """Puts a Platform install into a namespace, as its owner would, serving ``https://<host>``."""
    ports = find_ports()
    if not ports:
        raise TestbedError(NOT_UP)
    install(kubectl_path(), paths.KUBECONFIG, ports.emulator_url, namespace, host, shape=shape)


def kubectl_path() -> Path:
    """The kubectl that came with the testbed's packages."""
    return paths.PYTHON.parent / "kubectl"


def down() -> list[str]:
    """Ends every process of the testbed and removes its state; returns the names of what was running."""
    if not paths.STATE.exists():
        return []
    with _alone():
        ended = [*processes.stop_plugins_of(paths.PULUMI_HOME), *processes.stop_all()]
        for entry in paths.STATE.iterdir():
            # A test that was killed may still write a log here.
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            elif entry.name != "lock":
                entry.unlink(missing_ok=True)
    shutil.rmtree(paths.STATE, ignore_errors=True)
    return ended


def status() -> dict[str, bool]:
    """Whether each process of the testbed is running, in the order of their starts."""
    control_plane = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
    names = ("emulator", *control_plane, _PROCESS_OF[_nodes() or KWOK], loadbalancer.PROCESS)
    started = {record.name for record in processes.records()}
    # Traffic flows only where the demo runs: without it, all else works.
    return {name: processes.running(name) for name in (*names, *({traffic.NAME} & started))}


def _nodes() -> str | None:
    if _NODES.exists():
        return _NODES.read_text()
    # A testbed of an earlier checkout has kwok's, without saying so.
    return KWOK if PORTS.exists() else None


def check_nodes(wanted: str) -> None:
    """Looks whether the testbed is, or can come, up on this kind of nodes.

    Raises:
        TestbedError: it is up on the other kind.
    """
    there = _nodes()
    if there and wanted != there:
        raise TestbedError(f"the testbed is up on nodes of another kind ({there}); end it first: make down")


def _choose_nodes(wanted: str | None) -> str:
    if wanted:
        check_nodes(wanted)
    there = _nodes()
    chosen = there or wanted or KWOK
    if chosen == REAL and not there and (reason := requirements.missing()):
        raise TestbedError(reason)
    _NODES.write_text(chosen)
    return chosen


def environment() -> dict[str, str]:
    """The variables with which plain ``pulumi``, ``kubectl``, ``aws`` and boto3 work against the testbed.

    Raises:
        TestbedError: the testbed is not up.
    """
    ports = find_ports()
    if not ports or not all(status().values()):
        raise TestbedError(NOT_UP)
    path = os.environ.get("PATH", "")
    front = [str(folder) for folder in (paths.BIN, paths.PYTHON.parent)]
    rest = [folder for folder in path.split(os.pathsep) if folder not in front]
    return {
        **_aws(ports),
        "KUBECONFIG": str(paths.KUBECONFIG),
        "PATH": os.pathsep.join([*front, *rest]),
        "PULUMI_HOME": str(paths.PULUMI_HOME),
        "PULUMI_BACKEND_URL": paths.PULUMI_STATE.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        **traffic.variables(),
    }


def _aws(ports: Ports) -> dict[str, str]:
    # Profiles of the person at the shell must not lead to a real account.
    config = paths.STATE / "aws-config"
    if not config.exists():
        config.write_text(f"[default]\nregion = {REGION}\n")
    return {
        **CREDENTIALS,
        "AWS_ENDPOINT_URL": ports.emulator_url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": str(config),
        "AWS_SHARED_CREDENTIALS_FILE": str(config),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PROFILE": "default",
        "AWS_SESSION_TOKEN": "",
    }


def _install_engine(binaries: build.Binaries) -> None:
    """Lays the engine beside its language host: a host beside the binary is found without a warning."""
    paths.BIN.mkdir(parents=True, exist_ok=True)
    paths.PULUMI_STATE.mkdir(parents=True, exist_ok=True)
    engine = paths.BIN / "pulumi"
    if not shutil.which("pulumi", path=parts.path_without_testbed()) and not _same_file(engine, binaries.pulumi):
        engine.unlink(missing_ok=True)
        try:
            engine.hardlink_to(binaries.pulumi)
        except OSError:  # the cache lies on another file system
            shutil.copy2(binaries.pulumi, engine)
    found = find(paths.BIN, binaries.plugins)
    write_launchers(paths.BIN, paths.PULUMI_HOME, paths.PYTHON, paths.CHECKOUT, found)


def _same_file(one: Path, other: Path) -> bool:
    """Whether one is a link to the other, or a copy with its times."""
    if not one.exists():
        return False
    here, there = one.stat(), other.stat()
    return one.samefile(other) or (here.st_size, here.st_mtime_ns) == (there.st_size, there.st_mtime_ns)


@contextmanager
def _alone() -> Iterator[None]:
    """Keeps two commands in one checkout from starting or ending things at the same time."""
    paths.STATE.mkdir(parents=True, exist_ok=True)
    with (paths.STATE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
