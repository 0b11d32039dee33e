"""Why a call of AWS failed, in a sentence that says what to do."""

from __future__ import annotations

from typing import Final

THROTTLED: Final = {
    "LimitExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
_DENIED: Final = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"}
_UNKNOWN_CREDENTIALS: Final = {
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}


class AwsError(Exception):
    """Why a call failed; the text continues "cannot be looked up: ".

    Args:
        reason: the text.
        code: AWS' own, such as ``NoSuchHostedZone``; empty where AWS gave none.
        setting: the provider's setting to look at, such as ``aws:region``.
    """

    def __init__(self, reason: str, *, code: str = "", setting: str = "aws:profile") -> None:
        super().__init__(reason)
        self.code = code
        self.setting = setting

    @property
    def is_denied(self) -> bool:
        """Whether these credentials may not make the call."""
        return self.code in _DENIED


def refusal(action: str, code: str, message: str) -> str:
    """Why AWS refuses a call, by the code that it gives."""
    if code in THROTTLED:
        return f"AWS throttles {action}; run the command again"
    if code in _DENIED:
        return f"these credentials may not call {action}; allow it (docs/rights.md lists what a deployment needs)"
    if code in _UNKNOWN_CREDENTIALS:
        return f"AWS does not accept the credentials ({code}); renew them"
    return f"AWS answers {code or 'an error'} to {action}{f': {first_line(message)}' if message else ''}"


def failure(error: Exception, profile: str | None) -> tuple[str, str]:
    """The setting to look at, and what is wrong."""
    from botocore import exceptions

    no_answer = (exceptions.HTTPClientError, exceptions.ConnectionError)
    if isinstance(error, exceptions.ProfileNotFound):
        if profile:
            return "aws:profile", "there is no such profile in the AWS configuration"
        name = error.kwargs["profile"]
        return "aws:profile", f"the profile {name}, which AWS_PROFILE names, is not in the AWS configuration"
    if isinstance(error, exceptions.NoCredentialsError):
        return "aws:profile", f"there are no credentials in {'it' if profile else 'the environment'}"
    if isinstance(error, (exceptions.NoRegionError, exceptions.InvalidRegionError)):
        return "aws:region", first_line(error)
    if isinstance(error, no_answer):
        host = error.kwargs.get("endpoint_url") or "AWS"
        return "aws:region", f"{host} does not answer ({_cause(error)})"
    if isinstance(error, exceptions.ParamValidationError):
        return "aws:profile", f"AWS takes no such call: {first_line(error.kwargs['report'])}"
    return "aws:profile", f"the credentials cannot be used: {first_line(error)}"


def _cause(error: Exception) -> str:
    if "Timeout" in type(error).__name__:
        return "timed out"
    # urllib3 says which connection first: <…>: Failed to establish a new connection: [Errno 111] Connection refused
    reason = getattr(error, "kwargs", {}).get("error") or error
    return first_line(reason).rpartition(": ")[2].rpartition("] ")[2]


def first_line(text: object) -> str:
    """The first line of an error; the name of its type where it has none."""
    return str(text).strip().splitlines()[0] if str(text).strip() else type(text).__name__
