"""What a run says that the engine has given up."""

from __future__ import annotations

import grpc
import pulumi
import pytest
from pulumi.runtime import settings as engine

from components.error_hooks import end_in_plain_words


class Answered:
    """An answer of the engine to a registration."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        self._code, self._details = code, details

    def code(self) -> grpc.StatusCode:
        """Of gRPC."""
        return self._code

    def details(self) -> str:
        """In words."""
        return self._details


@pytest.fixture(autouse=True)
def plain_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "grpc_error_to_exception", engine.grpc_error_to_exception)
    end_in_plain_words()


@pytest.mark.parametrize("code", [grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE])
def test_a_registration_that_the_engine_gives_up_ends_the_run_without_a_traceback(code: grpc.StatusCode) -> None:
    with pytest.raises(pulumi.RunError, match=r"^Resource monitor has terminated, shutting down$"):
        engine.handle_grpc_error(Answered(code, "context canceled"))


def test_a_fault_of_the_program_stays_one() -> None:
    with pytest.raises(Exception, match=r"^invalid parent URN$") as raised:
        engine.handle_grpc_error(Answered(grpc.StatusCode.INVALID_ARGUMENT, "invalid parent URN"))
    assert not isinstance(raised.value, pulumi.RunError)


def test_a_second_component_of_a_program_changes_nothing_more() -> None:
    once = engine.grpc_error_to_exception
    end_in_plain_words()
    assert engine.grpc_error_to_exception is once
