"""Serves a provider to the Pulumi engine as a resource plugin.

A plugin is started by the engine, prints the port that it listens on as its first line, and is told to end by a
signal. One process serves one provider resource of a stack.
"""

# ruff: noqa: N802, D102 - the methods' names and meanings are those of the protocol

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from testbed.plugins.diff import Path
from testbed.plugins.failures import Call, HalfMade, answering, refusing
from testbed.plugins.listener import listen_until_told_to_end
from testbed.plugins.properties import Unsealed, marshal, paths_to_seal
from testbed.plugins.provider import (
    CheckFailure,
    CheckResult,
    DiffResult,
    PartialFailure,
    Properties,
    Resource,
)

if TYPE_CHECKING:
    from testbed.plugins.aws.provider import AwsProvider

_KINDS: Final = {
    "add": (provider_pb2.PropertyDiff.ADD, provider_pb2.PropertyDiff.ADD_REPLACE),
    "delete": (provider_pb2.PropertyDiff.DELETE, provider_pb2.PropertyDiff.DELETE_REPLACE),
    "update": (provider_pb2.PropertyDiff.UPDATE, provider_pb2.PropertyDiff.UPDATE_REPLACE),
}
_NOTHING: Final = Unsealed({}, frozenset())


def serve(provider: AwsProvider) -> None:
    """Prints the port and answers the engine until it goes away or sends SIGINT or SIGTERM; then ends the process."""
    listen_until_told_to_end(
        lambda server: provider_pb2_grpc.add_ResourceProviderServicer_to_server(ProviderServicer(provider), server),
        provider.cancel,
    )


def resource_of(urn: str) -> Resource:
    """The resource that a URN names: its own type, without those of its parents."""
    _, _, qualified_type, name = urn.split("::", 3)
    return Resource(urn=urn, type=qualified_type.rpartition("$")[2], name=name)


def diff_response(result: DiffResult) -> provider_pb2.DiffResponse:
    """A provider's diff in the engine's form; a replacing path that ``detailed`` lacks counts as an update."""
    kinds = {**dict.fromkeys(result.replaces, "update"), **result.detailed}
    replaces = set(result.replaces)
    detailed = {
        path: provider_pb2.PropertyDiff(kind=_KINDS[kind][path in replaces], inputDiff=True)
        for path, kind in kinds.items()
    }
    return provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if kinds else provider_pb2.DiffResponse.DIFF_NONE,
        replaces=result.replaces,
        diffs=list(dict.fromkeys(re.split(r"[.\[]", path, maxsplit=1)[0] for path in kinds)),
        detailedDiff=detailed,
        hasDetailedDiff=True,
        deleteBeforeReplace=result.delete_before_replace,
    )


