"""The language host: interpreters, environments, the processes that it starts and how a program's end is told."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import grpc
import pytest
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import language_pb2

from testbed import build
from testbed.language.children import Children, output_of
from testbed.language.host import LanguageHost
from testbed.language.interpreter import Interpreter, InterpreterError

CHECKOUT = Path(__file__).resolve().parents[2]


def program(root: Path, **options: str) -> language_pb2.ProgramInfo:
    return language_pb2.ProgramInfo(
        root_directory=str(root),
        program_directory=str(root),
        entry_point=".",
        options=json_format.ParseDict(options, struct_pb2.Struct()),
    )


class Context:
    """As much of a gRPC context as the host needs."""

    def add_callback(self, callback: object) -> bool:
        return True

    def abort(self, code: grpc.StatusCode, details: str) -> None:
        raise RuntimeError(details)


@pytest.fixture
def host() -> LanguageHost:
    return LanguageHost("127.0.0.1:1")


def test_a_program_without_options_runs_on_the_hosts_own_interpreter(tmp_path: Path) -> None:
    assert Interpreter.of(program(tmp_path)) == Interpreter(Path(sys.executable), None)


def test_a_virtualenv_is_relative_to_the_project_file_and_activated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONHOME", "/elsewhere")
    interpreter = Interpreter.of(program(tmp_path, virtualenv=".venv"))
    assert interpreter.executable == tmp_path / ".venv" / "bin" / "python"
    environment = interpreter.environment()
    assert environment["VIRTUAL_ENV"] == str(tmp_path / ".venv")
    assert environment["PATH"].split(os.pathsep)[0] == str(tmp_path / ".venv" / "bin")
    assert "PYTHONHOME" not in environment


@pytest.mark.parametrize(
    ("before", "after"),
    [(f"{CHECKOUT}:/own", "/own"), (str(CHECKOUT), None), ("/own", "/own"), (f"/own:{CHECKOUT}", f"/own:{CHECKOUT}")],
)
def test_the_program_does_not_see_the_checkout_that_the_launcher_put_on_the_module_path(
    before: str, after: str | None
) -> None:
    environment = Interpreter(Path(sys.executable), None).environment({"PYTHONPATH": before})
    assert environment.get("PYTHONPATH") == after


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"toolchain": "poetry"}, "runtime option toolchain: poetry is not known"),
        ({"typechecker": "mypy"}, "runtime options typechecker are not known"),
    ],
)
def test_an_option_that_would_be_ignored_is_refused(tmp_path: Path, options: dict[str, str], message: str) -> None:
    with pytest.raises(InterpreterError, match=message):
        Interpreter.of(program(tmp_path, **options))


def test_a_missing_virtualenv_is_explained_when_the_program_is_to_run(host: LanguageHost, tmp_path: Path) -> None:
    answer = host.Run(language_pb2.RunRequest(info=program(tmp_path, virtualenv="venv")), Context())
    assert answer.error.startswith(
        'The \'virtualenv\' option in Pulumi.yaml is set to "venv", but "venv" doesn\'t exist'
    )
    assert "`pulumi install`" in answer.error


def test_secret_config_goes_through_the_environment_and_not_the_command_line(
    host: LanguageHost, tmp_path: Path
) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$@" > argv\necho "$PULUMI_CONFIG" "$PULUMI_CONFIG_SECRET_KEYS" > config\n')
    python.chmod(0o755)
    request = language_pb2.RunRequest(
        info=program(tmp_path, virtualenv="venv"),
        pwd=str(tmp_path),
        project="studios",
        stack="dev",
        parallel=4,
        dryRun=True,
        monitor_address="127.0.0.1:2",
        config={"studios:token": "hunter22"},
        configSecretKeys=["studios:token"],
    )
    assert host.Run(request, Context()) == language_pb2.RunResponse()
    assert (tmp_path / "config").read_text() == '{"studios:token": "hunter22"} ["studios:token"]\n'
    # By the engine's address as a word of its own, `make recover` finds a program that a dead engine has left.
    assert (tmp_path / "argv").read_text().split()[2:] == [
        *("--monitor", "127.0.0.1:2", "--engine", "127.0.0.1:1"),
        *("--project", "studios", "--root_directory", str(tmp_path), "--stack", "dev", "--pwd", str(tmp_path)),
        *("--dry_run", "true", "--parallel", "4", "."),
    ]


def test_a_plugin_without_a_main_file_is_refused(host: LanguageHost, tmp_path: Path) -> None:
    request = language_pb2.RunPluginRequest(info=program(tmp_path), kind="resource")
    with pytest.raises(RuntimeError, match=r"has no __main__\.py to run"):
        list(host.RunPlugin(request, Context()))


def test_output_is_passed_on_as_it_comes(tmp_path: Path) -> None:
    command = [sys.executable, "-u", "-c", "import os, time; os.write(1, b'first'); time.sleep(60)"]
    with Children().start(command, str(tmp_path), os.environ, piped=True) as process:
        assert next(output_of(process)) == ("stdout", b"first")
    assert process.returncode == -15


def test_all_children_end_with_the_host(tmp_path: Path) -> None:
    children = Children()
    started = threading.Event()
    codes: list[int] = []

    def run() -> None:
        with children.start([sys.executable, "-c", "import time; time.sleep(60)"], str(tmp_path), os.environ) as child:
            started.set()
            codes.append(child.wait())

    thread = threading.Thread(target=run)
    thread.start()
    assert started.wait(timeout=10)
    children.end()
    thread.join(timeout=10)
    assert codes == [-15]


def test_a_process_that_cannot_start_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"), Children().start(["/no/such/program"], str(tmp_path), {}):
        pass


def test_the_host_ends_when_the_process_that_started_it_goes_away(tmp_path: Path) -> None:
    # The shell leaves as soon as the host is up. Its error output closes when it has ended, and not before.
    port = tmp_path / "port"
    script = f"'{sys.executable}' -m testbed.language 127.0.0.1:1 >'{port}' & until [ -s '{port}' ]; do sleep 0.1; done"
    result = subprocess.run(["sh", "-c", script], cwd=CHECKOUT, capture_output=True, text=True, timeout=30, check=True)
    assert port.read_text().strip().isdecimal()
    assert result.stderr == ""


@pytest.fixture
def generator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A script in the place of Pulumi's generators, which a test writes."""
    script = tmp_path / "sdk"
    script.touch(mode=0o755)
    monkeypatch.setattr(build, "sdk_generator", lambda: script)
    return script


