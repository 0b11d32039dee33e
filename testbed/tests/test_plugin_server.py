"""What the engine gets to see of a provider, over gRPC."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent import futures
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from testbed.plugins.aws.provider import AwsProvider
from testbed.plugins.properties import Unsealed, marshal, unmarshal
from testbed.plugins.provider import (
    UNKNOWN,
    CheckFailure,
    CheckResult,
    DiffResult,
    PartialFailure,
    Properties,
    ProviderError,
    Resource,
)
from testbed.plugins.server import ProviderServicer, diff_response, resource_of

URN = "urn:pulumi:dev::project::studios:index:Parent$random:index/thing:Thing::my::thing"
PROPERTY_DIFF = provider_pb2.PropertyDiff


class Things(AwsProvider):
    """Echoes what it gets; the property ``do`` says what to do instead."""

    package = "random"

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.cancelled = False

    def configure(self, inputs: Properties) -> None:
        self.calls.append((inputs,))

    def check(self, resource: Resource, old: Properties | None, new: Properties, random_seed: bytes) -> CheckResult:
        self.calls.append((resource, old, new, random_seed))
        failures = [CheckFailure("size", f"{new['token']} is not a size")] if new.get("do") == "refuse" else []
        return CheckResult({**new, "name": "made-up"}, failures)

    def create(self, resource: Resource, inputs: Properties, preview: bool, timeout: float) -> tuple[str, Properties]:
        self.calls.append((inputs, preview, timeout))
        if inputs.get("do") == "refuse":
            raise ProviderError(f"the service does not like {inputs['token']}")
        if inputs.get("do") == "half":
            raise PartialFailure(["not ready", f"bad {inputs['token']}"], "id-1", {**inputs, "state": "pending"})
        if inputs.get("do") == "bug":
            raise KeyError(inputs["token"])
        return "id-1", {**inputs, "result": UNKNOWN if preview else "generated"}

    def read(
        self, resource: Resource, id: str, inputs: Properties | None, outputs: Properties | None
    ) -> tuple[str, Properties, Properties] | None:
        self.calls.append((id, inputs, outputs))
        return None if id == "gone" else (id, inputs or {"size": 1}, {**(outputs or {}), "result": "live"})

    def delete(self, resource: Resource, id: str, inputs: Properties, outputs: Properties, timeout: float) -> None:
        self.calls.append((id, inputs, outputs, timeout))

    def invoke(self, token: str, args: Properties) -> Properties:
        return args if token == "random:index:echo" else super().invoke(token, args)

    def secret_outputs(self, type: str) -> tuple[str, ...]:
        return ("result",)

    def cancel(self) -> None:
        self.cancelled = True


@pytest.fixture
def things() -> Things:
    return Things()


@pytest.fixture
def engine(things: Things) -> Iterator[provider_pb2_grpc.ResourceProviderStub]:
    server = grpc.server(futures.ThreadPoolExecutor(2))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(ProviderServicer(things), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield provider_pb2_grpc.ResourceProviderStub(channel)
    server.stop(grace=None)


def refused(call: Any, request: Any) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        call(request)
    return caught.value


def test_a_resource_is_known_by_its_own_type_and_its_whole_name() -> None:
    assert resource_of(URN) == Resource(urn=URN, type="random:index/thing:Thing", name="my::thing")


def test_the_engine_is_told_of_secrets_and_previews(engine: Any) -> None:
    answer = engine.Configure(provider_pb2.ConfigureRequest(acceptSecrets=True))
    assert (answer.acceptSecrets, answer.supportsPreview, answer.acceptResources, answer.acceptOutputs) == (
        True,
        True,
        False,
        False,
    )


def test_the_plugin_is_as_old_as_the_sdk(engine: Any) -> None:
    assert engine.GetPluginInfo(empty_pb2.Empty()).version == "4.21.4"


def test_check_gets_plain_values_and_keeps_the_secret_ones_secret(engine: Any, things: Things) -> None:
    news = marshal({"token": "hunter22", "size": 3}, {("token",)})
    answer = engine.Check(provider_pb2.CheckRequest(urn=URN, news=news, randomSeed=b"seed"))
    assert things.calls == [(resource_of(URN), None, {"token": "hunter22", "size": 3}, b"seed")]
    expected = Unsealed({"token": "hunter22", "size": 3, "name": "made-up"}, frozenset({("token",)}))
    assert unmarshal(answer.inputs) == expected
    assert list(answer.failures) == []


def test_a_failed_check_names_the_property_and_masks_secrets(engine: Any) -> None:
    news = marshal({"token": "hunter22", "do": "refuse"}, {("token",)})
    answer = engine.Check(provider_pb2.CheckRequest(urn=URN, news=news))
    assert [(failure.property, failure.reason) for failure in answer.failures] == [
        ("", "[secret] is not a size. Examine values at 'my::thing.size'.")
    ]


def test_a_created_resource_has_secret_outputs_where_its_inputs_were_and_where_they_always_are(
    engine: Any, things: Things
) -> None:
    inputs = marshal({"a": {"token": "x"}, "b": 1}, {("a", "token")})
    answer = engine.Create(provider_pb2.CreateRequest(urn=URN, properties=inputs, timeout=90))
    assert things.calls == [({"a": {"token": "x"}, "b": 1}, False, 90.0)]
    assert answer.id == "id-1"
    assert unmarshal(answer.properties) == Unsealed(
        {"a": {"token": "x"}, "b": 1, "result": "generated"}, frozenset({("a", "token"), ("result",)})
    )


def test_a_previewed_output_is_an_unknown_secret(engine: Any) -> None:
    answer = engine.Create(provider_pb2.CreateRequest(urn=URN, properties=marshal({}), preview=True))
    assert unmarshal(answer.properties) == Unsealed({"result": UNKNOWN}, frozenset({("result",)}))


def test_an_error_reaches_the_user_as_its_message_without_secrets(engine: Any) -> None:
    inputs = marshal({"do": "refuse", "token": "hunter22"}, {("token",)})
    error = refused(engine.Create, provider_pb2.CreateRequest(urn=URN, properties=inputs))
    assert (error.code(), error.details()) == (grpc.StatusCode.UNKNOWN, "the service does not like [secret]")


def test_a_bug_reaches_the_user_as_a_place_without_values(engine: Any, capfd: pytest.CaptureFixture[str]) -> None:
    inputs = marshal({"do": "bug", "token": "hunter22"})
    error = refused(engine.Create, provider_pb2.CreateRequest(urn=URN, properties=inputs))
    assert error.details().startswith("the stand-in for the random provider failed: KeyError in create, line ")
    assert error.details().endswith(" of testbed/tests/test_plugin_server.py")
    assert "hunter22" not in error.details() + capfd.readouterr().err


def test_a_half_made_resource_is_kept_with_its_id_outputs_and_reasons(engine: Any) -> None:
    inputs = marshal({"do": "half", "token": "hunter22"}, {("token",)})
    error = refused(engine.Create, provider_pb2.CreateRequest(urn=URN, properties=inputs))
    packed = dict(error.trailing_metadata())["grpc-status-details-bin"]
    status = status_pb2.Status.FromString(packed)
    detail = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(detail)
    assert status.code == grpc.StatusCode.UNKNOWN.value[0]
    assert (detail.id, list(detail.reasons)) == ("id-1", ["not ready", "bad [secret]"])
    assert unmarshal(detail.properties) == Unsealed(
        {"do": "half", "token": "hunter22", "state": "pending"}, frozenset({("token",)})
    )
    assert unmarshal(detail.inputs) == unmarshal(inputs)


def test_a_refreshed_resource_stays_secret_where_it_was(engine: Any) -> None:
    request = provider_pb2.ReadRequest(
        id="id-1",
        urn=URN,
        inputs=marshal({"token": "x"}, {("token",)}),
        properties=marshal({"token": "x", "derived": "xx"}, {("derived",)}),
    )
    answer = engine.Read(request)
    assert answer.id == "id-1"
    assert unmarshal(answer.inputs) == Unsealed({"token": "x"}, frozenset({("token",)}))
    assert unmarshal(answer.properties) == Unsealed(
        {"token": "x", "derived": "xx", "result": "live"}, frozenset({("token",), ("derived",), ("result",)})
    )


def test_an_import_comes_without_inputs_and_outputs(engine: Any, things: Things) -> None:
    answer = engine.Read(provider_pb2.ReadRequest(id="id-1", urn=URN))
    assert things.calls == [("id-1", None, None)]
    assert unmarshal(answer.inputs).values == {"size": 1}


def test_a_resource_that_is_gone_has_no_id(engine: Any) -> None:
    assert engine.Read(provider_pb2.ReadRequest(id="gone", urn=URN, properties=marshal({"a": 1}))).id == ""


def test_delete_gets_inputs_and_outputs(engine: Any, things: Things) -> None:
    request = provider_pb2.DeleteRequest(
        id="id-1", urn=URN, old_inputs=marshal({"a": 1}), properties=marshal({"a": 1, "b": 2}), timeout=5
    )
    engine.Delete(request)
    assert things.calls == [("id-1", {"a": 1}, {"a": 1, "b": 2}, 5.0)]


def test_a_function_call_is_answered_and_an_unknown_function_named(engine: Any) -> None:
    args = marshal({"token": "x"}, {("token",)})
    answer = engine.Invoke(provider_pb2.InvokeRequest(tok="random:index:echo", args=args))
    assert unmarshal(getattr(answer, "return")) == Unsealed({"token": "x"}, frozenset({("token",)}))
    error = refused(engine.Invoke, provider_pb2.InvokeRequest(tok="random:index:nothing"))
    assert error.details() == (
        "unknown function random:index:nothing; it has aws:lb/getHostedZoneId:getHostedZoneId, "
        "aws:route53/getZone:getZone"
    )


def test_cancelling_reaches_the_provider(engine: Any, things: Things) -> None:
    engine.Cancel(empty_pb2.Empty())
    assert things.cancelled


def test_what_a_stand_in_lacks_is_refused_as_not_implemented(engine: Any) -> None:
    error = refused(engine.GetSchema, provider_pb2.GetSchemaRequest())
    assert error.code() == grpc.StatusCode.UNIMPLEMENTED
    assert error.details() == "the schema of the package is not implemented by this stand-in"


def test_a_diff_tells_kinds_replacements_and_top_level_properties() -> None:
    result = DiffResult({"spec.a": "update", 'tags["x.y"]': "add", "b": "delete"}, ["spec.a", "id"], True)
    answer = diff_response(result)
    assert {path: (each.kind, each.inputDiff) for path, each in answer.detailedDiff.items()} == {
        "spec.a": (PROPERTY_DIFF.UPDATE_REPLACE, True),
        'tags["x.y"]': (PROPERTY_DIFF.ADD, True),
        "b": (PROPERTY_DIFF.DELETE, True),
        "id": (PROPERTY_DIFF.UPDATE_REPLACE, True),
    }
    assert answer.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert list(answer.replaces) == ["spec.a", "id"]
    assert sorted(answer.diffs) == ["b", "id", "spec", "tags"]
    assert answer.deleteBeforeReplace


def test_an_empty_diff_says_that_nothing_changes() -> None:
    answer = diff_response(DiffResult())
    assert (answer.changes, answer.hasDetailedDiff) == (provider_pb2.DiffResponse.DIFF_NONE, True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_plugin_prints_its_port_first_and_ends_quietly_when_told_to(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "testbed.plugins.aws", "127.0.0.1:1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as plugin:
        assert plugin.stdout is not None
        port = plugin.stdout.readline()
        plugin.send_signal(number)
        rest, errors = plugin.communicate(timeout=20)
    assert port.strip().isdecimal()
    assert (plugin.returncode, rest, errors) == (0, "", "")
