"""How what goes wrong in a provider reaches the user: as one message of the engine's, never as a traceback."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import grpc
from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2, status_pb2

from testbed.plugins.properties import Unsealed, unmarshal
from testbed.plugins.provider import PartialFailure, ProviderError

_CHECKOUT: Final = Path(__file__).resolve().parents[2]
_SERVER: Final = Path(__file__).resolve().with_name("server.py")


class HalfMade(Exception):  # noqa: N818 - it carries an answer
    """A :class:`PartialFailure` with its properties ready for the wire."""

    def __init__(self, failure: PartialFailure, properties: struct_pb2.Struct, inputs: struct_pb2.Struct) -> None:
        super().__init__(str(failure))
        self.failure = failure
        self.properties = properties
        self.inputs = inputs


class Call:
    """One call of the engine's: knows the secrets that came with it, and keeps them out of what is said about it."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()

    def unseal(self, struct: struct_pb2.Struct) -> Unsealed:
        """The values of a property bag of the request; see :func:`~testbed.plugins.properties.unmarshal`."""
        unsealed = unmarshal(struct)
        self._secrets.update(unsealed.secret_texts())
        return unsealed

    def scrub(self, text: str) -> str:
        """``text`` with every secret in it masked: an API's message may well quote what it was sent."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "[secret]")
        return text


@contextmanager
def answering(context: grpc.ServicerContext, package: str) -> Iterator[Call]:
    """Turns what the block raises into the status of the call."""
    call = Call()
    try:
        yield call
    except HalfMade as error:
        _abort_half_made(context, call, error)
    except ProviderError as error:
        context.abort(grpc.StatusCode.UNKNOWN, call.scrub(str(error)))
    except Exception as error:
        context.abort(grpc.StatusCode.UNKNOWN, _describe(error, package))


def refusing(what: str) -> Any:
    """A method of a servicer that says politely that ``what`` isn't there; the engine has another way, or tells the
    user."""

    def refuse(servicer: Any, request: Any, context: grpc.ServicerContext) -> None:
        context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{what} is not implemented by this stand-in")

    return refuse


def _abort_half_made(context: grpc.ServicerContext, call: Call, error: HalfMade) -> None:
    message = call.scrub(str(error))
    detail = provider_pb2.ErrorResourceInitFailed(
        id=error.failure.id,
        properties=error.properties,
        reasons=[call.scrub(reason) for reason in error.failure.reasons],
        inputs=error.inputs,
    )
    code = grpc.StatusCode.UNKNOWN
    status = status_pb2.Status(code=code.value[0], message=message)
    status.details.add().Pack(detail)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, message)


def _describe(error: Exception, package: str) -> str:
    # Neither the exception's own text nor its arguments: they may hold property values, secret ones too. Source lines
    # can't.
    frames = traceback.extract_tb(error.__traceback__)
    sys.stderr.write("".join(traceback.format_list(frames)))
    providers = [frame for frame in frames if _CHECKOUT in Path(frame.filename).parents]
    where = next((frame for frame in reversed(providers) if frame.filename != str(_SERVER)), frames[-1])
    file = Path(where.filename)
    file = file.relative_to(_CHECKOUT) if _CHECKOUT in file.parents else file
    return (
        f"the stand-in for the {package} provider failed: {type(error).__name__} in {where.name}, "
        f"line {where.lineno} of {file}"
    )
