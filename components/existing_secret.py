"""Values in Secrets that somebody else keeps."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import core


@dataclass(frozen=True, kw_only=True)
class ExistingValue:
    """One key of a Secret that exists already."""

    namespace: str
    secret: str
    key: str


def read_value(name: str, source: ExistingValue, parent: pulumi.Resource) -> pulumi.Output[str]:
    """Returns the value, as it is at this run: what its keeper has changed since the last is seen.

    Args:
        name: of the resource that is read.
        source: where the value is.
        parent: whose child it is, and whose provider reads it.
    """

    def decoded(data: Mapping[str, str]) -> str:
        return base64.b64decode(data[source.key]).decode()

    secret = core.v1.Secret.get(name, f"{source.namespace}/{source.secret}", opts=pulumi.ResourceOptions(parent=parent))
    return pulumi.Output.secret(secret.data.apply(decoded))
