"""The server that the engine asks: for components, and for the resources that the program's own code makes.

The SDK's server makes components only. What it lacks is what Pulumi's dynamic provider does for the same resources in
a Python program; here the code is at hand, and nothing has to be pickled into the state.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.dynamic import ResourceProvider
from pulumi.provider.provider import Provider
from pulumi.provider.server import ProviderServicer
from pulumi.runtime import proto, rpc
from pulumi.runtime.proto import provider_pb2_grpc

from components.existing_certificate import ExistingCertificateProvider
from components.instance_scripts import InstallationReportProvider, InstanceCleanupProvider
from components.platform_as_found import PlatformAsFoundProvider
from components.platform_edits import PlatformEditsProvider
from components.record_as_found import RecordAsFoundProvider
from components.rsa_key import RsaKeyGuardProvider

PROVIDERS: Final[Mapping[str, ResourceProvider]] = {
    "ExistingCertificate": ExistingCertificateProvider(),
    "InstallationReport": InstallationReportProvider(),
    "InstanceCleanup": InstanceCleanupProvider(),
    "PlatformAsFound": PlatformAsFoundProvider(),
    "PlatformEdits": PlatformEditsProvider(),
    "RecordAsFound": RecordAsFoundProvider(),
    "RsaKeyGuard": RsaKeyGuardProvider(),
}
"""Resource → what makes it."""

_MESSAGE_LIMIT: Final = 400 * 1024 * 1024
"""Of gRPC, as the SDK's own servers have it."""

# Not those of the event loop: components occupy them while the engine registers their resources, for which it asks us.
_THREADS = ThreadPoolExecutor(thread_name_prefix="resources")

_T = TypeVar("_T")
Properties = dict[str, Any]


class StudiosServicer(ProviderServicer):
    """Makes components as the SDK does, and hands the other resources to their providers."""

    async def Check(self, request: Any, context: Any) -> proto.CheckResponse:  # noqa: N802 (gRPC's name)
        """Completes the inputs of a resource."""
        olds, _ = _read(request.olds)
        news, secrets = _read(request.news)
        checked = await _answer(context, lambda: _provider(request.urn).check(olds, news))
        failures = [proto.CheckFailure(property=each.property, reason=each.reason) for each in checked.failures]
        return proto.CheckResponse(inputs=await _written(checked.inputs, secrets), failures=failures)

    async def Diff(self, request: Any, context: Any) -> proto.DiffResponse:  # noqa: N802
        """Says whether a resource has to change, and whether to be made anew."""
        (olds, _), (news, _) = _read(request.olds), _read(request.news)
        found = await _answer(context, lambda: _provider(request.urn).diff(request.id, olds, news))
        changes = {
            True: proto.DiffResponse.DIFF_SOME,
            False: proto.DiffResponse.DIFF_NONE,
            None: proto.DiffResponse.DIFF_UNKNOWN,
        }
        return proto.DiffResponse(
            changes=changes[found.changes],
            replaces=found.replaces or [],
            deleteBeforeReplace=bool(found.delete_before_replace),
        )

    async def Create(self, request: Any, context: Any) -> proto.CreateResponse:  # noqa: N802
        """Makes a resource."""
        inputs, secrets = _read(request.properties)
        made = await _answer(context, lambda: _provider(request.urn).create(inputs))
        return proto.CreateResponse(id=made.id, properties=await _written(made.outs or {}, secrets))

    async def Read(self, request: Any, context: Any) -> proto.ReadResponse:  # noqa: N802
        """Looks at a resource as it is."""
        state, secrets = _read(request.properties)
        seen = await _answer(context, lambda: _provider(request.urn).read(request.id, state))
        inputs = {"inputs": request.inputs} if seen.inputs is None else {"inputs": await _written(seen.inputs, secrets)}
        return proto.ReadResponse(id=seen.id, properties=await _written(seen.outs or {}, secrets), **inputs)

    async def Update(self, request: Any, context: Any) -> proto.UpdateResponse:  # noqa: N802
        """Changes a resource."""
        (olds, _), (news, secrets) = _read(request.olds), _read(request.news)
        changed = await _answer(context, lambda: _provider(request.urn).update(request.id, olds, news))
        return proto.UpdateResponse(properties=await _written(changed.outs or {}, secrets))

    async def Delete(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: N802
        """Takes a resource away."""
        state, _ = _read(request.properties)
        await _answer(context, lambda: _provider(request.urn).delete(request.id, state))
        return empty_pb2.Empty()


def serve(provider: Provider) -> None:
    """Serves the engine at the address in this process's first argument, until the engine ends this process."""

    async def run() -> None:
        limits = [("grpc.max_receive_message_length", _MESSAGE_LIMIT), ("grpc.max_send_message_length", _MESSAGE_LIMIT)]
        server = grpc.aio.server(options=limits)
        servicer = StudiosServicer(provider, sys.argv[1:], engine_address=sys.argv[1])
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        sys.stdout.buffer.write(f"{port}\n".encode())
        sys.stdout.buffer.flush()
        await server.wait_for_termination()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run())


def _provider(urn: str) -> ResourceProvider:
    # urn:pulumi:<stack>::<project>::<parents' types>$<type>::<name>
    kind = urn.split("::")[2].rsplit("$", 1)[-1]
    return PROVIDERS[kind.rsplit(":", 1)[-1]]


async def _answer(context: Any, call: Callable[[], _T]) -> _T:
    """What the provider says; an error of its own is the answer, and no traceback."""
    try:
        return await asyncio.get_running_loop().run_in_executor(_THREADS, call)
    except Exception as error:
        await context.abort(grpc.StatusCode.UNKNOWN, str(error) or type(error).__name__)
        raise


def _read(properties: struct_pb2.Struct) -> tuple[Properties, set[str]]:
    """The properties, and which of them are secret."""
    found: Properties = rpc.deserialize_properties(properties, keep_unknowns=True)
    secrets = {key for key, value in found.items() if rpc.is_rpc_secret(value)}
    return {key: rpc.unwrap_rpc_secret(value) for key, value in found.items()}, secrets


async def _written(properties: Properties, secrets: set[str]) -> struct_pb2.Struct:
    """The properties as the engine reads them; those that were secret stay so."""
    sealed = {key: rpc.wrap_rpc_secret(value) if key in secrets else value for key, value in properties.items()}
    written: struct_pb2.Struct = await rpc.serialize_properties(sealed, {})
    return written
