"""The contract of Pulumi's language host for Python, held by whatever serves it here: an installed official one too."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    language_pb2,
    language_pb2_grpc,
    resource_pb2,
    resource_pb2_grpc,
)

from testbed import paths
from testbed.plugins.launchers import find

PACKAGES = ("aws", "kubernetes", "random", "tls")


class Engine(resource_pb2_grpc.ResourceMonitorServicer, engine_pb2_grpc.EngineServicer):
    """As much of an engine as a program without resources needs; it keeps what it is told."""

    def __init__(self) -> None:
        self.outputs: dict[str, Any] = {}
        self.errors: list[str] = []
        self.root = ""

    def SupportsFeature(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in {"secrets", "resourceReferences"})

    def RegisterResource(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return resource_pb2.RegisterResourceResponse(urn=f"urn:pulumi:dev::contract::{request.type}::{request.name}")

    def RegisterResourceOutputs(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        self.outputs = json_format.MessageToDict(request.outputs)
        return empty_pb2.Empty()

    def SignalAndWaitForShutdown(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def Log(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        if request.severity == engine_pb2.ERROR:
            self.errors.append(request.message)
        return empty_pb2.Empty()

    def SetRootResource(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        self.root = request.urn
        return engine_pb2.SetRootResourceResponse()

    def GetRootResource(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return engine_pb2.GetRootResourceResponse(urn=self.root)

    @contextmanager
    def serving(self) -> Iterator[str]:
        server = grpc.server(ThreadPoolExecutor(4))
        resource_pb2_grpc.add_ResourceMonitorServicer_to_server(self, server)
        engine_pb2_grpc.add_EngineServicer_to_server(self, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.stop(None)


@pytest.fixture(scope="module")
def engine() -> Iterator[tuple[Engine, str]]:
    engine = Engine()
    with engine.serving() as address:
        yield engine, address


@contextmanager
def started(engine_address: str, complaints: Path) -> Iterator[Any]:
    """The host, started as an engine starts it; what it and its programs write to stderr goes to a file."""
    program = find(paths.BIN, {})["pulumi-language-python"].program
    command = [str(program)] if program else [str(paths.PYTHON), "-u", "-m", "testbed.language"]
    with complaints.open("w") as stderr:
        running = subprocess.Popen(
            [*command, engine_address], stdout=subprocess.PIPE, stderr=stderr, cwd=paths.CHECKOUT
        )
    assert running.stdout is not None
    try:
        port = int(running.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield language_pb2_grpc.LanguageRuntimeStub(channel)
    finally:
        running.terminate()
        running.wait(10)


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("host") / "stderr"


@pytest.fixture(scope="module")
def host(engine: tuple[Engine, str], complaints: Path) -> Iterator[Any]:
    with started(engine[1], complaints) as stub:
        yield stub


def program(root: Path, code: str | None = "", virtualenv: Path = paths.PYTHON.parent.parent) -> Any:
    """A program in this folder, or none, on the checkout's virtualenv."""
    if code is not None:
        (root / "__main__.py").write_text(code)
    return language_pb2.ProgramInfo(
        root_directory=str(root),
        program_directory=str(root),
        entry_point=".",
        options=json_format.ParseDict({"virtualenv": str(virtualenv)}, struct_pb2.Struct()),
    )


def run(host: Any, address: str, root: Path, code: str | None, **options: Path) -> Any:
    """Runs a program with a setting that is secret and one that is not."""
    request = language_pb2.RunRequest(
        project="contract",
        stack="dev",
        organization="organization",
        pwd=str(root),
        program=".",
        info=program(root, code, **options),
        config={"contract:plain": "one", "contract:hidden": "two"},
        configSecretKeys=["contract:hidden"],
        monitor_address=address,
        parallel=4,
    )
    return host.Run(request)


def test_it_says_a_version_that_is_no_older_than_the_sdks(host: Any) -> None:
    said = host.GetPluginInfo(empty_pb2.Empty()).version.removeprefix("v")
    numbers = [tuple(map(int, version.split("-")[0].split("."))) for version in (said, metadata.version("pulumi"))]
    assert numbers[0] >= numbers[1]


def test_a_program_needs_the_providers_whose_packages_are_installed_in_their_versions(
    host: Any, tmp_path: Path
) -> None:
    request = language_pb2.GetRequiredPackagesRequest(info=program(tmp_path))
    found = {each.name: each.version.removeprefix("v") for each in host.GetRequiredPackages(request).packages}
    assert {name: found.get(name) for name in PACKAGES} == {
        name: metadata.version(f"pulumi-{name}") for name in PACKAGES
    }


def test_the_packages_that_were_asked_for_are_told_from_those_that_they_bring(host: Any, tmp_path: Path) -> None:
    def names(transitive: bool) -> set[str]:
        request = language_pb2.GetProgramDependenciesRequest(info=program(tmp_path), transitiveDependencies=transitive)
        return {each.name.lower().replace("_", "-") for each in host.GetProgramDependencies(request).dependencies}

    direct, everything = names(False), names(True)
    assert "pulumi-aws" in direct
    # Several packages bring it.
    assert "grpcio" not in direct
    assert "grpcio" in everything
    assert direct <= everything


