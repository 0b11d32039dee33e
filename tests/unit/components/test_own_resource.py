"""An error of our own resources reaches the engine in its own words."""

from __future__ import annotations

import subprocess
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from pulumi.dynamic import Config, ConfigureRequest, CreateResult
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from components import own_resource
from components.own_resource import OwnProvider
from survey.aws_access import AwsAccess
from testbed import paths


class Failing(OwnProvider):
    """Fails as it is told to."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Fails."""
        raise ValueError(props["why"])


class Server(provider_pb2_grpc.ResourceProviderServicer):
    """Calls a provider as Pulumi's server of dynamic providers does."""

    def __init__(self, why: str) -> None:
        self._why = why

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802 (gRPC's name)
        return Failing().create({"why": self._why})


class EndsWithATraceback(Server):
    """Ends the call with a traceback, as Pulumi's server does from 3.272 on."""

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802 (gRPC's name)
        try:
            return self._create(context)
        except Exception:
            context.abort(grpc.StatusCode.UNKNOWN, traceback.format_exc())

    def _create(self, context: Any) -> Any:
        return super().Create(None, context)


@pytest.mark.parametrize("kind", [Server, EndsWithATraceback])
@pytest.mark.parametrize(
    ("why", "shown"), [("nothing was changed: é", "nothing was changed: é"), ("", "ValueError"), ("a\nb", "a\nb")]
)
def test_an_error_is_shown_as_it_was_written(why: str, shown: str, kind: type[Server]) -> None:
    server = grpc.server(ThreadPoolExecutor(1))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(kind(why), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel, pytest.raises(grpc.RpcError) as caught:
            provider_pb2_grpc.ResourceProviderStub(channel).Create(provider_pb2.CreateRequest())
    finally:
        server.stop(None)
    assert caught.value.details() == shown
    assert caught.value.code() == grpc.StatusCode.UNKNOWN


def test_called_from_anywhere_else_the_error_is_just_raised() -> None:
    with pytest.raises(ValueError, match=r"^why$"):
        Failing().create({"why": "why"})


def sts() -> Any:
    """A client of an account that a resource is in."""
    return own_resource.aws_account(profile="", region="us-east-1")._client("sts")


def test_our_own_resources_have_the_identity_that_the_stack_gives_the_aws_provider(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "AKIAENVIRONMENT")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setattr(own_resource._Process, "access", AwsAccess())
    assert sts()._get_credentials().access_key == "AKIAENVIRONMENT"
    raw = {"aws:accessKey": "AKIASTACK", "aws:secretKey": "s", "aws:endpoints": '[{"sts": "https://sts.test"}]'}
    Failing().configure(ConfigureRequest(config=Config(raw_config=raw, project_name="seqera-studios")))
    assert sts()._get_credentials().access_key == "AKIASTACK"
    assert sts().meta.endpoint_url == "https://sts.test"


def test_the_process_of_the_providers_loads_no_declaration_of_settings() -> None:
    # Each command of Pulumi's starts it, and the declarations are a third of what it would load.
    program = (
        "import components.platform_edits, components.platform_as_found, components.rsa_key, sys; "
        "print([name for name in ('settings.model', 'pydantic') if name in sys.modules])"
    )
    command = [sys.executable, "-c", program]
    printed = subprocess.run(command, cwd=paths.CHECKOUT, check=True, capture_output=True, text=True).stdout
    assert printed.strip() == "[]"