class ProviderServicer(provider_pb2_grpc.ResourceProviderServicer):
    """The engine's protocol on one side, a provider and plain values on the other."""

    def __init__(self, provider: AwsProvider) -> None:
        self._provider = provider

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        # The engine refuses a plugin older than the SDK, so the stand-in is as old as the SDK it stands in for.
        return plugin_pb2.PluginInfo(version=metadata.version(f"pulumi-{self._provider.package}"))

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        with answering(context, self._provider.package) as call:
            news = call.unseal(request.news)
            result = self._provider.check_config(news.values)
            return _check_response(call, resource_of(request.urn), news, result)

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        with answering(context, self._provider.package) as call:
            old = request.old_inputs if request.HasField("old_inputs") else request.olds
            return diff_response(self._provider.diff_config(call.unseal(old).values, call.unseal(request.news).values))

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        with answering(context, self._provider.package) as call:
            self._provider.configure(call.unseal(request.args).values)
            return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        with answering(context, self._provider.package) as call:
            resource = resource_of(request.urn)
            news = call.unseal(request.news)
            old = call.unseal(request.olds).values or None
            result = self._provider.check(resource, old, news.values, request.randomSeed)
            return _check_response(call, resource, news, result, self._provider.secret_outputs(resource.type))

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        with answering(context, self._provider.package) as call:
            result = self._provider.diff(
                resource_of(request.urn),
                request.id,
                call.unseal(request.old_inputs).values,
                call.unseal(request.olds).values,
                call.unseal(request.news).values,
            )
            return diff_response(result)

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        with answering(context, self._provider.package) as call:
            resource = resource_of(request.urn)
            inputs = call.unseal(request.properties)
            try:
                physical_id, outputs = self._provider.create(resource, inputs.values, request.preview, request.timeout)
            except PartialFailure as failure:
                raise self._half_made(failure, resource, inputs, request.properties) from failure
            return provider_pb2.CreateResponse(id=physical_id, properties=self._seal(resource, outputs, inputs))

    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:
        with answering(context, self._provider.package) as call:
            resource = resource_of(request.urn)
            inputs, outputs = call.unseal(request.inputs), call.unseal(request.properties)
            try:
                live = self._provider.read(resource, request.id, inputs.values or None, outputs.values or None)
            except PartialFailure as failure:
                raise self._half_made(failure, resource, outputs, request.inputs) from failure
            if live is None:
                return provider_pb2.ReadResponse()
            live_id, live_inputs, live_outputs = live
            return provider_pb2.ReadResponse(
                id=live_id,
                inputs=self._seal(resource, live_inputs, inputs),
                properties=self._seal(resource, live_outputs, outputs, inputs),
            )

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        with answering(context, self._provider.package) as call:
            resource = resource_of(request.urn)
            news = call.unseal(request.news)
            try:
                outputs = self._provider.update(
                    resource,
                    request.id,
                    call.unseal(request.old_inputs).values,
                    call.unseal(request.olds).values,
                    news.values,
                    request.preview,
                    request.timeout,
                )
            except PartialFailure as failure:
                raise self._half_made(failure, resource, news, request.news) from failure
            return provider_pb2.UpdateResponse(properties=self._seal(resource, outputs, news))

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        with answering(context, self._provider.package) as call:
            self._provider.delete(
                resource_of(request.urn),
                request.id,
                call.unseal(request.old_inputs).values,
                call.unseal(request.properties).values,
                request.timeout,
            )
            return empty_pb2.Empty()

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:
        with answering(context, self._provider.package) as call:
            args = call.unseal(request.args)
            answer = self._provider.invoke(request.tok, args.values)
            sealed = marshal(answer, paths_to_seal(args, answer))
            return provider_pb2.InvokeResponse(**{"return": sealed})

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        self._provider.cancel()
        return empty_pb2.Empty()

    def Attach(self, request: Any, context: grpc.ServicerContext) -> Any:
        return empty_pb2.Empty()

    GetSchema = refusing("the schema of the package")
    GetMapping = refusing("a mapping to another ecosystem")
    GetMappings = refusing("a mapping to another ecosystem")
    Parameterize = refusing("parameterization")
    Construct = refusing("a remote component")
    Call = refusing("a method of a resource")
    List = refusing("listing resources")

    def _half_made(
        self, failure: PartialFailure, resource: Resource, given: Unsealed, inputs: struct_pb2.Struct
    ) -> HalfMade:
        return HalfMade(failure, self._seal(resource, failure.outputs, given), inputs)

    def _seal(
        self, resource: Resource, values: Properties, given: Unsealed, also_given: Unsealed = _NOTHING
    ) -> struct_pb2.Struct:
        always = self._provider.secret_outputs(resource.type)
        sealed: set[Path] = paths_to_seal(given, values, always) | paths_to_seal(also_given, values)
        return marshal(values, sealed)


def _check_response(
    call: Call, resource: Resource, news: Unsealed, result: CheckResult, always: Sequence[str] = ()
) -> provider_pb2.CheckResponse:
    failures = [provider_pb2.CheckFailure(reason=call.scrub(_reason(resource, failure))) for failure in result.failures]
    inputs = marshal(result.inputs, paths_to_seal(news, result.inputs, always))
    return provider_pb2.CheckResponse(inputs=inputs, failures=failures)


def _reason(resource: Resource, failure: CheckFailure) -> str:
    if not failure.property:
        return failure.reason
    # The engine would print the property's value too, in Go's notation, if it were told the property apart.
    full_stop = "" if failure.reason.endswith((".", "?")) else "."
    return f"{failure.reason}{full_stop} Examine values at '{resource.name}.{failure.property}'."