def test_a_program_reads_its_settings_and_what_it_exports_arrives_with_secrets_marked(
    host: Any, engine: tuple[Engine, str], tmp_path: Path
) -> None:
    code = """
import pulumi
config = pulumi.Config()
pulumi.export("where", f"{pulumi.get_project()} {pulumi.get_stack()} {config.require('plain')}")
pulumi.export("hidden", config.require_secret("hidden"))
"""
    answer = run(host, engine[1], tmp_path, code)
    assert (answer.error, answer.bail) == ("", False)
    assert engine[0].outputs["where"] == "contract dev one"
    hidden = engine[0].outputs["hidden"]
    assert hidden["value"] == "two"
    assert hidden["4dabf18193072939515e22adb298388d"] == "1b47061264138c4ac30d75fd1eb44270"


def test_what_a_program_raises_is_told_once_and_ends_the_run(
    host: Any, engine: tuple[Engine, str], tmp_path: Path
) -> None:
    engine[0].errors.clear()
    answer = run(host, engine[1], tmp_path, "raise ValueError('out of order')")
    assert answer.bail
    (said,) = engine[0].errors
    assert "ValueError: out of order" in said
    assert "Traceback (most recent call last)" in said


def test_a_program_that_names_its_own_error_ends_without_a_traceback(
    host: Any, engine: tuple[Engine, str], tmp_path: Path, complaints: Path
) -> None:
    engine[0].errors.clear()
    answer = run(host, engine[1], tmp_path, "import pulumi; raise pulumi.RunError('namespace: must be set')")
    assert [each.strip() for each in engine[0].errors] == ["namespace: must be set"]
    # The engine prints this as well: a program that has told its user everything ends with 32 instead.
    assert (answer.error, answer.bail) == ("program exited with non-zero exit code: 1", False)
    assert "Traceback" not in complaints.read_text()


@pytest.mark.parametrize(
    ("code", "error", "bail"),
    [
        ("raise SystemExit(0)", "", False),
        ("raise SystemExit(32)", "", True),
        ("raise SystemExit(3)", "program exited with non-zero exit code: 3", False),
        ("import os; os.kill(os.getpid(), 9)", "program exited with non-zero exit code: -1", False),
    ],
)
def test_how_a_program_ended_is_told(
    host: Any, engine: tuple[Engine, str], tmp_path: Path, code: str, error: str, bail: bool
) -> None:
    engine[0].errors.clear()
    answer = run(host, engine[1], tmp_path, code)
    assert (answer.error, answer.bail, engine[0].errors) == (error, bail, [])


def test_a_program_without_a_main_file_is_told(host: Any, engine: tuple[Engine, str], tmp_path: Path) -> None:
    engine[0].errors.clear()
    assert run(host, engine[1], tmp_path, None).bail
    assert engine[0].errors == [f"unable to find main python program `__main__.py` in `{tmp_path}`"]


def test_a_program_without_the_sdk_is_told_to_install_it(
    host: Any, engine: tuple[Engine, str], tmp_path: Path, complaints: Path
) -> None:
    virtualenv = tmp_path / "venv"
    subprocess.run([paths.PYTHON, "-m", "venv", "--without-pip", virtualenv], check=True)
    answer = run(host, engine[1], tmp_path, "", virtualenv=virtualenv)
    assert (answer.error, answer.bail) == ("program exited with non-zero exit code: 1", False)
    assert "It looks like the Pulumi SDK has not been installed." in complaints.read_text()


def test_a_program_is_interrupted_once_when_the_engine_gives_up(engine: tuple[Engine, str], tmp_path: Path) -> None:
    code = """
import pathlib, time
try:
    # Within, as the interrupt may come as soon as the file is there.
    pathlib.Path("started").touch()
    time.sleep(60)
except KeyboardInterrupt:
    # A second interrupt would end this.
    time.sleep(0.5)
    pathlib.Path("interrupted").touch()
    raise SystemExit(32)
"""
    # A host of its own, as it runs no further program.
    with started(engine[1], tmp_path / "stderr") as host, ThreadPoolExecutor(1) as pool:
        running = pool.submit(run, host, engine[1], tmp_path, code)
        while not (tmp_path / "started").exists():
            assert not running.done(), running.result()
        host.Cancel(empty_pb2.Empty())
        assert running.result().bail
    assert (tmp_path / "interrupted").exists()


def test_a_plugin_in_python_runs_with_its_arguments_and_its_output_and_exit_code_are_passed_on(
    host: Any, tmp_path: Path
) -> None:
    info = program(tmp_path, "import json, sys; print(json.dumps(sys.argv[1:])); print('no', file=sys.stderr); exit(3)")
    request = language_pb2.RunPluginRequest(pwd=str(tmp_path), program=str(tmp_path), args=["one", "two"], info=info)
    out, err, code = b"", b"", None
    for each in host.RunPlugin(request):
        kind = each.WhichOneof("output")
        out, err = out + (each.stdout if kind == "stdout" else b""), err + (each.stderr if kind == "stderr" else b"")
        code = each.exitcode if kind == "exitcode" else code
    assert json.loads(out) == ["one", "two"]
    assert err.strip() == b"no"
    assert code == 3
