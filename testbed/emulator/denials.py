"""Calls that an identity may not make, as its policy would have it: for tests of what is done without a right.

``PUT /_testbed/denials`` with ``{"limited": ["DescribeListeners"]}`` denies whoever signs with the access key
``limited`` that call, and forgets what was denied before. Only calls with their name in a form are known (ELB, EC2,
STS).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

DENIALS: Final = "/_testbed/denials"
_SIGNED: Final = re.compile(r"Credential=(?P<key>[^/]+)/\d{8}/[\w-]+/(?P<service>[\w-]+)/")


class Denials:
    """What is denied to whom, by access key."""

    def __init__(self) -> None:
        self._operations: Mapping[str, Collection[str]] = {}

    def set(self, operations: Mapping[str, Collection[str]]) -> None:
        """Denies these, and nothing else."""
        self._operations = operations

    def refusal(self, environ: Mapping[str, Any], operation: str | None) -> str | None:
        """AWS' answer to a call that is denied; None for all others."""
        signed = _SIGNED.search(str(environ.get("HTTP_AUTHORIZATION", "")))
        if signed is None or operation not in self._operations.get(signed["key"], ()):
            return None
        action = f"{signed['service']}:{operation}"
        message = (
            f"User: arn:aws:iam::123456789012:user/{signed['key']} is not authorized to perform: {action} because no "
            f"identity-based policy allows the {action} action"
        )
        return (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>{message}</Message></Error>"
            "<RequestId>0</RequestId></ErrorResponse>"
        )
