"""A guard before the RSA key: a key that is in use is replaced only by who asks for it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, UpdateResult

from components.own_resource import OwnProvider, OwnResource
from settings.errors import Problem, SettingsError
from settings.remedies import Write


class RsaKeyGuard(OwnResource, module="studios", name="RsaKeyGuard"):
    """The size of the RSA key; it can't change by itself, as every size makes another key and ends every session.

    ``protect`` won't do: it refuses a wanted rotation and a destroy, too.

    Args:
        name: the resource's name.
        bits: the key's size.
        rotation: what was asked for; with another text another size is accepted.
        opts: the resource's options.
    """

    bits: pulumi.Output[int]
    """The size, once it is accepted."""

    def __init__(self, name: str, bits: int, rotation: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(RsaKeyGuardProvider(), name, {"bits": bits, "rotation": rotation}, opts)


class RsaKeyGuardProvider(OwnProvider):
    """Compares what is wanted with what the state has; it touches nothing."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Remembers the first size."""
        return CreateResult("rsa-key", props)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Accepts another size only together with another rotation.

        Raises:
            SettingsError: only the size has changed.
        """
        rotated = _olds["rotation"] != _news["rotation"]
        if _olds["bits"] != _news["bits"] and not rotated:
            new_key = Write("rsaRotation", date.today().isoformat())
            problem = (
                f"{_news['bits']:.0f} would replace the RSA key in use, which has {_olds['bits']:.0f} bits, and end "
                f"every session; write {_olds['bits']:.0f}, or ask for a new key: {new_key}"
            )
            raise SettingsError([Problem("rsaBits", None, problem)])
        return DiffResult(changes=rotated)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Remembers the new size and rotation."""
        return UpdateResult(_news)
