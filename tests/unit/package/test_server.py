"""The plugin's server for the resources that the program's own code makes, as the engine asks it."""

from __future__ import annotations

import asyncio
import threading
from datetime import date
from typing import Any

import grpc
import pytest
from google.protobuf import struct_pb2
from pulumi.runtime import proto, rpc

from components import own_resource
from package.provider import StudiosProvider
from package.server import PROVIDERS, StudiosServicer
from tests.unit.package.arguments import speaking_of_arguments

URN = "urn:pulumi:dev::program::studios:index:OidcCredentials$studios:index:RsaKeyGuard::guard"


class AbortedError(Exception):
    """What the engine gets instead of an answer."""


class Context:
    """The part of gRPC's that is used."""

    async def abort(self, code: grpc.StatusCode, details: str) -> None:
        raise AbortedError(code, details)


def properties(**values: Any) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(values)
    return made


def servicer() -> StudiosServicer:
    return StudiosServicer(StudiosProvider(), [], engine_address="")


def test_every_resource_of_our_own_is_served() -> None:
    assert set(PROVIDERS) == {each.__name__ for each in own_resource.OwnResource.__subclasses__()}


def test_a_difference_is_what_the_provider_says() -> None:
    async def ask(**news: Any) -> Any:
        request = proto.DiffRequest(
            id="rsa-key", urn=URN, olds=properties(bits=2048, rotation=""), news=properties(**news)
        )
        return (await servicer().Diff(request, Context())).changes

    assert asyncio.run(ask(bits=2048, rotation="")) == proto.DiffResponse.DIFF_NONE
    assert asyncio.run(ask(bits=3072, rotation="today")) == proto.DiffResponse.DIFF_SOME


def test_a_refusal_is_an_answer_in_the_words_of_the_package() -> None:
    async def ask() -> None:
        olds, news = properties(bits=2048, rotation=""), properties(bits=3072, rotation="")
        await servicer().Diff(proto.DiffRequest(id="rsa-key", urn=URN, olds=olds, news=news), Context())

    with speaking_of_arguments(), pytest.raises(AbortedError) as aborted:
        asyncio.run(ask())
    assert aborted.value.args == (
        grpc.StatusCode.UNKNOWN,
        (
            "rsaBits: 3072 would replace the RSA key in use, which has 2048 bits, and end every session; write 2048, "
            f"or ask for a new key: rsaRotation: {date.today().isoformat()}"
        ),
    )


def test_what_was_secret_stays_so() -> None:
    async def ask() -> struct_pb2.Struct:
        inputs = properties(bits=2048, rotation=rpc.wrap_rpc_secret("hidden"))
        made = await servicer().Create(proto.CreateRequest(urn=URN, properties=inputs), Context())
        assert made.id == "rsa-key"
        found: struct_pb2.Struct = made.properties
        return found

    outs = asyncio.run(ask())
    assert outs["bits"] == 2048
    assert dict(outs["rotation"].items()) == rpc.wrap_rpc_secret("hidden")


def test_resources_are_made_also_while_components_occupy_the_threads_of_the_event_loop() -> None:
    async def ask() -> Any:
        loop, over = asyncio.get_running_loop(), threading.Event()
        # As many as wait for the engine to register their resources, for which it asks here.
        waiting = [loop.run_in_executor(None, over.wait, 30) for _ in range(64)]
        request = proto.CreateRequest(urn=URN, properties=properties(bits=2048, rotation=""))
        try:
            return await asyncio.wait_for(servicer().Create(request, Context()), 10)
        finally:
            over.set()
            await asyncio.gather(*waiting)

    assert asyncio.run(ask()).id == "rsa-key"