def test_an_sdk_is_made_of_the_schema_in_the_folder(host: LanguageHost, generator: Path, tmp_path: Path) -> None:
    generator.write_text('#!/bin/sh\ncat > "$2/$1.json"\n')
    request = language_pb2.GeneratePackageRequest(directory=str(tmp_path), schema='{"name": "studios"}')
    assert host.GeneratePackage(request, Context()) == language_pb2.GeneratePackageResponse()
    assert (tmp_path / "python.json").read_text() == '{"name": "studios"}'


def test_a_schema_of_which_no_sdk_can_be_made_is_told_in_the_generators_words(
    host: LanguageHost, generator: Path, tmp_path: Path
) -> None:
    generator.write_text("#!/bin/sh\necho unexpected end of JSON input >&2\nexit 1\n")
    request = language_pb2.GeneratePackageRequest(directory=str(tmp_path), schema="{")
    with pytest.raises(RuntimeError, match="no SDK can be made of the schema: unexpected end of JSON input"):
        host.GeneratePackage(request, Context())


def test_files_of_the_packages_own_are_refused_and_not_left_out_of_an_sdk(host: LanguageHost, tmp_path: Path) -> None:
    request = language_pb2.GeneratePackageRequest(directory=str(tmp_path), extra_files={"extra.py": b""})
    with pytest.raises(RuntimeError, match=r"extra\.py"):
        host.GeneratePackage(request, Context())
