"""How what goes wrong in a provider reaches the user: as one message of the engine's, never as a traceback."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import grpc
from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2, status_pb2

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


@contextmanager
def answering(context: grpc.ServicerContext, package: str) -> Iterator[None]:
    """Turns what the block raises into the status of the call."""
    try:
        yield
    except HalfMade as error:
        _abort_half_made(context, error)
    except ProviderError as error:
        context.abort(grpc.StatusCode.UNKNOWN, str(error))
    except Exception as error:
        context.abort(grpc.StatusCode.UNKNOWN, _describe(error, package))


def refuse(context: grpc.ServicerContext, what: str) -> None:
    """Says politely that ``what`` isn't there; the engine has another way, or tells the user."""
    context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{what} is not implemented by this stand-in")


def _abort_half_made(context: grpc.ServicerContext, error: HalfMade) -> None:
    detail = provider_pb2.ErrorResourceInitFailed(
        id=error.failure.id, properties=error.properties, reasons=error.failure.reasons, inputs=error.inputs
    )
    code = grpc.StatusCode.UNKNOWN
    status = status_pb2.Status(code=code.value[0], message=str(error))
    status.details.add().Pack(detail)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, str(error))


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
