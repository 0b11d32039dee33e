"""AWS errors in the words of the official provider, which are those of AWS' SDK for Go."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from testbed.plugins.provider import ProviderError


def code_of(error: ClientError) -> str:
    """AWS' name for the error, such as ``ResourceInUseException``."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def passing_over(codes: Collection[str]) -> Iterator[None]:
    """Ends the block where AWS answers with one of the error ``codes``."""
    try:
        yield
    except ClientError as error:
        if code_of(error) not in codes:
            raise


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Turns what AWS, or the way to it, refuses into one line that starts with ``what``.

    ``what`` is such as ``creating ACM Certificate (example.com)``.
    """
    try:
        yield
    except ClientError as error:
        raise ProviderError(f"{what}: {describe(error)}") from error
    except BotoCoreError as error:
        raise ProviderError(f"{what}: {' '.join(str(error).split())}") from error


def describe(error: ClientError) -> str:
    """``operation error ACM: RequestCertificate, https response error StatusCode: 400, …``."""
    metadata = error.response.get("ResponseMetadata", {})
    detail = error.response.get("Error", {})
    api = "" if metadata.get("Modelled") else "api error "
    message = " ".join(str(detail.get("Message", "")).split())
    return (
        f"operation error {metadata.get('ServiceId', 'AWS')}: {error.operation_name}, "
        f"https response error StatusCode: {metadata.get('HTTPStatusCode', 0)}, "
        f"RequestID: {metadata.get('RequestId', '')}, {api}{code_of(error)}: {message}"
    )


def note_service(parsed: dict[str, Any], model: Any, **kwargs: Any) -> None:
    """An ``after-call`` handler of botocore: keeps for :func:`describe` what a ClientError does not know."""
    code = parsed.get("Error", {}).get("Code")
    metadata = parsed.setdefault("ResponseMetadata", {})
    metadata["ServiceId"] = model.service_model.service_id
    metadata["Modelled"] = any(code in (shape.name, shape.error_code) for shape in model.error_shapes)
