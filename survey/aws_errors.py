"""Why a call of AWS failed, in a sentence that says what to do."""

from __future__ import annotations

import re
import shlex
from typing import Final

THROTTLED: Final = {
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
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
        advice: what to do about it, where that is known.
    """

    def __init__(self, reason: str, *, code: str = "", setting: str = "aws:profile", advice: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.setting = setting
        self.advice = advice

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


def failure(error: Exception, profile: str | None) -> AwsError:
    """What is wrong where botocore itself gives up."""
    from botocore import exceptions

    if isinstance(error, exceptions.ProfileNotFound):
        if profile:
            return AwsError("there is no such profile in the AWS configuration")
        name = error.kwargs["profile"]
        return AwsError(f"the profile {name}, which AWS_PROFILE names, is not in the AWS configuration")
    if isinstance(error, exceptions.NoCredentialsError):
        return AwsError(f"there are no credentials in {'it' if profile else 'the environment'}")
    if isinstance(error, (exceptions.SSOError, exceptions.TokenRetrievalError)):
        command = "aws sso login" + of_profile(profile)
        reason = f"the session of AWS IAM Identity Center has ended ({first_line(error)})"
        return AwsError(reason, advice=f"sign in: `{command}`")
    if isinstance(error, (exceptions.NoRegionError, exceptions.InvalidRegionError)):
        return AwsError(first_line(error), setting="aws:region")
    if isinstance(error, (exceptions.HTTPClientError, exceptions.ConnectionError)):
        if "Invalid header value" in str(error):
            # Not the text: it shows the header, with what the request was signed with.
            return AwsError("the credentials have a line break, or another character that they cannot have")
        host = error.kwargs.get("endpoint_url") or "AWS"
        return AwsError(f"{host} does not answer ({_cause(error)})", setting="aws:region")
    if isinstance(error, exceptions.ParamValidationError):
        return AwsError(f"AWS takes no such call: {first_line(error.kwargs['report'])}")
    if isinstance(error, (exceptions.PaginationError, exceptions.EndpointProviderError)):
        return AwsError(first_line(error), setting="aws:region")
    return AwsError(f"the credentials cannot be used: {first_line(error)}")


def no_credentials(error: Exception) -> AwsError:
    """What is wrong where the way to the credentials fails: their file, their command, or what it prints."""
    if isinstance(error, OSError):
        what = f"{error.filename} cannot be used" if error.filename else "they cannot be read"
        return AwsError(f"where the credentials are, {what}: {error.strerror or first_line(error)}")
    if str(error).startswith("Invalid endpoint"):
        advice = "write a URL, for example http://localhost:4566 (AWS_ENDPOINT_URL, or endpoint_url in the profile)"
        return AwsError(f"an address of AWS is not a URL ({first_line(error)})", setting="aws:endpoints", advice=advice)
    return AwsError(f"the credentials cannot be read: {first_line(error)}")


def of_profile(profile: str | None) -> str:
    """The option of the AWS CLI for a profile."""
    return f" --profile {shlex.quote(profile)}" if profile else ""


_REST_OF_NESTING: Final = re.compile(r"[\"']\)*\Z")


def _cause(error: Exception) -> str:
    if "Timeout" in type(error).__name__:
        return "timed out"
    # urllib3 says which connection first: <…>: Failed to establish a new connection: [Errno 111] Connection refused
    reason = getattr(error, "kwargs", {}).get("error") or error
    return _REST_OF_NESTING.sub("", first_line(reason).rpartition(": ")[2].rpartition("] ")[2])


def first_line(text: object) -> str:
    """The first line of an error; the name of its type where it has none."""
    return str(text).strip().splitlines()[0] if str(text).strip() else type(text).__name__
