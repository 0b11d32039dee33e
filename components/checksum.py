"""Pod-template checksums: a pod restarts when, and only when, something that it reads has changed."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping

import pulumi


def keyed_checksum(key: str, values: Mapping[str, str]) -> str:
    """Returns the HMAC-SHA256 of ``values`` under ``key``, in hex; the order of ``values`` doesn't matter."""
    message = json.dumps(dict(values), sort_keys=True).encode()
    return hmac.new(key.encode(), message, hashlib.sha256).hexdigest()


def pod_checksum(key: pulumi.Input[str], values: Mapping[str, pulumi.Input[str]]) -> pulumi.Output[str]:
    """Returns the checksum of all that a pod reads, fit for an annotation.

    Args:
        key: a high-entropy secret, so that a low-entropy value can't be found (a Redis password) by trial.
        values: what the pod reads, secret or not, by a name of its own.
    """

    def checksum_of(resolved: list[object]) -> str:
        resolved_key, resolved_values = resolved
        assert isinstance(resolved_key, str)  # noqa: S101 (narrows Output.all's untyped list)
        assert isinstance(resolved_values, dict)  # noqa: S101
        return keyed_checksum(resolved_key, resolved_values)

    # An HMAC under a random key tells nothing about what went in; left secret, it would hide the whole pod template.
    return pulumi.Output.unsecret(pulumi.Output.all(key, dict(values)).apply(checksum_of))
