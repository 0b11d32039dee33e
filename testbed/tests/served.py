"""A plugin as the engine sees it: whatever serves a package here, installed, built, or a stand-in."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from testbed import build, paths, targets
from testbed.plugins.launchers import find
from testbed.plugins.properties import marshal, unmarshal
from testbed.plugins.provider import CheckFailure, Properties

#: What Pulumi's bridge writes into the outputs of each resource, beside its properties.
ADDED = {"__meta", "__pulumi_raw_state_delta", "id"}

_ADD, _DELETE, _UPDATE = "add", "delete", "update"
_KINDS = {
    provider_pb2.PropertyDiff.ADD: _ADD,
    provider_pb2.PropertyDiff.ADD_REPLACE: _ADD,
    provider_pb2.PropertyDiff.DELETE: _DELETE,
    provider_pb2.PropertyDiff.DELETE_REPLACE: _DELETE,
    provider_pb2.PropertyDiff.UPDATE: _UPDATE,
    provider_pb2.PropertyDiff.UPDATE_REPLACE: _UPDATE,
}


class Served:
    """One type of resource of a running plugin."""

    def __init__(self, stub: provider_pb2_grpc.ResourceProviderStub, type_: str) -> None:
        self._stub = stub
        self._urn = f"urn:pulumi:dev::tests::{type_}::it"

    def check(self, inputs: Properties, old: Properties | None = None) -> tuple[Properties, list[CheckFailure]]:
        """The checked inputs, and what is wrong with them."""
        request = provider_pb2.CheckRequest(
            urn=self._urn, olds=marshal(old or {}), news=marshal(inputs), randomSeed=bytes(32)
        )
        answer = self._stub.Check(request)
        failures = [CheckFailure(each.property, each.reason) for each in answer.failures]
        return unmarshal(answer.inputs).values, failures

    def create(self, inputs: Properties, *, preview: bool = False) -> tuple[str, Properties, set[str]]:
        """Id, outputs, and the names of those that are secret."""
        checked, failures = self.check(inputs)
        assert failures == []
        answer = self._stub.Create(
            provider_pb2.CreateRequest(urn=self._urn, properties=marshal(checked), preview=preview)
        )
        outputs = unmarshal(answer.properties)
        return answer.id, outputs.values, {str(path[0]) for path in outputs.secrets}

    def read(self, id_: str, outputs: Properties, inputs: Properties) -> tuple[str, Properties, Properties]:
        """Id, outputs and inputs of the resource; the id is empty if it is gone."""
        answer = self._stub.Read(
            provider_pb2.ReadRequest(urn=self._urn, id=id_, properties=marshal(outputs), inputs=marshal(inputs))
        )
        return answer.id, unmarshal(answer.properties).values, unmarshal(answer.inputs).values

    def diff(self, id_: str, outputs: Properties, old: Properties, new: Properties) -> tuple[bool, list[str]]:
        """Whether anything changes, and what makes it another resource."""
        checked, failures = self.check(new, old)
        assert failures == []
        answer = self._stub.Diff(
            provider_pb2.DiffRequest(
                urn=self._urn, id=id_, olds=marshal(outputs), old_inputs=marshal(old), news=marshal(checked)
            )
        )
        changes: bool = answer.changes == provider_pb2.DiffResponse.DIFF_SOME
        return changes, sorted(answer.replaces)

    def delete(self, id_: str, outputs: Properties) -> None:
        """Takes it away."""
        self._stub.Delete(provider_pb2.DeleteRequest(urn=self._urn, id=id_, properties=marshal(outputs)))


def wrong(property_: str, reason: str) -> CheckFailure:
    """How Pulumi's bridged providers report a wrong input."""
    return CheckFailure("", f"{reason}. Examine values at 'it.{property_}'.")


@contextmanager
def plugin(package: str, **settings: Any) -> Iterator[provider_pb2_grpc.ResourceProviderStub]:
    """Starts what serves the package, as the engine does, and configures it."""
    built = build.bridged() if package in targets.BRIDGED else {}
    program = find(paths.BIN, built)[f"pulumi-resource-{package}"].program
    command = (
        [str(program)]
        if program
        else [str(paths.PYTHON), "-u", "-m", "testbed.plugins.start", f"testbed.plugins.{package}"]
    )
    # A plugin talks to its engine only if it has something to say, but `make recover` ends one of a dead engine.
    with socket.create_server(("127.0.0.1", 0)) as engine:
        running = subprocess.Popen(
            [*command, f"127.0.0.1:{engine.getsockname()[1]}"], stdout=subprocess.PIPE, cwd=paths.CHECKOUT
        )
        assert running.stdout is not None
        try:
            port = int(running.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                stub = provider_pb2_grpc.ResourceProviderStub(channel)
                stub.Configure(
                    provider_pb2.ConfigureRequest(args=marshal(settings), acceptSecrets=True, acceptResources=True)
                )
                yield stub
        finally:
            running.terminate()
            running.wait(10)
