"""The language host: the engine's protocol for everything that it wants from a language."""

# ruff: noqa: N802, D102 - the methods' names and meanings are those of the protocol

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from testbed import build
from testbed.errors import TestbedError
from testbed.language.children import STDOUT, Children, end_process, output_of
from testbed.language.interpreter import Interpreter, InterpreterError
from testbed.plugins.failures import refusing

#: With this exit code a program says that the user has been told already.
_TOLD: Final = 32


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Runs programs, policy packs and plugins, and looks after their virtualenvs.

    ``engine_address`` is where a program reaches the engine's log.
    """

    def __init__(self, engine_address: str) -> None:
        self._engine_address = engine_address
        self._programs = Children()
        self._others = Children()

    def end(self) -> None:
        """Ends all processes that were started for the engine."""
        self._programs.end()
        self._others.end()

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        self._engine_address = request.engine_address or self._engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        return plugin_pb2.PluginInfo(version=metadata.version("pulumi"))

    def GetRequiredPackages(self, request: Any, context: grpc.ServicerContext) -> Any:
        with _answering(context):
            return language_pb2.GetRequiredPackagesResponse(
                packages=[
                    plugin_pb2.PackageDependency(
                        kind="resource",
                        name=plugin["name"],
                        version=plugin["version"],
                        server=plugin.get("server", ""),
                        parameterization=_parameterization(plugin),
                    )
                    for plugin in _resource_plugins(request.info)
                ]
            )

    def Run(self, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            interpreter = Interpreter.of(request.info)
            interpreter.require()
            executor = build.python_executor()
        except (InterpreterError, TestbedError) as error:
            return language_pb2.RunResponse(error=str(error))
        environment = interpreter.environment()
        # Secret values too: they must not be on a command line, which every user can read.
        environment["PULUMI_CONFIG"] = json.dumps(dict(request.config))
        environment["PULUMI_CONFIG_SECRET_KEYS"] = json.dumps(list(request.configSecretKeys))
        command = [str(interpreter.executable), "-u", str(executor), *self._run_arguments(request)]
        directory = request.pwd or request.info.program_directory
        with self._programs.start(command, directory, environment) as process:
            context.add_callback(lambda: end_process(process))
            return _run_response(process.wait())

    def _run_arguments(self, request: Any) -> list[str]:
        options = {
            "monitor": request.monitor_address,
            "engine": self._engine_address,
            "project": request.project,
            "root_directory": request.info.root_directory,
            "stack": request.stack,
            "pwd": request.pwd,
            "dry_run": str(request.dryRun).lower(),
            "parallel": str(request.parallel),
            "organization": request.organization,
        }
        arguments = [word for name, value in options.items() if value for word in (f"--{name}", value)]
        return [*arguments, request.info.entry_point or request.program or ".", *request.args]

    def InstallDependencies(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        with _answering(context):
            interpreter = Interpreter.of(request.info)
            directory = request.directory or request.info.program_directory
            commands = []
            if not interpreter.executable.exists():
                commands.append([_python_for_virtualenvs(), "-m", "venv", str(interpreter.virtualenv)])
            if Path(directory, "requirements.txt").exists():
                install = ["-m", "pip", "install", "--disable-pip-version-check", "-r", "requirements.txt"]
                commands.append([str(interpreter.executable), *install])
            else:
                yield _installing(b"There is no requirements.txt, so nothing is to be installed.\n")
            for command in commands:
                yield from self._install(command, directory, interpreter, context)

    def _install(
        self, command: Sequence[str], directory: str, interpreter: Interpreter, context: grpc.ServicerContext
    ) -> Iterator[Any]:
        yield _installing(f"$ {' '.join(command)}\n".encode())
        with self._others.start(command, directory, interpreter.environment(), piped=True) as process:
            context.add_callback(lambda: end_process(process))
            for stream, data in output_of(process):
                yield language_pb2.InstallDependenciesResponse(**{stream: data})
            if process.wait():
                raise InterpreterError(f"`{' '.join(command)}` ended with exit code {process.returncode}")

    def About(self, request: Any, context: grpc.ServicerContext) -> Any:
        with _answering(context):
            interpreter = Interpreter.of(request.info)
            version = interpreter.packages()["version"]
            return language_pb2.AboutResponse(executable=str(interpreter.executable), version=version)

    def GetProgramDependencies(self, request: Any, context: grpc.ServicerContext) -> Any:
        with _answering(context):
            packages = Interpreter.of(request.info).packages()["packages"]
            return language_pb2.GetProgramDependenciesResponse(
                dependencies=[
                    language_pb2.DependencyInfo(name=name, version=version)
                    for name, version, is_direct in packages
                    if is_direct or request.transitiveDependencies
                ]
            )

    def RunPlugin(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        with _answering(context):
            interpreter = Interpreter.of(request.info)
            interpreter.require()
            given = dict(variable.partition("=")[::2] for variable in request.env) or None
            command = [str(interpreter.executable), "-u", *_plugin_arguments(request)]
            directory = request.pwd or request.info.program_directory
            with self._others.start(command, directory, interpreter.environment(given), piped=True) as process:
                context.add_callback(lambda: end_process(process))
                for stream, data in output_of(process):
                    yield _plugin_output(stream, data)
                yield language_pb2.RunPluginResponse(exitcode=process.wait())

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        # The engine has told the plugins; the program hears it as it would of a terminal.
        self._programs.end(signal.SIGINT)
        return empty_pb2.Empty()

    def GeneratePackage(self, request: Any, context: grpc.ServicerContext) -> Any:
        with _answering(context):
            if request.extra_files:
                raise InterpreterError(
                    f"files of the package's own, {sorted(request.extra_files)}, are not put into an SDK"
                )
            command = [str(build.sdk_generator()), "python", request.directory]
            finished = subprocess.run(command, input=request.schema, capture_output=True, text=True, check=False)
            if finished.returncode:
                raise InterpreterError(f"no SDK can be made of the schema: {finished.stderr.strip()}")
            return language_pb2.GeneratePackageResponse()

    RuntimeOptionsPrompts = Template = refusing("making a project of a template")
    GenerateProgram = refusing("generating a program")
    GenerateProject = refusing("generating a project")
    Pack = refusing("packing an SDK")
    Link = refusing("linking an SDK")


@contextmanager
def _answering(context: grpc.ServicerContext) -> Iterator[None]:
    try:
        yield
    except (InterpreterError, TestbedError, OSError) as error:
        context.abort(grpc.StatusCode.UNKNOWN, str(error))


def _run_response(exit_code: int) -> Any:
    if exit_code == 0:
        return language_pb2.RunResponse()
    if exit_code == _TOLD:
        return language_pb2.RunResponse(bail=True)
    # The official host has -1 for each signal.
    return language_pb2.RunResponse(error=f"program exited with non-zero exit code: {max(exit_code, -1)}")


def _resource_plugins(info: language_pb2.ProgramInfo) -> list[dict[str, Any]]:
    return [plugin for plugin in Interpreter.of(info).plugins() if plugin.get("resource")]


def _parameterization(plugin: dict[str, Any]) -> plugin_pb2.PackageParameterization | None:
    parameters = plugin.get("parameterization")
    if not parameters:
        return None
    return plugin_pb2.PackageParameterization(
        name=parameters["name"], version=parameters["version"], value=base64.b64decode(parameters["value"])
    )


def _plugin_output(stream: str, data: bytes) -> Any:
    if stream == STDOUT:
        return language_pb2.RunPluginResponse(stdout=data)
    return language_pb2.RunPluginResponse(stderr=data)


def _installing(text: bytes) -> Any:
    return language_pb2.InstallDependenciesResponse(stdout=text)


def _python_for_virtualenvs() -> str:
    return shutil.which(os.environ.get("PULUMI_PYTHON_CMD", "")) or sys.executable


def _plugin_arguments(request: Any) -> list[str]:
    """A policy pack is loaded by the SDK's own module; any other plugin is a folder with a ``__main__.py``."""
    directory = request.info.program_directory or request.program
    if request.kind == "analyzer":
        return ["-m", "pulumi.policy", *request.args, directory]
    if not Path(directory, "__main__.py").exists():
        raise InterpreterError(f"the plugin in {directory} has no __main__.py to run")
    return [directory, *request.args]
